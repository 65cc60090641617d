/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A head (what it is, of which rules, how much and its hash), the engine's own state, and the counters, each in its own
 * words. Numbers are 64 bits, little-endian. The hash finds damage; the reader of what is hashed is bounded all the
 * same and takes nothing that the engine could not have written.
 */
#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "guard/engine_state.h"

enum { HASH = 32, CHUNK = 1 << 20 };
static const char magic[16] = "hextet engine 1";
static const int64_t time_end = INT64_C(253402300800000);

static void put(FILE *out, uint64_t value) {
	value = htole64(value);
	(void)fwrite(&value, sizeof(value), 1, out);
}

static void put_real(FILE *out, double value) {
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put(out, bits);
}

static void put_str(FILE *out, struct str s) {
	put(out, s.len);
	if (s.len)
		(void)fwrite(s.s, s.len, 1, out);
}

static void put_strs(FILE *out, const struct str *s, size_t n) {
	put(out, n);
	for (size_t i = 0; i < n; i++)
		put_str(out, s[i]);
}

static void put_rule(FILE *out, const struct rule *r) {
	put_str(out, str_of(r->name));
	put_strs(out, r->match.path, r->match.path_count);
	put_strs(out, r->match.host, r->match.host_count);
	put_strs(out, r->match.method, r->match.method_count);
	for (size_t i = 0; i < ARRAY_LEN(r->match.status); i++)
		put(out, r->match.status[i]);
	put(out, (uint64_t)r->window_ms);
	put(out, (uint64_t)r->ban_ms);
	put_real(out, r->ban_grow);
	put(out, (uint64_t)r->ban_max_ms);
	for (unsigned family = 0; family < 2; family++) {
		put(out, r->level_count[family]);
		for (size_t i = 0; i < r->level_count[family]; i++) {
			const struct rule_level *l = &r->level[family][i];

			put(out, l->len);
			put(out, l->child_len);
			put(out, l->count);
			put(out, l->children);
			put_real(out, l->ratio);
		}
	}
}

