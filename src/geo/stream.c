/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each family has a sorter. Its records are prefixes in the order of the rules: address, length, the newest first, the
 * smaller value first; then the row's number and id, for warnings. So of the records with one address and length the
 * first decides, and those that follow with another value are conflicts (stream_conflict.h).
 *
 * The sweep keeps the prefixes around the address it is at on a stack; the top one decides. What it says in one piece,
 * without regard to the prefixes it came from, goes to the nodes (stream_nodes.h); places that belong to IPv4 are put
 * in where the sweep of IPv6 passes them.
 */
#include "geo/stream.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "geo/extsort.h"
#include "geo/policy.h"
#include "geo/stream_conflict.h"
#include "geo/stream_nodes.h"

/* A record: the address (4 or 16 bytes), then these. Numbers are big-endian, so that bytes compare as they do. */
enum {
	AT_LEN,
	AT_CREATED = 1, /* all ones less the time, so that the newest is first */
	AT_VALUE = AT_CREATED + 8,
	AT_ROW = AT_VALUE + 4,
	AT_ID = AT_ROW + 8,
	TAIL = AT_ID + 8,
};

struct family_sort {
	struct extsort *sorter;
	size_t address_len;
	unsigned top; /* bits above the family's addresses, 96 or 0 */
};

struct origin {
	uint64_t first_row;
	uint32_t file;
	bool by_line;
};

struct geo_stream_state {
	char *folder;
	struct family_sort v4, v6;
	VEC(struct origin) origin;
	struct stream_conflicts conflicts;
	struct nodes nodes;
	struct geo_policy policy;
	uint32_t file, max_value;
	uint64_t pairs; /* that disagree */
};

static int fail(const struct geo_stream *s, int r) {
	if (r < 0)
		diag_error(s->sink.diags, "geo-temporary", (struct loc){ 0 },
			   r == -ENOSPC ? "make room there, or name a folder with more: --temp-folder" : NULL,
			   "cannot sort in %s: %s", s->state->folder, strerror(-r));
	return r;
}

static int stream_begin(struct geo_sink *sink, uint32_t file) {
	struct geo_stream *s = (struct geo_stream *)sink;
	struct geo_stream_state *state = s->state;

	if (state->file)
		geo_policy_finish(&state->policy, state->file, sink->diags);
	state->file = file;
	return 0;
}

static void put64(uint8_t *to, uint64_t n) {
	n = htobe64(n);
	memcpy(to, &n, sizeof(n));
}

static uint64_t get64(const uint8_t *from) {
	uint64_t n;

	memcpy(&n, from, sizeof(n));
	return be64toh(n);
}

static void put32(uint8_t *to, uint32_t n) {
	n = htobe32(n);
	memcpy(to, &n, sizeof(n));
}

static uint32_t get32(const uint8_t *from) {
	uint32_t n;

	memcpy(&n, from, sizeof(n));
	return be32toh(n);
}

struct cut {
	struct geo_stream *s;
	const struct family_sort *family;
	uint8_t record[16 + TAIL]; /* everything but address and length */
};

static int add_prefix(struct prefix p, void *user) {
	struct cut *c = user;
	uint8_t *to = c->record;

	if (c->family->address_len == 4) {
		put32(to, (uint32_t)p.ip.lo);
	} else {
		put64(to, p.ip.hi);
		put64(to + 8, p.ip.lo);
	}
	to[c->family->address_len + AT_LEN] = p.len;
	c->s->prefixes++;
	return extsort_add(c->family->sorter, to);
}

/* The rows from this one on are of another source, or their ids mean something else. */
static void note_origin(struct geo_stream *s, const struct geo_row *row) {
	struct geo_stream_state *state = s->state;
	const struct origin *last = state->origin.n ? &state->origin.v[state->origin.n - 1] : NULL;

	if (!last || last->file != state->file || last->by_line != row->id_is_line)
		vec_push(&state->origin, (struct origin){ s->rows, state->file, row->id_is_line });
}

