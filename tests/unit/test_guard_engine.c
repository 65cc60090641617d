/* SPDX-License-Identifier: Apache-2.0 */
/* What the comparison with brute force (cli/test_guard_engine.py) does not see: evidence, answers, snapshots that are
 * damaged, limits. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "guard/clock.h"
#include "guard/engine.h"

enum { N = 3, START = 1000000, MEMORY = 64 << 20 };

static const struct str paths[] = { { "/login", 6 } };
static const struct rule rules[2] = {
	{ .name = "login",
	  .match = { .path = paths, .path_count = 1 },
	  .window_ms = 10000,
	  .level = { { { 128, 128, N, 0, 0 } }, { { 56, 64, 6, 2, 0.5 }, { 64, 128, N, 0, 0 } } },
	  .level_count = { 1, 2 },
	  .ban_ms = 5000,
	  .ban_grow = 2,
	  .ban_max_ms = 60000 },
	{ .name = "flood",
	  .window_ms = 1000,
	  .level = { { { 128, 128, 1000, 0, 0 } }, { { 64, 128, 1000, 0, 0 } } },
	  .level_count = { 1, 1 },
	  .ban_ms = 1000,
	  .ban_grow = 1 },
};

static struct prefix prefix(const char *text) {
	struct prefix p = { .len = 0 };

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static struct prefix_set allow;

static struct engine *engine_of(const struct rule *r, size_t n) {
	const struct engine_config config = { .rules = r, .rule_count = n, .allow = &allow, .memory = MEMORY };
	struct engine *e = NULL;

	assert_int_equal(engine_new(&config, &e), 0);
	return e;
}

struct seen {
	unsigned n;
	struct ban last;
	char first_line[SAMPLE_MAX + 2], last_line[SAMPLE_MAX + 2];
	bool has_first, has_last;
};

static void see(const struct ban *b, void *user) {
	struct seen *s = user;

	s->n++;
	s->last = *b;
	s->has_first = b->evidence.first != NULL;
	s->has_last = b->evidence.last != NULL;
	if (s->has_first)
		(void)snprintf(s->first_line, sizeof(s->first_line), "%s", b->evidence.first);
	if (s->has_last)
		(void)snprintf(s->last_line, sizeof(s->last_line), "%s", b->evidence.last);
}

static void send(struct engine *e, const char *addr, int64_t time_ms, struct str line, struct seen *s) {
	struct request r = { .addr = prefix(addr).ip, .time_ms = time_ms, .rules = 1, .line = line };

	engine_requests(e, &r, 1, see, s);
}

static void test_evidence(void **state) {
	struct engine *e = engine_of(rules, 2);
	struct seen s = { 0 };

	(void)state;
	send(e, "2001:db8::1", START - 20000, STR("too old"), &s);
	send(e, "2001:db8::1", START, STR("one"), &s);
	send(e, "2001:db8:0:1::1", START, STR("another's"), &s);
	send(e, "2001:db8::2", START + 1, STR("two"), &s);
	send(e, "2001:db8::3", START + 2, STR("thr\0ee"), &s);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.first_line, "one");
	assert_string_equal(s.last_line, "thr?ee");
	assert_true(prefix_equal(s.last.network, prefix("2001:db8::/64")));
	assert_true(ip_equal(s.last.evidence.client, prefix("2001:db8::3").ip));
	assert_int_equal(s.last.evidence.count, N);
	assert_int_equal(s.last.evidence.first_ms, START);
	engine_free(e);
}

static void test_evidence_is_bounded(void **state) {
	struct engine *e = engine_of(rules, 2);
	struct seen s = { 0 };
	char text[SAMPLE_MAX + 100], addr[32];

	(void)state;
	memset(text, 'x', sizeof(text));
	send(e, "198.18.0.1", START, STR("pushed out"), &s);
	for (unsigned i = 0; i < 8192; i++) {
		(void)snprintf(addr, sizeof(addr), "198.19.%u.%u", i / 256, i % 256);
		send(e, addr, START, STR("others"), &s);
	}
	send(e, "198.18.0.1", START + 1, (struct str){ text, sizeof(text) }, &s);
	send(e, "198.18.0.1", START + 2, (struct str){ text, sizeof(text) }, &s);
	assert_int_equal(s.n, 1);
	assert_false(s.has_first);
	assert_int_equal(strlen(s.last_line), SAMPLE_MAX);
	for (unsigned i = 0; i < N; i++)
		send(e, "198.18.0.2", START, (struct str){ NULL, 0 }, &s);
	assert_int_equal(s.n, 2);
	assert_false(s.has_first || s.has_last);
	engine_free(e);
}

static void by_hand(const struct ban *b, void *user) {
	unsigned *n = user;

	assert_int_equal(b->origin, BAN_BY_HAND);
	assert_string_equal(b->rule, "manual");
	assert_string_equal(b->comment, "abuse@");
	++*n;
}

static void test_by_hand(void **state) {
	struct engine *e;
	struct seen s = { 0 };
	unsigned n = 0;

	(void)state;
	prefix_set_add(&allow, prefix("2001:db8:a::/48"));
	prefix_set_normalise(&allow);
	e = engine_of(rules, 2);
	assert_int_equal(engine_ban(e, prefix("2001:db8:a:1::/64"), START, START + 10, NULL), -EPERM);
	assert_int_equal(engine_unban(e, prefix("2001:db8::/32"), START), -ENOENT);
	assert_int_equal(engine_ban(e, prefix("2001:db8::/32"), START, START + 10, "abuse@"), 0);
	assert_int_equal(engine_ban_count(e, START - 1), 0);
	assert_int_equal(engine_ban_count(e, START), 1);
	engine_each_ban(e, START, by_hand, &n);
	assert_int_equal(n, 1);
	for (unsigned i = 0; i < N; i++) /* inside the ban, then behind its end */
		send(e, "2001:db8::1", START + 1, STR("x"), &s);
	assert_int_equal(s.n, 0);
	send(e, "2001:db8::1", START + 10, STR("x"), &s);
	assert_int_equal(s.n, 1);
	assert_int_equal(engine_unban(e, s.last.network, START + 11), 0);
	assert_int_equal(engine_unban(e, s.last.network, START + 11), -ENOENT);
	send(e, "2001:db8::1", START + 12, STR("x"), &s); /* its counter was forgotten */
	send(e, "2001:db8::1", START + 13, STR("x"), &s);
	assert_int_equal(s.n, 1);
	send(e, "2001:db8::1", START + 14, STR("x"), &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.last.repetition, 2);
	engine_expire(e, START + 100000000);
	assert_int_equal(engine_ban_count(e, START + 14), 0);
	engine_free(e);
	prefix_set_done(&allow);
}

