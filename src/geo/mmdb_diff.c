/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both trees are walked in lock-step; where one of them ends and the other goes on, the end stands for all below it.
 * What a place says is a term: a node, or what is at its end as a number that both files share. Pairs of nodes that
 * were found equal are kept in a table, so that shared subtrees are compared once; it forgets when it is full, which
 * costs time and no truth. Differences go through a join, which makes the fewest prefixes of them.
 *
 * Every step either leads to a difference or is remembered, but for what the table forgot; steps without a result are
 * counted, because a hostile file can share subtrees 2^128 times.
 */
#include "geo/mmdb_diff.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "geo/join.h"
#include "geo/mmdb_class.h"
#include "geo/tree.h"

#define TERM_END UINT32_C(0x80000000)
enum { END_EMPTY, END_ALIAS, END_FIRST_VALUE };

enum { CACHE = 4096, EQUAL_MIN = 1 << 12, EQUAL_MAX = 1 << 22 };

/* What is shown of a number: 'C' << 8 | 'Z', or these. */
enum { SHOW_NOTHING, SHOW_ALIAS, SHOW_NO_COUNTRY };

struct side {
	const struct mmdb *db;
	unsigned aliases;
	struct mmdb_class_file classes;
	struct {
		uint32_t record, term;
	} cache[CACHE];
};

struct walk {
	const struct mmdb_diff *d;
	struct side side[2];
	struct mmdb_classes classes;
	VEC(uint16_t) shown; /* by number of an end */
	struct join join;
	bool v6;
	uint64_t *equal; /* pairs of nodes, by hash */
	uint32_t equal_mask;
	uint64_t told, idle, idle_max;
	struct mmdb_fault *fault;
	const struct mmdb **broken;
};

static int broken(struct walk *w, const struct side *s, const char *what, uint64_t offset) {
	*w->fault = (struct mmdb_fault){ what, offset };
	*w->broken = s->db;
	return -EBADMSG;
}

static void set_shown(struct walk *w, uint32_t end, uint16_t shown) {
	while (w->shown.n <= end)
		vec_push(&w->shown, SHOW_NOTHING);
	w->shown.v[end] = shown;
}

/* The end that a value is: with country_only, of its country alone. */
static int end_of_value(struct walk *w, struct side *s, uint64_t offset, uint32_t *ret_end) {
	char code[3];
	uint16_t shown = SHOW_NO_COUNTRY;
	uint32_t number;
	int r = mmdb_country(s->db, offset, code, w->fault);

	if (r > 0)
		shown = (uint16_t)((unsigned char)code[0] << 8 | (unsigned char)code[1]);
	if (r >= 0 && w->d->country_only) {
		*ret_end = r == 0 ? END_EMPTY : shown;
		set_shown(w, *ret_end, r == 0 ? SHOW_NOTHING : shown);
		return 0;
	}
	if (r >= 0)
		r = mmdb_class(&s->classes, offset, &number, w->fault);
	if (r < 0) {
		*w->broken = s->db;
		return r;
	}
	*ret_end = END_FIRST_VALUE + number;
	set_shown(w, *ret_end, shown);
	return 0;
}

static const struct prefix ipv4_place = { { 0, 0 }, 96 }, mapped_place = { { 0, IP4_MAPPED_LO }, 96 },
			   sixtofour_place = { { UINT64_C(0x2002) << 48, 0 }, 16 },
			   teredo_place = { { UINT64_C(0x20010000) << 32, 0 }, 32 };

/* Whether the record of a place is the IPv4 tree. */
static bool is_alias(const struct side *s, uint64_t record, struct prefix p) {
	if (record == s->db->v4_root && record < s->db->node_count && s->db->v4_root_depth == 96)
		return true;
	return (s->aliases & GEO_ALIAS_6TO4 && prefix_equal(p, sixtofour_place)) ||
	       (s->aliases & GEO_ALIAS_TEREDO && prefix_equal(p, teredo_place));
}

/* Whether a place lies in a prefix, by number alone: ::/0 has ::ffff:0:0/96. */
static bool has_place(struct prefix p, struct prefix place) {
	return p.len <= place.len && ip_equal(prefix_around(place.ip, p.len).ip, p.ip);
}