static int stream_add(struct geo_sink *sink, const struct geo_row *given) {
	struct geo_stream *s = (struct geo_stream *)sink;
	struct geo_stream_state *state = s->state;
	struct geo_row row = *given;
	struct cut c = { .s = s };
	uint8_t *tail;

	if (!geo_range_trim(&row.range))
		return -EINVAL;
	c.family = ip_is_v4(row.range.first) ? &state->v4 : &state->v6;
	tail = c.record + c.family->address_len;
	if (!geo_policy_take(&state->policy, &row, state->file, sink->diags))
		return 0;
	note_origin(s, &row);
	put64(tail + AT_CREATED, UINT64_MAX - ((uint64_t)row.created ^ UINT64_C(1) << 63));
	put32(tail + AT_VALUE, row.value);
	put64(tail + AT_ROW, s->rows++);
	put64(tail + AT_ID, row.id);
	state->max_value = MAX(state->max_value, row.value);
	return fail(s, range_each_prefix(row.range, add_prefix, &c));
}

int geo_stream_init(struct geo_stream *s, const char *folder, size_t memory, struct diags *diags) {
	struct geo_stream_state *state = calloc(1, sizeof(*state));
	int r;

	*s = (struct geo_stream){ .sink = { stream_begin, stream_add, diags }, .state = state };
	if (!state)
		return -ENOMEM;
	geo_policy_init(&state->policy);
	state->nodes.fd = -1;
	state->v4 = (struct family_sort){ .address_len = 4, .top = 96 };
	state->v6 = (struct family_sort){ .address_len = 16, .top = 0 };
	state->folder = strdup(folder);
	r = state->folder ? extsort_new(folder, 4 + TAIL, memory / 2, &state->v4.sorter) : -ENOMEM;
	if (r == 0)
		r = extsort_new(folder, 16 + TAIL, memory / 2, &state->v6.sorter);
	if (r < 0)
		geo_stream_done(s);
	return r;
}

void geo_stream_done(struct geo_stream *s) {
	struct geo_stream_state *state = s->state;

	if (!state)
		return;
	extsort_free(state->v4.sorter);
	extsort_free(state->v6.sorter);
	stream_conflicts_done(&state->conflicts);
	nodes_close(&state->nodes);
	geo_policy_done(&state->policy);
	vec_done(&state->origin);
	free(state->folder);
	free(state);
	s->state = NULL;
}

/* A place of the IPv6 space that is IPv4's, or nobody's. */
struct place {
	wide first, last;
	uint32_t record;
};

static struct place place_of(wide first, unsigned len, uint32_t record) {
	return (struct place){ first, first | wide_ones(128 - len), record };
}

struct sweep {
	struct geo_stream *s;
	struct nodes *nodes;
	const struct family_sort *family;
	const struct place *place; /* the next one */
	size_t places;             /* how many are left */
	wide next, end;            /* the first address without an answer; the family's last one */
	bool full;                 /* there is none without */
	uint32_t held;             /* what the addresses before `next` say that are not in the nodes yet */
	bool holds;
	struct {
		wide last;
		uint32_t record;
	} open[130];
	unsigned depth;
};

/* Gives what is held to the nodes, but for the places in between. */
static void release(struct sweep *sw) {
	wide last = sw->full ? sw->end : sw->next - 1;

	for (; sw->places && sw->place->first <= last; sw->place++, sw->places--) {
		if (sw->nodes->next < sw->place->first)
			nodes_add(sw->nodes, sw->place->first - 1, sw->held);
		nodes_add(sw->nodes, sw->place->last, sw->place->record);
	}
	if (sw->nodes->next <= last)
		nodes_add(sw->nodes, last, sw->held);
	sw->holds = false;
}

/* Answers all from sw->next to `last`. */
static void answer(struct sweep *sw, wide last, uint32_t record) {
	if (sw->full || last < sw->next)
		return;
	if (sw->holds && sw->held != record)
		release(sw);
	sw->holds = true;
	sw->held = record;
	sw->full = last == sw->end;
	sw->next = last + 1;
}