/* Calls write() into memory and takes the bytes; 0 or -ENOMEM. */
static int gather(const struct engine *e, void (*write)(FILE *out, const struct engine *e), char **ret_bytes,
		  size_t *ret_len) {
	char *bytes = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&bytes, &len);
	bool bad;

	if (!out)
		return -ENOMEM;
	write(out, e);
	bad = ferror(out);
	if (fclose(out) != 0 || bad) {
		free(bytes);
		return -ENOMEM;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

static void put_config(FILE *out, const struct engine *e) {
	put(out, e->config.rule_count);
	for (size_t i = 0; i < e->config.rule_count; i++)
		put_rule(out, &e->config.rules[i]);
}

static int hash_config(const struct engine *e, uint8_t ret_hash[static HASH]) {
	_cleanup_(freep) char *bytes = NULL;
	size_t len;
	int r = gather(e, put_config, &bytes, &len);

	if (r == 0)
		(void)crypto_generichash(ret_hash, HASH, (const uint8_t *)bytes, len, NULL, 0);
	return r;
}

static void put_ban(FILE *out, const struct ban_record *b) {
	const uint64_t numbers[] = { b->network.ip.hi,  b->network.ip.lo,      b->network.len,        b->rule,
				     b->repetition,     (uint64_t)b->at_ms,    (uint64_t)b->until_ms, b->count,
				     b->children,       (uint64_t)b->first_ms, b->client.hi,          b->client.lo,
				     b->comment != NULL };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		put(out, numbers[i]);
	put_real(out, b->ratio);
	put_str(out, b->comment ? str_of(b->comment) : (struct str){ NULL, 0 });
}

static void put_samples(FILE *out, const struct samples *s) {
	uint32_t at = s->used == s->size ? s->next : 0;

	put(out, s->used);
	for (uint32_t n = 0; n < s->used; n++, at = at + 1 == s->size ? 0 : at + 1) {
		put(out, s->sample[at].addr.hi);
		put(out, s->sample[at].addr.lo);
		put(out, (uint64_t)s->sample[at].time_ms);
		put_str(out, (struct str){ s->text + (size_t)at * SAMPLE_SLOT, s->sample[at].len });
	}
}

static void put_state(FILE *out, const struct engine *e) {
	const struct engine_stats *s = &e->stats;
	const uint64_t stats[] = { s->requests, s->matched, s->allowed, s->untimed, s->late, s->steps, s->bans };

	for (size_t i = 0; i < ARRAY_LEN(stats); i++)
		put(out, stats[i]);
	put(out, e->clock_count);
	for (size_t i = 0; i < e->clock_count; i++) {
		const struct step_clock *c = &e->clock[i];

		put(out, c->running);
		put(out, (uint64_t)c->newest_ms);
		put(out, (uint64_t)c->before_ms);
		put(out, (uint64_t)c->run_ms);
		put(out, c->run);
		put(out, c->steps);
		put(out, (uint64_t)c->step_ms);
	}
	put(out, e->bans.records.n);
	for (size_t i = 0; i < e->bans.records.n; i++)
		put_ban(out, &e->bans.records.v[i]);
	for (size_t i = 0; i < e->config.rule_count; i++)
		put_samples(out, &e->samples[i]);
}

int engine_save(const struct engine *e, FILE *out) {
	_cleanup_(freep) char *state = NULL;
	uint8_t hash[HASH];
	size_t len;
	int r = hash_config(e, hash);

	if (r == 0)
		r = gather(e, put_state, &state, &len);
	if (r < 0)
		return r;
	(void)fwrite(magic, sizeof(magic), 1, out);
	(void)fwrite(hash, sizeof(hash), 1, out);
	put(out, len);
	(void)crypto_generichash(hash, HASH, (const uint8_t *)state, len, NULL, 0);
	(void)fwrite(hash, sizeof(hash), 1, out);
	(void)fwrite(state, len, 1, out);
	for (size_t i = 0; i < e->tier_count && r == 0; i++)
		r = counter_save(e->tier[i].counter, out);
	return r == 0 && ferror(out) ? -EIO : r;
}

/* What is left to read; `bad` once there was too little, or something that cannot be. */
struct reader {
	const char *s;
	size_t left;
	bool bad;
};

static uint64_t get(struct reader *r, uint64_t max) {
	uint64_t value;

	if (r->bad || r->left < sizeof(value)) {
		r->bad = true;
		return 0;
	}
	memcpy(&value, r->s, sizeof(value));
	r->s += sizeof(value);
	r->left -= sizeof(value);
	value = le64toh(value);
	r->bad = value > max;
	return r->bad ? 0 : value;
}

static int64_t get_time(struct reader *r) {
	return (int64_t)get(r, (uint64_t)time_end);
}

static double get_ratio(struct reader *r) {
	uint64_t bits = get(r, UINT64_MAX);
	double value;

	memcpy(&value, &bits, sizeof(value));
	r->bad |= !(value >= 0 && value <= 1);
	return r->bad ? 0 : value;
}

static struct ip get_ip(struct reader *r) {
	struct ip ip;

	ip.hi = get(r, UINT64_MAX);
	ip.lo = get(r, UINT64_MAX);
	return ip;
}

static struct str get_str(struct reader *r, size_t max) {
	struct str s = { r->s, 0 };

	s.len = get(r, MIN(max, r->left));
	if (r->bad || s.len > r->left) {
		r->bad = true;
		return (struct str){ NULL, 0 };
	}
	s.s = r->s;
	r->s += s.len;
	r->left -= s.len;
	return s;
}

static void get_clock(struct reader *r, struct step_clock *c) {
	c->running = get(r, 1);
	c->newest_ms = get_time(r);
	c->before_ms = get_time(r);
	c->run_ms = get_time(r);
	c->run = (uint32_t)get(r, STEP_LINES_MAX);
	c->steps = (uint32_t)get(r, STEP_DOUBLINGS);
	c->step_ms = get_time(r);
}

static void get_ban(struct reader *r, struct engine *e) {
	struct ban_record b = { 0 }, *entered;
	struct str comment;
	bool has_comment;

	b.network.ip = get_ip(r);
	b.network.len = (uint8_t)get(r, 128);
	b.rule = (uint16_t)get(r, RULE_BY_HAND);
	b.repetition = (uint32_t)get(r, UINT32_MAX);
	b.at_ms = get_time(r);
	b.until_ms = (int64_t)get(r, INT64_MAX);
	b.count = (uint32_t)get(r, COUNT_MAX);
	b.children = (uint32_t)get(r, CHILDREN_MAX);
	b.first_ms = get_time(r);
	b.client = get_ip(r);
	has_comment = get(r, 1);
	b.ratio = get_ratio(r);
	comment = get_str(r, SIZE_MAX);
	if (r->bad || (b.rule != RULE_BY_HAND && b.rule >= e->config.rule_count) ||
	    !ip_equal(prefix_around(b.network.ip, b.network.len).ip, b.network.ip) ||
	    bans_find(&e->bans, b.network, b.rule)) {
		r->bad = true;
		return;
	}
	if (has_comment)
		b.comment = strndup(comment.s, comment.len);
	entered = bans_add(&e->bans, b.network, b.rule);
	b.next_one = entered->next_one;
	*entered = b;
}

static int get_state(struct reader *r, struct engine *e) {
	struct engine_stats *s = &e->stats;
	uint64_t *const stats[] = {
		&s->requests, &s->matched, &s->allowed, &s->untimed, &s->late, &s->steps, &s->bans
	};
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(stats); i++)
		*stats[i] = get(r, UINT64_MAX);
	n = get(r, UINT16_MAX + 1);
	for (uint64_t i = 0; i < n && !r->bad; i++) {
		struct step_clock *c = engine_source_clock(e, (uint16_t)i);

		if (!c)
			return -ENOMEM;
		get_clock(r, c);
	}
	n = get(r, UINT32_MAX - 1);
	for (uint64_t i = 0; i < n && !r->bad; i++)
		get_ban(r, e);
	for (size_t rule = 0; rule < e->config.rule_count; rule++) {
		n = get(r, e->samples[rule].size);
		for (uint64_t i = 0; i < n && !r->bad; i++) {
			struct ip addr = get_ip(r);
			int64_t time_ms = get_time(r);

			samples_add(&e->samples[rule], addr, time_ms, get_str(r, SAMPLE_MAX));
		}
	}
	return r->bad || r->left ? -EBADMSG : 0;
}