struct levels {
	unsigned n;
	uint32_t missing[4];
	bool banned[4];
};

static void take(const struct explain *x, void *user) {
	struct levels *l = user;

	l->missing[l->n] = x->missing;
	l->banned[l->n++] = x->ban != NULL;
}

static void test_explain(void **state) {
	struct engine *e;
	struct explain_head head;
	struct levels l = { 0 }, later = { 0 };
	struct seen s = { 0 };

	(void)state;
	prefix_set_add(&allow, prefix("2001:db8:a::/48"));
	prefix_set_normalise(&allow);
	e = engine_of(rules, 2);
	for (unsigned i = 0; i < N; i++)
		send(e, "2001:db8::1", START + i, STR("x"), &s);
	engine_explain(e, prefix("2001:db8::77").ip, START + N, &head, take, &l);
	assert_true(!head.allowed && head.banned && prefix_equal(head.ban.network, prefix("2001:db8::/64")));
	assert_int_equal(l.n, 3);
	assert_true(l.missing[0] == 6 - N && l.missing[1] == 0 && l.missing[2] == 1000);
	assert_true(!l.banned[0] && l.banned[1] && !l.banned[2]);
	engine_explain(e, prefix("2001:db8::77").ip, START + 100000, &head, take, &later);
	assert_true(!head.banned && later.missing[0] == 6 && later.missing[1] == N);
	engine_explain(e, prefix("2001:db8:a:b::1").ip, START, &head, take, &(struct levels){ 0 });
	assert_true(head.allowed && prefix_equal(head.allowed_by, prefix("2001:db8:a::/48")));
	engine_free(e);
	prefix_set_done(&allow);
}

static int load(struct engine *e, char *bytes, size_t len, char **ret_why) {
	FILE *f = fmemopen(bytes, len, "r");
	int r;

	assert_non_null(f);
	r = engine_load(e, f, ret_why);
	(void)fclose(f);
	return r;
}