/* Answers all before `first`, and closes what ends there. */
static void advance(struct sweep *sw, wide first) {
	for (; sw->depth && sw->open[sw->depth - 1].last < first; sw->depth--)
		answer(sw, sw->open[sw->depth - 1].last, sw->open[sw->depth - 1].record);
	if (first)
		answer(sw, first - 1, sw->depth ? sw->open[sw->depth - 1].record : NODES_EMPTY);
}

static wide address_of(const struct family_sort *f, const uint8_t *record) {
	return f->address_len == 4 ? get32(record) : (wide)get64(record) << 64 | get64(record + 8);
}

static struct stream_conflict_row row_of(const uint8_t *tail) {
	return (struct stream_conflict_row){ get64(tail + AT_ROW), get64(tail + AT_ID), get32(tail + AT_VALUE) };
}

/* A record of the same prefix as the one before, which decides: do they disagree? */
static int compare_rows(struct sweep *sw, const uint8_t *winner, const uint8_t *loser) {
	struct geo_stream_state *state = sw->s->state;
	size_t address = sw->family->address_len;
	wide at = address_of(sw->family, winner);
	struct stream_conflict what = { .winner = row_of(winner + address), .loser = row_of(loser + address) };

	if (what.winner.value == what.loser.value ||
	    memcmp(winner + address + AT_CREATED, loser + address + AT_CREATED, AT_VALUE - AT_CREATED) != 0)
		return 0;
	what.prefix.ip = address == 4 ? ip_from_v4((uint32_t)at) : wide_ip(at);
	what.prefix.len = winner[address + AT_LEN];
	return stream_conflicts_add(&state->conflicts, state->folder, &what);
}

static int sweep_records(struct sweep *sw) {
	struct extsort *sorter = sw->family->sorter;
	size_t key_len = sw->family->address_len + AT_CREATED;
	uint8_t before[16 + TAIL];
	const uint8_t *record;
	bool first = true;
	int r = extsort_finish(sorter);

	while (r >= 0 && (r = extsort_next(sorter, &record)) > 0) {
		wide at = address_of(sw->family, record);
		unsigned len = record[sw->family->address_len + AT_LEN];

		if (!first && memcmp(before, record, key_len) == 0) {
			r = compare_rows(sw, before, record);
			continue;
		}
		first = false;
		memcpy(before, record, sw->family->address_len + TAIL);
		advance(sw, at);
		sw->open[sw->depth].last = at | wide_ones(128 - len);
		sw->open[sw->depth++].record = nodes_leaf(get32(record + sw->family->address_len + AT_VALUE));
	}
	return r;
}

/* The tree of one family, with these places put in: its record. */
static int sweep_family(struct geo_stream *s, struct nodes *n, const struct family_sort *f, const struct place *place,
			size_t places, uint32_t *ret_root) {
	struct sweep sw = { .s = s, .nodes = n, .family = f, .place = place, .places = places };
	int r;

	sw.end = wide_ones(128 - f->top);
	nodes_begin(n, f->top, 0);
	r = sweep_records(&sw);
	if (r < 0)
		return r;
	advance(&sw, sw.end);
	answer(&sw, sw.end, sw.depth ? sw.open[sw.depth - 1].record : NODES_EMPTY);
	release(&sw);
	*ret_root = nodes_end(n);
	return n->error;
}