/* Whether what is below is compared in another way than it would be elsewhere. */
static bool has_special_place(struct prefix p) {
	return has_place(p, ipv4_place) || has_place(p, mapped_place) || has_place(p, sixtofour_place) ||
	       has_place(p, teredo_place);
}

/* The term of a record, which stands at `place` in the file, for a prefix. */
static int term_of(struct walk *w, struct side *s, uint64_t record, uint64_t place, struct prefix p,
		   uint32_t *ret_term) {
	uint32_t slot = (uint32_t)record % CACHE, end;
	uint64_t offset;
	int r;

	if (w->v6 && s->aliases && is_alias(s, record, p)) {
		*ret_term = TERM_END | END_ALIAS;
		return 0;
	}
	if (record <= s->db->node_count) {
		*ret_term = record < s->db->node_count ? (uint32_t)record : TERM_END | END_EMPTY;
		return 0;
	}
	if (s->cache[slot].record != (uint32_t)record) {
		r = mmdb_record_data(s->db, record, &offset);
		if (r < 0)
			return broken(w, s, "a record of the tree points outside the data section", place);
		r = end_of_value(w, s, offset, &end);
		if (r < 0)
			return r;
		s->cache[slot].record = (uint32_t)record;
		s->cache[slot].term = TERM_END | end;
	}
	*ret_term = s->cache[slot].term;
	return 0;
}