/* The state's bytes, no more memory than there are bytes. */
static int read_state(FILE *in, uint64_t len, char **ret_bytes) {
	_cleanup_(freep) char *bytes = NULL;
	size_t have = 0;

	do {
		size_t part = (size_t)MIN(len - have, CHUNK);
		char *more = realloc(bytes, have + part + 1);

		if (!more)
			return -ENOMEM;
		bytes = more;
		if (fread(bytes + have, 1, part, in) != part)
			return -EBADMSG;
		have += part;
	} while (have < len);
	*ret_bytes = TAKE_PTR(bytes);
	return 0;
}

static int load(struct engine *e, FILE *in, const char **ret_why) {
	struct {
		char magic[sizeof(magic)];
		uint8_t rules[HASH];
		uint64_t len;
		uint8_t state[HASH];
	} head;
	_cleanup_(freep) char *bytes = NULL;
	struct reader r = { 0 };
	uint8_t hash[HASH];
	int err;

	if (fread(&head, sizeof(head), 1, in) != 1 || memcmp(head.magic, magic, sizeof(magic)) != 0)
		return -EBADMSG;
	err = hash_config(e, hash);
	if (err < 0)
		return err;
	if (memcmp(hash, head.rules, HASH) != 0) {
		*ret_why = "it was written under other rules";
		return -EBADMSG;
	}
	r.left = le64toh(head.len);
	err = read_state(in, r.left, &bytes);
	if (err < 0)
		return err;
	(void)crypto_generichash(hash, HASH, (const uint8_t *)bytes, r.left, NULL, 0);
	if (memcmp(hash, head.state, HASH) != 0)
		return -EBADMSG;
	r.s = bytes;
	err = get_state(&r, e);
	for (size_t i = 0; i < e->tier_count && err == 0; i++)
		err = counter_load(e->tier[i].counter, in);
	return err;
}

int engine_load(struct engine *e, FILE *in, char **ret_why) {
	const char *why = "it is damaged";
	int r = engine_reset(e);

	if (r == 0)
		r = load(e, in, &why);
	if (r == 0)
		return 0;
	if (r == -EBADMSG)
		*ret_why = strdup(why);
	if (engine_reset(e) < 0)
		return -ENOMEM;
	return r;
}
