/* SPDX-License-Identifier: Apache-2.0 */
/* Carving against a model of cells, and reconciling against a kind of sink that fails and forgets as it is told. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "guard/network_list.h"
#include "universe.h"

static struct prefix prefix_of(const char *text) {
	struct prefix p;

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

struct model {
	const struct universe *u;
	struct prefix_set allow;
	bool allowed[CELLS_MAX];
	VEC(struct prefix) bans;    /* active */
	struct network_list wanted; /* pieces, as ban_pieces tells of them */
	VEC(struct sink_change) told;
};

static void allow_some(struct model *m, uint64_t *seed) {
	unsigned at, size;

	for (unsigned n = random_below(seed, 5); n > 0; n--) {
		prefix_set_add(&m->allow, universe_random(m->u, seed, 7, &at, &size));
		for (unsigned i = at; i < at + (1U << size); i++)
			m->allowed[i] = true;
	}
	prefix_set_normalise(&m->allow);
}

static void added(struct prefix piece, void *user) {
	struct model *m = user;

	vec_push(&m->told, (struct sink_change){ { piece, 1 }, false });
}

static void removed(struct prefix piece, void *user) {
	struct model *m = user;

	vec_push(&m->told, (struct sink_change){ { piece, 1 }, true });
}

/* What was told changes something, and every piece is told once. */
static void take_told(struct model *m) {
	for (size_t i = 0; i < m->told.n; i++) {
		const struct sink_change *c = &m->told.v[i];

		assert_true(network_list_has(&m->wanted, c->entry.network) == c->remove);
		for (size_t j = 0; j < i; j++)
			assert_false(prefix_equal(m->told.v[j].entry.network, c->entry.network));
	}
	network_list_apply(&m->wanted, m->told.v, m->told.n);
	m->told.n = 0;
}

static bool list_covers(const struct prefix *v, size_t n, struct ip ip) {
	for (size_t i = 0; i < n; i++)
		if (prefix_has_ip(v[i], ip))
			return true;
	return false;
}

static void collect(struct prefix piece, void *user) {
	network_list_add(user, piece);
}

/* The wanted pieces are those of the active bans, and a cell lies in one iff it is banned and not allowed. */
static void check_model(struct model *m) {
	struct network_list fresh = { 0 };

	for (size_t i = 0; i < m->bans.n; i++)
		ban_carve(m->bans.v[i], &m->allow, collect, &fresh);
	network_list_sort(&fresh);
	assert_int_equal(fresh.v.n, m->wanted.v.n);
	for (size_t i = 0; i < fresh.v.n; i++)
		assert_true(prefix_equal(fresh.v.v[i], m->wanted.v.v[i]));
	network_list_done(&fresh);
	for (size_t i = 0; i < m->wanted.v.n; i++) {
		struct prefix p = m->wanted.v.v[i];

		if (prefix_family(p) == FAMILY_6)
			assert_true(ip_compare(prefix_last(p), ip_from_v4(0)) < 0 ||
				    ip_compare(p.ip, ip_from_v4(UINT32_MAX)) > 0);
	}
	for (unsigned i = 0; i < universe_cells(m->u); i++) {
		struct ip first = universe_first(m->u, i), last = universe_last(m->u, i);
		bool banned = i != m->u->hole && !m->allowed[i] && list_covers(m->bans.v, m->bans.n, first);

		assert_int_equal(list_covers(m->wanted.v.v, m->wanted.v.n, first), banned);
		if (ip_family(last) == ip_family(first)) /* else the block of IPv4 ends this cell */
			assert_int_equal(list_covers(m->wanted.v.v, m->wanted.v.n, last), banned);
	}
}