static void save(const struct engine *e, char **ret_bytes, size_t *ret_len) {
	FILE *f = open_memstream(ret_bytes, ret_len);

	assert_non_null(f);
	assert_int_equal(engine_save(e, f), 0);
	assert_int_equal(fclose(f), 0);
}

static void test_damaged_snapshots(void **state) {
	struct engine *e = engine_of(rules, 2), *other = engine_of(rules, 1);
	char *bytes = NULL, *why = NULL;
	struct seen s = { 0 };
	uint64_t state_len;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		send(e, "2001:db8::1", START + i, STR("x"), &s);
	assert_int_equal(engine_ban(e, prefix("198.18.0.0/16"), START, START + 10, "comment"), 0);
	save(e, &bytes, &len);
	memcpy(&state_len, bytes + 48, sizeof(state_len)); /* behind the magic and the rules' hash */
	assert_int_equal(load(other, bytes, len, &why), -EBADMSG);
	assert_non_null(strstr(why, "rules"));
	free(why);
	for (size_t i = 0; i < len; i += 1 + len / 500) { /* cut anywhere, and a bit changed in the engine's part */
		assert_int_equal(load(e, bytes, i ? i : 1, &why), -EBADMSG);
		free(why);
		if (i >= 88 + state_len)
			continue;
		bytes[i] ^= 4;
		assert_true(load(e, bytes, len, &why) == -EBADMSG);
		free(why);
		bytes[i] ^= 4;
		assert_int_equal(engine_ban_count(e, START + N), 0); /* nothing half loaded */
	}
	assert_int_equal(load(e, bytes, len, &why), 0);
	assert_int_equal(engine_ban_count(e, START + N), 2);
	free(bytes);
	engine_free(e);
	engine_free(other);
}

static void test_limits(void **state) {
	struct engine_config config = { .rules = rules, .rule_count = 2, .allow = &allow, .memory = 1000 };
	struct rule wrong = rules[0];
	struct engine *e = NULL;

	(void)state;
	assert_int_equal(engine_new(&config, &e), -ENOSPC);
	config.memory = engine_memory_min(&config);
	assert_int_equal(engine_new(&config, &e), 0);
	assert_true(engine_stats(e).memory_max == config.memory);
	engine_free(e);
	wrong.ban_grow = 0.5;
	config.rules = &wrong;
	config.memory = MEMORY;
	assert_int_equal(engine_new(&config, &e), -EINVAL);
	config.rule_count = RULE_MAX + 1;
	assert_int_equal(engine_new(&config, &e), -EINVAL);
	config.rule_count = 0;
	config.memory = 0;
	assert_int_equal(engine_new(&config, &e), 0);
	assert_true(engine_clock(e) == LOG_TIME_NONE);
	engine_free(e);
}

static void tell_many(struct step_clock *c, unsigned n, int64_t time_ms, unsigned steps) {
	for (unsigned i = 0; i < n; i++)
		steps -= step_clock_tell(c, time_ms);
	assert_int_equal(steps, 0);
}

static void test_clock(void **state) {
	struct step_clock c = { 0 };

	(void)state;
	tell_many(&c, 1, 1000000, 0);
	tell_many(&c, 1000, 1000000 - STEP_MS, 0); /* late, but not too late */
	tell_many(&c, STEP_LINES - 1, 900000, 0);
	tell_many(&c, 1, 1000001, 0); /* not in a row */
	tell_many(&c, STEP_LINES - 1, 900000, 0);
	tell_many(&c, 1, 900500, 1);
	assert_true(c.newest_ms == 900500);
	assert_true(step_clock_keep(&c, 880000) == 900500); /* the log was there: kept */
	assert_true(step_clock_keep(&c, 800000) == 800000);
	tell_many(&c, 1, 1000000, 0); /* the next step takes twice as many */
	tell_many(&c, 2 * STEP_LINES - 1, 900000, 0);
	tell_many(&c, 1, 900000, 1);
	tell_many(&c, 1, 900000 + INT64_C(2) * 86400000, 0); /* until a day is over */
	tell_many(&c, STEP_LINES, 900000, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_evidence_is_bounded),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_damaged_snapshots),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests_name("guard_engine", tests, NULL, NULL);
}
