/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured of clients, in each report but JUnit, which only has findings. All texts in it are our own. */
#include "base/emit.h"
#include "probe/trial_client.h"
#include "probe/trial_report.h"

static double ms(int64_t us) {
	return (double)us / 1000;
}

static const char *ip_text(struct ip ip, char ret_text[static IP_TEXT_MAX]) {
	(void)ip_format(ip, ret_text);
	return ret_text;
}

static bool is_some(struct ip ip) {
	return ip.hi || ip.lo;
}

static unsigned winner_family(const struct happy *h) {
	return h->winner < 0 ? 0 : ip_family(h->attempts[h->winner].ip);
}

static int64_t won_us(const struct happy *h) {
	return h->winner < 0 ? 0 : h->attempts[h->winner].ended_us;
}

static void put_race(const struct trial_happy *t, const char *indent, FILE *out) {
	const struct happy *h = &t->result.race;
	char text[IP_TEXT_MAX];

	for (uint32_t i = 0; i < h->n; i++)
		(void)fprintf(out, "%s%8.1f ms  %-39s  %s after %.1f ms\n", indent, ms(h->attempts[i].begun_us),
			      ip_text(h->attempts[i].ip, text), happy_end_to_str(h->attempts[i].end),
			      ms(h->attempts[i].ended_us - h->attempts[i].begun_us));
}

static void put_summary(const struct trial_happy *t, FILE *out) {
	const struct happy *h = &t->result.race;
	const struct happy_attempt *alone = &t->result.alone;

	if (h->winner < 0)
		(void)fputs("a dual-stack client gets no connection", out);
	else
		(void)fprintf(out, "a dual-stack client gets %s after %.1f ms, request: %s",
			      trial_report_family(winner_family(h)), ms(won_us(h)), fetch_problem_to_str(t->request));
	if (is_some(alone->ip))
		(void)fprintf(out, "; without Happy Eyeballs %s: %s after %.1f ms",
			      trial_report_family(ip_family(alone->ip)), happy_end_to_str(alone->end),
			      ms(alone->ended_us));
}

static void put_path(const struct trial_path *p, FILE *out) {
	static const char *const meanings[_PATH_VERDICT_MAX] = {
		[PATH_GOOD] = "a request that fills packets is answered",
		[PATH_TO_SERVER] = "large packets are lost on the way to the server",
		[PATH_FROM_SERVER] = "large packets are lost on the way from the server",
		[PATH_SERVER] = "the server is silent, in small packets as well",
		[PATH_NONE] = "not tried: no connection",
	};
	char text[IP_TEXT_MAX];

	(void)fprintf(out, "path MTU over %s", trial_report_family(p->family));
	if (is_some(p->address))
		(void)fprintf(out, " to %s", ip_text(p->address, text));
	if (p->mtu)
		(void)fprintf(out, ": %u", p->mtu);
	(void)fprintf(out, " (%s)", meanings[p->verdict]);
}

void trial_report_client_text(const struct trial_result *r, FILE *out) {
	if (r->happy) {
		(void)fputs("  ", out);
		put_summary(r->happy, out);
		(void)fputs("\n", out);
		put_race(r->happy, "    ", out);
	}
	for (uint32_t i = 0; i < r->path_count; i++) {
		(void)fputs("  ", out);
		put_path(&r->paths[i], out);
		(void)fputs("\n", out);
	}
}

void trial_report_client_html(const struct trial_result *r, FILE *out) {
	if (r->happy) {
		(void)fputs("<p>", out);
		put_summary(r->happy, out);
		(void)fputs("</p>\n<pre>", out);
		put_race(r->happy, "", out);
		(void)fputs("</pre>\n", out);
	}
	for (uint32_t i = 0; i < r->path_count; i++) {
		(void)fputs("<p>", out);
		put_path(&r->paths[i], out);
		(void)fputs("</p>\n", out);
	}
}

static void emit_ip(struct emit *e, const char *name, struct ip ip) {
	char text[IP_TEXT_MAX];

	emit_text(e, name, is_some(ip) ? ip_text(ip, text) : NULL);
}

static void emit_attempt(struct emit *e, const char *name, const struct happy_attempt *a) {
	emit_object(e, name);
	emit_ip(e, "address", a->ip);
	emit_uint(e, "begun_us", (uint64_t)a->begun_us);
	emit_uint(e, "ended_us", (uint64_t)a->ended_us);
	emit_text(e, "end", happy_end_to_str(a->end));
	emit_end(e);
}

static void emit_answer(struct emit *e, const char *name, const struct happy_result *r, unsigned side) {
	emit_object(e, name);
	emit_uint(e, "addresses", r->race.answers[side].n);
	if (r->unanswered[side])
		emit_null(e, "us");
	else
		emit_uint(e, "us", (uint64_t)r->race.answers[side].at_us);
	emit_end(e);
}

static void emit_happy(struct emit *e, const struct trial_happy *t) {
	const struct happy *h = &t->result.race;

	emit_object(e, "happy_eyeballs");
	emit_uint(e, "family", winner_family(h));
	emit_uint(e, "after_us", (uint64_t)won_us(h));
	if (h->winner >= 0)
		emit_text(e, "request", fetch_problem_to_str(t->request));
	emit_answer(e, "a", &t->result, 0);
	emit_answer(e, "aaaa", &t->result, 1);
	emit_list(e, "attempts");
	for (uint32_t i = 0; i < h->n; i++)
		emit_attempt(e, NULL, &h->attempts[i]);
	emit_end(e);
	if (is_some(t->result.alone.ip))
		emit_attempt(e, "alone", &t->result.alone);
	emit_end(e);
}

void trial_report_client_emit(const struct trial_result *r, struct emit *e) {
	if (r->happy)
		emit_happy(e, r->happy);
	if (!r->path_count)
		return;
	emit_list(e, "path_mtu");
	for (uint32_t i = 0; i < r->path_count; i++) {
		emit_object(e, NULL);
		emit_uint(e, "family", r->paths[i].family);
		emit_ip(e, "address", r->paths[i].address);
		emit_uint(e, "mtu", r->paths[i].mtu);
		emit_text(e, "large", path_verdict_to_str(r->paths[i].verdict));
		emit_end(e);
	}
	emit_end(e);
}