static void test_pieces(void **state) {
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		uint64_t random = seed;
		struct model m = { .u = &universes[seed % ARRAY_LEN(universes)] };
		struct ban_pieces pieces = { 0 };
		unsigned at, size;

		allow_some(&m, &random);
		for (unsigned step = 0; step < 60; step++) {
			struct prefix p = universe_random(m.u, &random, 9, &at, &size);

			if (m.bans.n && random_below(&random, 5) < 2) {
				size_t i = random_below(&random, (unsigned)m.bans.n);

				p = m.bans.v[i];
				m.bans.v[i] = m.bans.v[--m.bans.n];
				ban_pieces_remove(&pieces, p, &m.allow, removed, &m);
			} else if (!random_below(&random, 6)) {
				for (size_t i = 0; i < m.bans.n; i++)
					if (prefix_equal(m.bans.v[i], p))
						m.bans.v[i--] = m.bans.v[--m.bans.n];
				ban_pieces_remove(&pieces, p, &m.allow, removed, &m); /* mostly not banned at all */
			} else {
				bool again = false;

				for (size_t i = 0; i < m.bans.n; i++)
					again = again || prefix_equal(m.bans.v[i], p);
				if (!again)
					vec_push(&m.bans, p);
				ban_pieces_add(&pieces, p, &m.allow, added, &m);
			}
			take_told(&m);
			check_model(&m);
		}
		for (; m.bans.n; m.bans.n--)
			ban_pieces_remove(&pieces, m.bans.v[m.bans.n - 1], &m.allow, removed, &m);
		take_told(&m);
		assert_int_equal(m.wanted.v.n, 0);
		assert_int_equal(pieces.used, 0);
		ban_pieces_done(&pieces);
		network_list_done(&m.wanted);
		prefix_set_done(&m.allow);
		vec_done(&m.bans);
		vec_done(&m.told);
	}
}

/* A target that holds times, and does what it is told to. */
struct fake {
	struct ban_sink sink;
	VEC(struct sink_entry) held;
	int fail_prepare, fail_list, fail_apply;
	size_t fail_after;     /* changes that apply makes before it fails */
	size_t calls, changes; /* of apply */
};

static void fake_set(struct fake *f, struct prefix network, int64_t left_ms) {
	for (size_t i = 0; i < f->held.n; i++)
		if (prefix_equal(f->held.v[i].network, network)) {
			f->held.v[i].left_ms = left_ms;
			return;
		}
	vec_push(&f->held, (struct sink_entry){ network, left_ms });
}

static bool fake_drop(struct fake *f, struct prefix network) {
	for (size_t i = 0; i < f->held.n; i++)
		if (prefix_equal(f->held.v[i].network, network)) {
			f->held.v[i] = f->held.v[--f->held.n];
			return true;
		}
	return false;
}

static int fake_prepare(struct ban_sink *s, char **ret_why) {
	const struct fake *f = (struct fake *)s;

	return f->fail_prepare ? ban_sink_why(ret_why, f->fail_prepare, "no table") : 0;
}

static int fake_apply(struct ban_sink *s, const struct sink_change *changes, size_t n, char **ret_why) {
	struct fake *f = (struct fake *)s;

	f->calls++;
	for (size_t i = 0; i < n; i++) {
		if (f->fail_apply && i == f->fail_after)
			break;
		f->changes++;
		if (changes[i].remove)
			(void)fake_drop(f, changes[i].entry.network);
		else
			fake_set(f, changes[i].entry.network, changes[i].entry.left_ms);
	}
	f->sink.unreadable = 0;
	return f->fail_apply ? ban_sink_why(ret_why, f->fail_apply, "no room") : 0;
}

static int fake_list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user,
		     char **ret_why) {
	const struct fake *f = (struct fake *)s;

	if (f->fail_list)
		return ban_sink_why(ret_why, f->fail_list, "no answer");
	for (size_t i = f->held.n; i-- > 0;)
		fn(&f->held.v[i], user);
	return 0;
}

static const struct ban_sink_kind timed = {
	.name = "timed", .expires = true, .prepare = fake_prepare, .apply = fake_apply, .list = fake_list
};
static const struct ban_sink_kind carved = {
	.name = "carved", .carves = true, .prepare = fake_prepare, .apply = fake_apply, .list = fake_list
};

