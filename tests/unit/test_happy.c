/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8305 under a clock that the test turns. A script says when each answer comes and what each address does; what is
 * expected is written out from the RFC's text, section by section.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "probe/trial_client.h"

enum { MS = 1000, NEVER = -1, SECOND = 1000 * MS };

/* What the addresses of a family do: the last digit of each is its place, from 1. */
struct script {
	int a_ms, aaaa_ms; /* when the answers come; NEVER */
	const char *ips4,
		*ips6; /* one letter each: (w)ins after 20 ms, (s)low: after 400 ms, (r)efuses after 5 ms, (d)ead */
};

static const struct happy_delays delays = { HAPPY_RESOLUTION_US, HAPPY_ATTEMPT_US, 5 * SECOND };

static struct ip ip_of(unsigned side, unsigned place) {
	return side ? (struct ip){ UINT64_C(0x20010db800000000), place } : ip_from_v4(0xc0000200 + place);
}

static void answer(struct happy *h, unsigned side, const char *letters, int64_t now) {
	struct ip ips[HAPPY_ADDRESSES_MAX + 4];
	uint32_t n = 0;

	for (; letters[n]; n++)
		ips[n] = ip_of(side, n + 1);
	happy_answer(h, side, ips, n, now);
}

static char letter_of(const struct script *s, struct ip ip) {
	return ip_is_v4(ip) ? s->ips4[(ip.lo & 0xff) - 1] : s->ips6[ip.lo - 1];
}

/* When and how an attempt ends by the script. */
static int64_t end_of(const struct script *s, const struct happy_attempt *a, enum happy_end *ret_end) {
	const char letter = letter_of(s, a->ip);

	*ret_end = letter == 'r' ? HAPPY_REFUSED : HAPPY_WON;
	return letter == 'd' ? INT64_MAX : a->begun_us + (letter == 'w' ? 20 : letter == 'r' ? 5 : 400) * MS;
}

/* Turns the clock a millisecond at a time. Returns "6.1@0=lost 4.1@250=won over@270". */
static const char *play(const struct script *s) {
	static char text[1024];
	struct happy h;
	int64_t now = 0;
	size_t at = 0;

	happy_init(&h, &delays);
	for (; now <= 60 * SECOND && !happy_is_over(&h); now += MS) {
		uint32_t index;

		if (s->a_ms != NEVER && now == s->a_ms * MS)
			answer(&h, 0, s->ips4, now);
		if (s->aaaa_ms != NEVER && now == s->aaaa_ms * MS)
			answer(&h, 1, s->ips6, now);
		for (uint32_t i = 0; i < h.n; i++) {
			enum happy_end end;

			if (h.attempts[i].end == HAPPY_PENDING && end_of(s, &h.attempts[i], &end) <= now)
				happy_end(&h, i, end, now);
		}
		happy_expire(&h, now);
		while (happy_begin(&h, now, &index))
			assert_int_equal(h.attempts[index].begun_us, now);
		if (!happy_is_over(&h))
			assert_true(happy_wake(&h) > now); /* a caller that sleeps till then never spins */
	}
	for (uint32_t i = 0; i < h.n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%u.%u@%d=%s ",
				       (unsigned)ip_family(h.attempts[i].ip), (unsigned)(h.attempts[i].ip.lo & 0xff),
				       (int)(h.attempts[i].begun_us / MS), happy_end_to_str(h.attempts[i].end));
	(void)snprintf(text + at, sizeof(text) - at, "over@%d", happy_is_over(&h) ? (int)(now / MS) - 1 : NEVER);
	return text;
}

