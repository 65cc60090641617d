/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy Eyeballs hides what is broken, and costs time for it; what it cannot hide is a family that connects and then
 * says nothing. Which of these it is, the first attempt, the winner and the request tell. What a family lacks
 * altogether (no record, nobody answers in either) is found by the fetches, and not again here.
 */
#include "probe/compare_parts.h"
#include "probe/trial_client.h"

static double ms(int64_t us) {
	return (double)us / 1000;
}

static const struct happy_attempt *first_of(const struct happy *h, enum family family) {
	for (uint32_t i = 0; i < h->n; i++)
		if (ip_family(h->attempts[i].ip) == family)
			return &h->attempts[i];
	return NULL;
}

static const char *text_of(struct arena *a, struct ip ip) {
	char text[IP_TEXT_MAX];

	(void)ip_format(ip, text);
	return arena_printf(a, "%s", text);
}

/* What a client without Happy Eyeballs has of it. */
static const char *alone_text(const struct happy_attempt *alone, struct arena *a) {
	const double took = ms(alone->ended_us - alone->begun_us);

	if (alone->end == HAPPY_WON)
		return arena_printf(a, "a client without Happy Eyeballs connects after %.1f ms", took);
	if (alone->end == HAPPY_NO_ANSWER)
		return arena_printf(a, "a client without Happy Eyeballs has no connection after %.0f ms", took);
	return arena_printf(a, "a client without Happy Eyeballs fails (%s)", happy_end_to_str(alone->end));
}

/* The AAAA answer had not come when the Resolution Delay was over. */
static bool judge_late(const struct trial_happy *h, struct arena *a, struct findings *ret) {
	const struct happy *race = &h->result.race;
	const struct happy_answer *a4 = &race->answers[0], *a6 = &race->answers[1];

	if (!race->n || !ip_is_v4(race->attempts[0].ip) || a6->at_us < a4->at_us + race->delays.resolution_us)
		return false;
	if (h->result.unanswered[1])
		(void)finding_add(ret, a, FINDING_TIME, 6,
				  "the name servers give no AAAA answer in %.0f ms: a dual-stack client waits %.0f ms "
				  "for it, then begins with IPv4; one without Happy Eyeballs waits for the answer",
				  ms(a6->at_us), ms(race->delays.resolution_us));
	else
		(void)finding_add(ret, a, FINDING_TIME, 6,
				  "the AAAA answer%s takes %.1f ms, that for A %.1f ms: a dual-stack client waits %.0f "
				  "ms for it, then begins with IPv4; one without Happy Eyeballs waits for both",
				  a6->n ? "" : " (there is none)", ms(a6->at_us), ms(a4->at_us),
				  ms(race->delays.resolution_us));
	return true;
}

/* IPv4 won though IPv6 was tried before it. */
static void judge_fallback(const struct trial_happy *h, struct arena *a, struct findings *ret) {
	const struct happy *race = &h->result.race;
	const struct happy_attempt *winner = &race->attempts[race->winner], *v6 = first_of(race, FAMILY_6);
	const char *at, *alone;

	if (!ip_is_v4(winner->ip) || !v6 || v6->begun_us > winner->begun_us)
		return;
	at = text_of(a, v6->ip);
	alone = alone_text(&h->result.alone, a);
	if (v6->end == HAPPY_REFUSED || v6->end == HAPPY_NO_ROUTE)
		(void)finding_add(
			ret, a, FINDING_UNREACHABLE, 6,
			"a dual-stack client tries IPv6 first, and %s %s: it uses IPv4 after %.1f ms and never "
			"says so; %s",
			at, v6->end == HAPPY_REFUSED ? "refuses" : "cannot be routed to",
			ms(winner->begun_us - v6->begun_us), alone);
	else
		(void)finding_add(ret, a, FINDING_TIME, 6,
				  "a dual-stack client waits %.0f ms for IPv6 (%s has not answered by then), then uses "
				  "IPv4; %s",
				  ms(winner->begun_us - v6->begun_us), at, alone);
}

void trial_race_judge(const struct trial_happy *h, struct arena *a, struct findings *ret) {
	const struct happy *race = &h->result.race;
	unsigned family;

	if (race->winner < 0)
		return;
	family = ip_family(race->attempts[race->winner].ip);
	if (!judge_late(h, a, ret))
		judge_fallback(h, a, ret);
	if (h->request == FETCH_STALLED)
		(void)finding_add(ret, a, FINDING_UNREACHABLE, family,
				  "%s wins the race and then stalls: a dual-stack client hangs, for it does not try "
				  "another address once it is connected (%.*s)",
				  compare_family(family), (int)h->why.len, h->why.s);
}