static void fake_init(struct fake *f, const struct ban_sink_kind *kind, const struct prefix_set *allow) {
	*f = (struct fake){ .sink = { .kind = kind, .working = true, .config.allow = allow } };
}

static void fake_done(struct fake *f) {
	ban_pieces_done(&f->sink.bans);
	free(f->sink.why);
	vec_done(&f->held);
}

static void test_reconcile_times(void **state) {
	const struct sink_entry bans[] = {
		{ prefix_of("2001:db8:1::/48"), 3600000 },   { prefix_of("2001:db8:1:1::/64"), 60000 },
		{ prefix_of("192.0.2.1/32"), 60000 },        { prefix_of("192.0.2.2/32"), 1500 },
		{ prefix_of("2001:db8:1:1::/64"), 1800000 },
	};
	struct prefix_set allow = PREFIX_SET_INIT;
	struct fake f;
	char *why = NULL;

	(void)state;
	fake_init(&f, &timed, &allow);
	assert_int_equal(ban_sink_reconcile(&f.sink, bans, ARRAY_LEN(bans), 42, &why), 0);
	assert_int_equal(f.held.n, 3);
	assert_int_equal(f.sink.drift.missing, 3); /* the one that is about to end is left to end */
	assert_int_equal(f.sink.drift.at_ms, 42);
	assert_int_equal(ban_sink_reconcile(&f.sink, bans, ARRAY_LEN(bans), 43, &why), 0);
	assert_int_equal(f.calls, 1);
	assert_int_equal(f.sink.drift.at_ms, 42);

	fake_set(&f, bans[0].network, 3600000 - SINK_SLACK_MS);
	assert_int_equal(ban_sink_reconcile(&f.sink, bans, ARRAY_LEN(bans), 44, &why), 0);
	assert_int_equal(f.calls, 1);

	fake_set(&f, bans[0].network, 3600000 - SINK_SLACK_MS - 1);
	fake_set(&f, bans[1].network, INT64_MAX);
	assert_true(fake_drop(&f, bans[2].network));
	fake_set(&f, prefix_of("203.0.113.0/24"), INT64_MAX);
	fake_set(&f, prefix_of("203.0.113.0/25"), 1000);
	assert_int_equal(ban_sink_reconcile(&f.sink, bans, ARRAY_LEN(bans), 45, &why), 0);
	assert_int_equal(f.sink.drift.wrong_time, 2);
	assert_int_equal(f.sink.drift.missing, 1);
	assert_int_equal(f.sink.drift.foreign, 1);
	assert_int_equal(f.sink.drift.at_ms, 45);
	for (size_t i = 0; i < f.held.n; i++)
		if (prefix_equal(f.held.v[i].network, bans[1].network))
			assert_int_equal(f.held.v[i].left_ms, 1800000);
	assert_true(fake_drop(&f, prefix_of("203.0.113.0/25")));
	assert_int_equal(f.held.n, 3);

	f.sink.unreadable = 0;
	assert_int_equal(ban_sink_reconcile(&f.sink, NULL, 0, 46, &why), 0);
	assert_int_equal(f.held.n, 0);
	assert_int_equal(f.sink.drift.foreign, 3);
	assert_null(why);
	fake_done(&f);
}