/* A pair as a key; 0 is the roots, which are met once. */
static uint64_t *equal_slot(const struct walk *w, const uint32_t term[2], uint64_t *ret_key) {
	*ret_key = (uint64_t)term[0] << 32 | term[1];
	return &w->equal[(*ret_key * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & w->equal_mask];
}

static int tell(struct walk *w, struct prefix p, const uint32_t term[2]) {
	uint16_t from = w->shown.v[term[0] & ~TERM_END], to = w->shown.v[term[1] & ~TERM_END];

	w->told++;
	w->idle = 0;
	return join_add(&w->join, p, (uint64_t)from << 16 | to);
}

static int walk(struct walk *w, struct prefix p, const uint32_t term[2]);

/* Both halves of a place. */
static int walk_halves(struct walk *w, struct prefix p, const uint32_t term[2]) {
	for (unsigned bit = 0; bit < 2; bit++) {
		struct prefix half = { p.ip, (uint8_t)(p.len + 1) };
		unsigned shift = 127U - p.len;
		uint32_t below[2];
		int r = 0;

		if (bit)
			*(shift < 64 ? &half.ip.lo : &half.ip.hi) |= UINT64_C(1) << shift % 64;
		for (unsigned i = 0; i < 2 && r == 0; i++) {
			struct side *s = &w->side[i];

			below[i] = term[i];
			if (!(term[i] & TERM_END))
				r = term_of(w, s, mmdb_record(s->db, term[i], bit),
					    mmdb_record_offset(s->db, term[i], bit), half, &below[i]);
		}
		if (r == 0)
			r = walk(w, half, below);
		if (r)
			return r;
	}
	return 0;
}

/* At most 129 of these are on the stack. */
static int walk(struct walk *w, struct prefix p, const uint32_t term[2]) {
	bool nodes[2] = { !(term[0] & TERM_END), !(term[1] & TERM_END) };
	uint64_t key = 0, *slot = NULL, told = w->told;
	int r;

	if (w->v6 && (prefix_equal(p, ipv4_place) || prefix_equal(p, mapped_place)))
		return join_add(&w->join, p, JOIN_ANYTHING);
	if (!nodes[0] && !nodes[1])
		return term[0] == term[1] ? 0 : tell(w, p, term);
	if (p.len == 128)
		return broken(w, &w->side[!nodes[0]], "the tree goes on behind the last bit of an address", 0);
	if (++w->idle > w->idle_max)
		return broken(w, &w->side[!nodes[0]], "nodes are shared over and over without any difference below", 0);
	if (nodes[0] && nodes[1]) {
		slot = equal_slot(w, term, &key);
		if (key && *slot == key)
			return 0;
	}
	r = walk_halves(w, p, term);
	if (r == 0 && slot && w->told == told && !(w->v6 && has_special_place(p)))
		*slot = key;
	return r;
}

static struct mmdb_answer answer_of(unsigned shown) {
	struct mmdb_answer a = { .what = shown == SHOW_NOTHING ? MMDB_NO_RECORD
					 : shown == SHOW_ALIAS ? MMDB_AS_IPV4
							       : MMDB_RECORD };

	if (shown > SHOW_NO_COUNTRY) {
		a.country[0] = (char)(shown >> 8);
		a.country[1] = (char)shown;
	}
	return a;
}

/* Turns a joined difference into a change. */
static int change(struct prefix p, uint64_t says, void *user) {
	const struct walk *w = user;
	unsigned from = says >> 16 & 0xffff, to = says & 0xffff;
	struct mmdb_change c = { .network = p, .from = answer_of(from), .to = answer_of(to) };

	c.kind = from == SHOW_ALIAS || to == SHOW_ALIAS ? MMDB_CHANGE_ALIAS
		 : from == SHOW_NOTHING                 ? MMDB_CHANGE_ADDED
		 : to == SHOW_NOTHING                   ? MMDB_CHANGE_REMOVED
		 : from != to                           ? MMDB_CHANGE_COUNTRY
							: MMDB_CHANGE_RECORD;
	return w->d->fn(&c, w->d->user);
}

/* Walks one family from where both files have it. A file of IPv4 only is empty in the other. */
static int walk_family(struct walk *w, bool v6) {
	struct prefix all = v6 ? (struct prefix){ { 0, 0 }, 0 } : (struct prefix){ ip_from_v4(0), 96 };
	uint32_t term[2];
	int r = 0;

	w->v6 = v6;
	for (unsigned i = 0; i < 2 && r == 0; i++) {
		struct side *s = &w->side[i];

		if (v6 && s->db->ip_version == 4)
			term[i] = TERM_END | END_EMPTY;
		else if (v6)
			term[i] = 0; /* the root is no alias, whatever its number */
		else
			r = term_of(w, s, s->db->v4_root, 0, all, &term[i]);
	}
	if (r == 0)
		r = walk(w, all, term);
	return r ? r : join_end(&w->join);
}

static int start(struct walk *w) {
	uint64_t most = (uint64_t)w->d->from->node_count + w->d->to->node_count;
	uint32_t slots = EQUAL_MIN;

	if (w->d->from->node_count >= TERM_END || w->d->to->node_count >= TERM_END)
		return -E2BIG;
	while (slots < EQUAL_MAX && slots < most * 2)
		slots *= 2;
	w->equal = calloc(slots, sizeof(*w->equal));
	if (!w->equal)
		return -ENOMEM;
	w->equal_mask = slots - 1;
	w->idle_max = 16 * most + (1 << 20);
	mmdb_classes_init(&w->classes);
	for (unsigned i = 0; i < 2; i++) {
		w->side[i].db = i ? w->d->to : w->d->from;
		w->side[i].aliases = mmdb_aliases(w->side[i].db);
		mmdb_class_file_init(&w->side[i].classes, &w->classes, w->side[i].db);
	}
	set_shown(w, END_EMPTY, SHOW_NOTHING);
	set_shown(w, END_ALIAS, SHOW_ALIAS);
	return 0;
}

int mmdb_diff(const struct mmdb_diff *d, struct mmdb_fault *ret_fault, const struct mmdb **ret_broken) {
	struct walk *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->d = d;
	w->fault = ret_fault;
	w->broken = ret_broken;
	w->join = (struct join){ .fn = change, .user = w };
	r = start(w);
	if (r == 0)
		r = walk_family(w, false);
	if (r == 0)
		r = walk_family(w, true);
	for (unsigned i = 0; i < 2; i++)
		mmdb_class_file_done(&w->side[i].classes);
	mmdb_classes_done(&w->classes);
	vec_done(&w->shown);
	free(w->equal);
	free(w);
	return r;
}