static void test_rfc_8305(void **state) {
	static const struct {
		struct script script;
		const char *expected;
	} rows[] = {
		/* Section 3: AAAA first, or both: IPv6 at once. A first: up to 50 ms for AAAA. */
		{ { 0, 0, "w", "w" }, "6.1@0=won over@20" },
		{ { 90, 10, "w", "w" }, "6.1@10=won over@30" },
		{ { 10, 40, "w", "w" }, "6.1@40=won over@60" },
		{ { 10, 500, "w", "w" }, "4.1@60=won over@80" },
		{ { 10, NEVER, "w", "" }, "4.1@60=won over@80" },
		{ { 10, 30, "w", "" }, "4.1@30=won over@50" }, /* there is none: no more to wait for */
		{ { NEVER, 10, "", "w" }, "6.1@10=won over@30" },
		/* Section 3, last paragraphs: an answer that comes while attempts are under way joins in. */
		{ { 0, 100, "ddd", "w" }, "4.1@50=lost 6.1@300=won over@320" },
		{ { 100, 0, "w", "ddd" }, "6.1@0=lost 4.1@250=won over@270" },
		/* Section 4: the families alternate, then the rest of the longer one. */
		{ { 0, 0, "dw", "ddd" }, "6.1@0=lost 4.1@250=lost 6.2@500=lost 4.2@750=won over@770" },
		{ { 0, 0, "d", "ddw" }, "6.1@0=lost 4.1@250=lost 6.2@500=lost 6.3@750=won over@770" },
		/* Section 5: 250 ms between attempts, none once one is connected; a failure is followed at once. */
		{ { 0, 0, "w", "d" }, "6.1@0=lost 4.1@250=won over@270" },
		{ { 0, 0, "w", "r" }, "6.1@0=refused 4.1@5=won over@25" },
		{ { 0, 0, "w", "s" }, "6.1@0=lost 4.1@250=won over@270" },
		{ { 0, 0, "d", "s" }, "6.1@0=won 4.1@250=lost over@400" },
		{ { 0, 0, "rw", "rr" }, "6.1@0=refused 4.1@5=refused 6.2@10=refused 4.2@15=won over@35" },
		{ { 0, 0, "dd", "rw" }, "6.1@0=refused 4.1@5=lost 6.2@255=won over@275" },
		/* Nothing comes of it. */
		{ { 0, 0, "", "" }, "over@0" },
		{ { 0, 0, "r", "r" }, "6.1@0=refused 4.1@5=refused over@10" },
		{ { 0, 0, "d", "d" }, "6.1@0=no-answer 4.1@250=no-answer over@5250" },
		{ { 0, 300, "r", "r" }, "4.1@50=refused 6.1@300=refused over@305" },
		{ { 0, NEVER, "r", "" }, "4.1@50=refused over@-1" }, /* AAAA may still come */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(play(&rows[i].script), rows[i].expected);
}

static void test_no_more_than_fit(void **state) {
	const struct script s = { 0, 0, "rrrrrrrrrr", "rrrrrrrrrr" };
	unsigned n = 0;

	(void)state;
	for (const char *c = play(&s); (c = strstr(c, "=refused")); c++)
		n++;
	assert_int_equal(n, HAPPY_ATTEMPTS_MAX);
}

/* Findings of a race that is played, with what became of the request and of the client that has no race. */
static const char *judged(const struct happy *race, bool unanswered, enum happy_end alone, enum fetch_problem request) {
	static char text[2048];
	struct trial_happy h = { .result = { .race = *race,
					     .unanswered = { false, unanswered },
					     .alone = { .end = alone, .ended_us = 5 * SECOND } },
				 .request = request,
				 .why = STR("because") };
	struct findings found = { 0 };
	struct arena a = { 0 };
	size_t at = 0;

	trial_race_judge(&h, &a, &found);
	text[0] = '\0';
	for (size_t i = 0; i < found.list.n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %u %.*s\n",
				       finding_kind_to_str(found.list.v[i].kind), found.list.v[i].family,
				       (int)found.list.v[i].detail.len, found.list.v[i].detail.s);
	vec_done(&found.list);
	arena_done(&a);
	return text;
}

static void test_findings(void **state) {
	struct happy h;
	uint32_t i;

	(void)state;
	happy_init(&h, &delays);
	answer(&h, 0, "w", 0);
	answer(&h, 1, "w", 0);
	assert_true(happy_begin(&h, 0, &i));
	happy_end(&h, i, HAPPY_WON, 20 * MS);
	assert_string_equal(judged(&h, false, HAPPY_WON, FETCH_OK), "");
	assert_non_null(strstr(judged(&h, false, HAPPY_WON, FETCH_STALLED),
			       "unreachable 6 IPv6 wins the race and then stalls: a dual-stack client hangs"));
	assert_string_equal(judged(&h, false, HAPPY_WON, FETCH_UNTRUSTED), ""); /* the fetches say so */

	happy_init(&h, &delays);
	answer(&h, 0, "w", 0);
	answer(&h, 1, "d", 0);
	assert_true(happy_begin(&h, 0, &i));
	assert_true(happy_begin(&h, 250 * MS, &i));
	happy_end(&h, i, HAPPY_WON, 270 * MS);
	assert_non_null(strstr(judged(&h, false, HAPPY_NO_ANSWER, FETCH_OK),
			       "time 6 a dual-stack client waits 250 ms for IPv6"));
	assert_non_null(strstr(judged(&h, false, HAPPY_NO_ANSWER, FETCH_OK), "no connection after 5000 ms"));
	assert_non_null(strstr(judged(&h, false, HAPPY_NO_ANSWER, FETCH_STALLED), "unreachable 4 IPv4 wins the race"));

	happy_init(&h, &delays);
	answer(&h, 0, "w", 0);
	assert_true(happy_begin(&h, 50 * MS, &i));
	happy_end(&h, i, HAPPY_WON, 70 * MS);
	answer(&h, 1, "w", 500 * MS);
	assert_non_null(strstr(judged(&h, false, HAPPY_WON, FETCH_OK),
			       "time 6 the AAAA answer takes 500.0 ms, that for A 0.0 ms"));
	assert_non_null(strstr(judged(&h, true, HAPPY_WON, FETCH_OK), "give no AAAA answer in 500 ms"));
	h.answers[1].n = 0;
	assert_non_null(strstr(judged(&h, false, HAPPY_WON, FETCH_OK), "answer (there is none) takes"));
	h.answers[1].at_us = 49 * MS;
	assert_string_equal(judged(&h, false, HAPPY_WON, FETCH_OK), "");
}

/* Only the size of the packets differs between the fetches. */
static void test_path_verdicts(void **state) {
	static const struct {
		enum fetch_problem large, small, in_small_packets;
		enum path_verdict expected;
	} rows[] = {
		{ FETCH_OK, FETCH_OK, FETCH_OK, PATH_GOOD },
		{ FETCH_TOO_LARGE, FETCH_OK, FETCH_OK, PATH_GOOD },
		{ FETCH_STALLED, FETCH_OK, FETCH_OK, PATH_TO_SERVER },
		{ FETCH_CUT, FETCH_OK, FETCH_OK, PATH_TO_SERVER }, /* the server gave up waiting */
		{ FETCH_STALLED, FETCH_STALLED, FETCH_OK, PATH_FROM_SERVER },
		{ FETCH_OK, FETCH_STALLED, FETCH_OK, PATH_FROM_SERVER }, /* by then the MTU was known */
		{ FETCH_TIME, FETCH_TIME, FETCH_TOO_LARGE, PATH_FROM_SERVER },
		{ FETCH_STALLED, FETCH_OK, FETCH_STALLED, PATH_SERVER },
		{ FETCH_STALLED, FETCH_STALLED, FETCH_STALLED, PATH_SERVER },
		{ FETCH_REFUSED, FETCH_OK, FETCH_OK, PATH_NONE },
		{ FETCH_CONNECT_TIME, FETCH_OK, FETCH_OK, PATH_NONE },
		{ FETCH_UNTRUSTED, FETCH_OK, FETCH_OK, PATH_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(path_verdict(rows[i].large, rows[i].small, rows[i].in_small_packets),
				 rows[i].expected);
}

static void test_path_findings(void **state) {
	static const struct {
		struct trial_path path;
		const char *expected; /* NULL: nothing */
	} rows[] = {
		{ { FAMILY_6, { 0, 1 }, 1280, PATH_GOOD }, NULL },
		{ { FAMILY_4, { 0, 1 }, 600, PATH_GOOD }, NULL },
		{ { FAMILY_6, { 0, 1 }, 1500, PATH_SERVER }, NULL },
		{ { FAMILY_6, { 0, 1 }, 1200, PATH_GOOD }, "every link must carry 1280" },
		{ { FAMILY_6, { 0, 1 }, 1500, PATH_TO_SERVER }, "path-MTU black hole towards ::1" },
		{ { FAMILY_6, { 0, 1 }, 1500, PATH_FROM_SERVER }, "path-MTU black hole from ::1" },
		{ { FAMILY_4, { 0, IP4_MAPPED_LO | 1 }, 1500, PATH_TO_SERVER }, "fragmentation needed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct findings found = { 0 };
		struct arena a = { 0 };

		trial_path_judge(&rows[i].path, &a, &found);
		assert_int_equal(found.list.n, rows[i].expected != NULL);
		if (rows[i].expected) {
			assert_int_equal(found.list.v[0].kind, FINDING_UNREACHABLE);
			assert_int_equal(found.list.v[0].family, rows[i].path.family);
			assert_non_null(strstr(found.list.v[0].detail.s, rows[i].expected));
		}
		vec_done(&found.list);
		arena_done(&a);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc_8305),      cmocka_unit_test(test_no_more_than_fit),
		cmocka_unit_test(test_findings),      cmocka_unit_test(test_path_verdicts),
		cmocka_unit_test(test_path_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