static void test_failures(void **state) {
	const struct sink_change bans[] = { { { prefix_of("2001:db8:1::/64"), 60000 }, false },
					    { { prefix_of("2001:db8:2::/64"), 60000 }, false } };
	const struct sink_entry wanted[] = { bans[0].entry, bans[1].entry };
	struct prefix_set allow = PREFIX_SET_INIT;
	struct fake f;
	char *why = NULL;

	(void)state;
	fake_init(&f, &carved, &allow);
	f.fail_apply = -ENOSPC;
	f.fail_after = 1;
	assert_int_equal(ban_sink_apply(&f.sink, bans, 2, &why), -ENOSPC);
	assert_string_equal(why, "no room");
	free(TAKE_PTR(why));
	assert_false(f.sink.working);
	assert_string_equal(f.sink.why, "no room");

	/* What did not answer is not waited for again; what was asked for meanwhile is not forgotten. */
	f.fail_apply = -ETIMEDOUT;
	f.fail_after = 0;
	assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ bans[0].entry, true }, 1, &why), -ETIMEDOUT);
	free(TAKE_PTR(why));
	assert_int_equal(f.calls, 2);
	f.fail_apply = 0;
	assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ bans[0].entry, false }, 1, &why), -ETIMEDOUT);
	assert_string_equal(why, "no room");
	free(TAKE_PTR(why));
	assert_int_equal(f.calls, 2);

	f.fail_prepare = -ENOENT;
	assert_int_equal(ban_sink_reconcile(&f.sink, wanted, 2, 1, &why), -ENOENT);
	assert_string_equal(why, "no table");
	free(TAKE_PTR(why));

	/* A ban that is there already changes nothing: that is no proof that the sink works. */
	assert_int_equal(ban_sink_apply(&f.sink, bans, 1, &why), -EIO);
	assert_string_equal(why, "no table");
	free(TAKE_PTR(why));
	assert_false(f.sink.working);
	assert_int_equal(f.calls, 2);
	f.fail_prepare = 0;
	f.fail_list = -ETIMEDOUT;
	assert_int_equal(ban_sink_reconcile(&f.sink, wanted, 2, 2, &why), -ETIMEDOUT);
	assert_string_equal(f.sink.why, "no answer");
	free(TAKE_PTR(why));
	assert_int_equal(f.sink.drift.at_ms, 0);
	f.fail_list = 0;
	assert_int_equal(ban_sink_reconcile(&f.sink, wanted, 2, 3, &why), 0);
	assert_true(f.sink.working);
	assert_null(f.sink.why);
	assert_int_equal(f.held.n, 2);
	assert_int_equal(f.sink.drift.missing, 1);
	assert_int_equal(f.sink.drift.foreign, 0);

	/* What is no network is cleaned by an apply() without changes. */
	f.calls = 0;
	assert_int_equal(ban_sink_apply(&f.sink, NULL, 0, &why), 0);
	assert_int_equal(f.calls, 0);
	fake_done(&f);
}

/* The piece that two bans share goes with the last of them, before and after a reconcile. */
static void test_shared_piece(void **state) {
	const struct sink_entry broad = { prefix_of("2001:db8:1::/48"), 60000 },
				narrow = { prefix_of("2001:db8:1::/56"), 60000 };
	struct prefix_set allow = PREFIX_SET_INIT;
	struct fake f;
	char *why = NULL;
	size_t all;

	(void)state;
	prefix_set_add(&allow, prefix_of("2001:db8:1:7::/64"));
	for (unsigned restarted = 0; restarted < 2; restarted++) {
		fake_init(&f, &carved, &allow);
		if (restarted)
			assert_int_equal(
				ban_sink_reconcile(&f.sink, (struct sink_entry[]){ broad, narrow }, 2, 1, &why), 0);
		else
			assert_int_equal(ban_sink_apply(&f.sink,
							(struct sink_change[]){ { broad, false }, { narrow, false } },
							2, &why),
					 0);
		assert_int_equal(f.held.n, 16); /* one for each bit between /48 and /64; /56's eight are among them */
		all = f.changes;
		assert_int_equal(all, 16);
		assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ narrow, true }, 1, &why), 0);
		assert_int_equal(f.changes, all);
		assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ narrow, false }, 1, &why), 0);
		assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ broad, true }, 1, &why), 0);
		assert_int_equal(f.held.n, 8);
		assert_int_equal(ban_sink_apply(&f.sink, &(struct sink_change){ narrow, true }, 1, &why), 0);
		assert_int_equal(f.held.n, 0);
		fake_done(&f);
	}
	prefix_set_done(&allow);
}