/* Where IPv4 is found in a file, in the order of the addresses. */
static int sweep_both(struct geo_stream *s, unsigned aliases) {
	struct geo_stream_state *state = s->state;
	struct nodes *n = &state->nodes;
	uint32_t v4, root;
	struct place places[4];
	size_t count = 0;
	int r = sweep_family(s, n, &state->v4, NULL, 0, &v4);

	if (r < 0)
		return r;
	extsort_release(state->v4.sorter);
	places[count++] = (struct place){ 0, wide_ones(32), v4 };
	places[count++] = (struct place){ WIDE_V4_FIRST, WIDE_V4_LAST, aliases & GEO_ALIAS_MAPPED ? v4 : NODES_EMPTY };
	if (aliases & GEO_ALIAS_TEREDO)
		places[count++] = place_of((wide)0x20010000 << 96, 32, v4);
	if (aliases & GEO_ALIAS_6TO4)
		places[count++] = place_of((wide)0x2002 << 112, 16, v4);
	r = sweep_family(s, n, &state->v6, places, count, &root);
	return r < 0 ? r : nodes_finish(n, root);
}

/* The row's source, and what its id is. */
static struct conflict_side side_of(const struct geo_stream_state *state, const struct stream_conflict_row *row) {
	const struct origin *o = state->origin.v;
	size_t n = state->origin.n;

	while (n > 1 && o[1].first_row <= row->row) {
		o++;
		n--;
	}
	return (struct conflict_side){ { .file = o->file, .id = row->id, .id_is_line = o->by_line }, row->value };
}

static void tell(const struct stream_conflict *what, uint64_t i, void *user) {
	struct geo_stream *s = user;
	struct conflict_side loser = side_of(s->state, &what->loser), winner = side_of(s->state, &what->winner);

	s->state->pairs = i + 1;
	if (i < GEO_POLICY_SHOWN)
		conflict_tell(s->sink.diags, what->prefix, &loser, &winner);
}

static int tell_conflicts(struct geo_stream *s) {
	struct geo_stream_state *state = s->state;
	int r = stream_conflicts_each(&state->conflicts, tell, s);

	if (r == 0 && state->pairs > GEO_POLICY_SHOWN)
		conflict_tell_more(s->sink.diags, state->file, state->pairs - GEO_POLICY_SHOWN);
	return r;
}

int geo_stream_compile(struct geo_stream *s, unsigned aliases, bool *ret_used, uint32_t values) {
	struct geo_stream_state *state = s->state;
	struct nodes *n = &state->nodes;
	int r;

	geo_policy_finish(&state->policy, state->file, s->sink.diags);
	r = nodes_open(n, state->folder, state->max_value);
	if (r == 0)
		r = sweep_both(s, aliases);
	if (r == 0)
		r = tell_conflicts(s);
	if (r < 0)
		return r == -E2BIG ? r : fail(s, r);
	for (uint32_t v = 0; v < values; v++)
		ret_used[v] = v <= n->max_value && n->used[v];
	return 0;
}

int geo_stream_write(struct geo_stream *s, int fd, const uint32_t *value_offset, const struct mmdb_data *data,
		     const struct mmdb_meta *meta, struct mmdb_stats *ret_stats, uint64_t *ret_networks) {
	static const uint8_t separator[16];
	struct nodes *n = &s->state->nodes;
	unsigned bits = nodes_record_bits(n, value_offset);
	struct str section = mmdb_data_section(data);
	_cleanup_(freep) char *meta_bytes = NULL;
	size_t meta_len;
	int r;

	if (!bits)
		return -E2BIG;
	if (meta->record_bits && meta->record_bits < bits)
		return -ERANGE;
	bits = meta->record_bits ? meta->record_bits : bits;
	r = mmdb_write_meta(meta, n->count, bits, 6, &meta_bytes, &meta_len);
	if (r == 0)
		r = nodes_write(n, fd, value_offset, bits);
	if (r == 0)
		r = file_write_fd(fd, separator, sizeof(separator));
	if (r == 0)
		r = file_write_fd(fd, section.s, section.len);
	if (r == 0)
		r = file_write_fd(fd, meta_bytes, meta_len);
	if (r < 0)
		return r;
	*ret_stats = (struct mmdb_stats){
		.nodes = n->count,
		.bytes = n->count * (bits / 4) + sizeof(separator) + section.len + meta_len,
		.record_bits = bits,
	};
	*ret_networks = n->leaves;
	return 0;
}