/* A hundred thousand of both families, nested; the second run finds nothing to do. */
static void test_many(void **state) {
	enum { N = 100000 };
	struct sink_entry *bans = calloc(N, sizeof(*bans));
	struct prefix_set allow = PREFIX_SET_INIT;
	struct ban_sink *s = NULL;
	uint64_t seed = 7;
	char *why = NULL;

	(void)state;
	assert_non_null(bans);
	prefix_set_add(&allow, prefix_of("2001:db8:1:2::/64"));
	prefix_set_add(&allow, prefix_of("198.51.100.7/32"));
	prefix_set_normalise(&allow);
	for (size_t i = 0; i < N; i++) {
		struct ip ip = { UINT64_C(0x20010db8) << 32 | (uint32_t)random_next(&seed), 0 };

		if (i % 2)
			ip = ip_from_v4(0xc6336400 ^ random_below(&seed, 1 << 24));
		bans[i] = (struct sink_entry){ prefix_around(ip, i % 2 ? 128 - i % 16 / 8 * 8 : 64 - i % 16), 60000 };
	}
	assert_int_equal(ban_sink_open("dry", &(struct ban_sink_config){ .allow = &allow }, &s, &why), 0);
	assert_int_equal(ban_sink_reconcile(s, bans, N, 1, &why), 0);
	assert_true(s->drift.missing > N / 2);
	assert_int_equal(ban_sink_reconcile(s, bans, N, 2, &why), 0);
	assert_int_equal(s->drift.at_ms, 1);
	assert_int_equal(ban_sink_reconcile(s, bans, N / 2, 3, &why), 0);
	assert_true(s->drift.foreign > 0);
	assert_int_equal(ban_sink_reconcile(s, NULL, 0, 4, &why), 0);
	ban_sink_close(s);
	free(bans);
	prefix_set_done(&allow);
}

static void test_open(void **state) {
	static const char *const bad[] = { "", "nothing", "nothing:at/all", "dry:now", ":" };
	struct prefix_set allow = PREFIX_SET_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ban_sink *s = NULL;
		char *why = NULL;

		assert_int_equal(ban_sink_open(bad[i], &(struct ban_sink_config){ .allow = &allow }, &s, &why),
				 -EINVAL);
		assert_null(s);
		assert_non_null(why);
		free(why);
	}
	ban_sink_close(NULL);
	for (size_t i = 0; ban_sink_list[i]; i++)
		assert_false(ban_sink_list[i]->carves && ban_sink_list[i]->expires);
}

static void keep_text(const char *text, void *user) {
	char **kept = user;
	char *all = NULL;

	assert_true(asprintf(&all, "%s%s\n", *kept ? *kept : "", text) > 0);
	free(*kept);
	*kept = all;
}

static void test_dry(void **state) {
	struct prefix_set allow = PREFIX_SET_INIT;
	struct ban_sink *s = NULL;
	char *said = NULL, *why = NULL;
	struct sink_change c = { { prefix_of("2001:db8::/62"), 59001 }, false };

	(void)state;
	prefix_set_add(&allow, prefix_of("2001:db8:0:1::/64"));
	assert_int_equal(ban_sink_open("dry", &(struct ban_sink_config){ NULL, &allow, keep_text, &said }, &s, &why),
			 0);
	assert_string_equal(s->spec, "dry");
	assert_int_equal(ban_sink_apply(s, &c, 1, &why), 0);
	assert_int_equal(ban_sink_reconcile(s, &c.entry, 1, 1, &why), 0);
	c.remove = true;
	assert_int_equal(ban_sink_apply(s, &c, 1, &why), 0);
	assert_string_equal(said, "would ban 2001:db8::/64 for 60 s\nwould ban 2001:db8:0:2::/63 for 60 s\n"
				  "would unban 2001:db8::/64\nwould unban 2001:db8:0:2::/63\n");
	ban_sink_close(s);
	free(said);
	prefix_set_done(&allow);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),   cmocka_unit_test(test_reconcile_times),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_shared_piece),
		cmocka_unit_test(test_many),     cmocka_unit_test(test_open),
		cmocka_unit_test(test_dry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
