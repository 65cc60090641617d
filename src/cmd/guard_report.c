/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/guard_report.h"

#include <inttypes.h>
#include <string.h>

enum { LINE_MAX_LEN = 1024 };

const char *guard_span(int64_t ms, char room[static GUARD_SPAN_MAX]) {
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (ms % units[i].ms == 0) {
			(void)snprintf(room, GUARD_SPAN_MAX, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
			break;
		}
	}
	return room;
}

/* Appends to a text of limited length. */
struct text {
	char s[LINE_MAX_LEN];
	size_t n;
};

static void add(struct text *t, const char *fmt, ...) _printf_(2, 3);
static void add(struct text *t, const char *fmt, ...) {
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->n, sizeof(t->s) - t->n, fmt, ap);
	va_end(ap);
	t->n = MIN(t->n + (size_t)MAX(n, 0), sizeof(t->s) - 1);
}

static void report_text(struct emit *e, const struct ban *b) {
	char prefix[PREFIX_TEXT_MAX], at[GUARD_TIME_MAX], until[GUARD_TIME_MAX], first[GUARD_TIME_MAX];
	char window[GUARD_SPAN_MAX];
	const struct evidence *v = &b->evidence;
	struct text t = { .n = 0 };

	(void)prefix_format(b->network, prefix);
	add(&t, "%s %s until %s %s", guard_time(b->at_ms, at), prefix, guard_time(b->until_ms, until), b->rule);
	if (b->origin == BAN_BY_RULE) {
		add(&t, ": %" PRIu32 " requests within %s, since %s", v->count, guard_span(v->window_ms, window),
		    guard_time(v->first_ms, first));
		if (v->children)
			add(&t, ", from %" PRIu32 " networks or more", v->children);
		if (v->ratio > 0)
			add(&t, ", %.0f %% of all its requests", v->ratio * 100);
		if (b->repetition > 1)
			add(&t, ", ban %" PRIu32, b->repetition);
	} else if (b->comment) {
		add(&t, ": %s", b->comment);
	}
	emit_str(e, NULL, (struct str){ t.s, t.n });
}

/* "/56" of IPv6, "/32" of IPv4. */
static unsigned level_len(const struct explain *x) {
	return prefix_text_len(x->network);
}

static void levels_text(struct emit *e, const struct ban *b, const struct explain *levels, size_t n) {
	for (size_t i = 0; i < n; i++) {
		const struct explain *x = &levels[i];
		struct text t = { .n = 0 };

		add(&t, "    %c /%u: %" PRIu32 " of %" PRIu32 " requests",
		    prefix_equal(x->network, b->network) ? '*' : ' ', level_len(x), x->now.count, x->level->count);
		if (x->level->children)
			add(&t, ", %" PRIu32 " of %" PRIu32 " /%us", x->now.children, x->level->children,
			    prefix_text_len((struct prefix){ x->network.ip, x->level->child_len }));
		if (x->level->ratio > 0)
			add(&t, ", ratio %.2f of %.2f", x->now.ratio, x->level->ratio);
		emit_str(e, NULL, (struct str){ t.s, t.n });
	}
	for (unsigned i = 0; i < 2; i++) {
		const char *line = i ? b->evidence.last : b->evidence.first;
		struct text t = { .n = 0 };

		add(&t, "      %s %s", i ? "last: " : "first:", line ? line : "(not kept any more)");
		emit_str(e, NULL, (struct str){ t.s, t.n });
	}
}

static void levels_object(struct emit *e, const struct ban *b, const struct explain *levels, size_t n) {
	char prefix[PREFIX_TEXT_MAX];

	emit_text(e, "first_line", b->evidence.first);
	emit_text(e, "last_line", b->evidence.last);
	emit_list(e, "levels");
	for (size_t i = 0; i < n; i++) {
		const struct explain *x = &levels[i];

		(void)prefix_format(x->network, prefix);
		emit_object(e, NULL);
		emit_text(e, "prefix", prefix);
		emit_uint(e, "count", x->now.count);
		emit_uint(e, "needed", x->level->count);
		if (x->level->children) {
			emit_uint(e, "children", x->now.children);
			emit_uint(e, "children_needed", x->level->children);
		}
		if (x->level->ratio > 0) {
			emit_real(e, "ratio", x->now.ratio);
			emit_real(e, "ratio_needed", x->level->ratio);
		}
		emit_end(e);
	}
	emit_end(e);
}

static void evidence_object(struct emit *e, const struct ban *b, const struct explain *levels, size_t n) {
	const struct evidence *v = &b->evidence;
	char room[GUARD_TIME_MAX], client[IP_TEXT_MAX];

	(void)ip_format(v->client, client);
	emit_object(e, "evidence");
	emit_uint(e, "repetition", b->repetition);
	emit_uint(e, "window", (uint64_t)v->window_ms / 1000);
	emit_text(e, "first", guard_time(v->first_ms, room));
	emit_text(e, "client", client);
	if (v->children)
		emit_uint(e, "children", v->children);
	if (v->ratio > 0)
		emit_real(e, "ratio", v->ratio);
	if (levels)
		levels_object(e, b, levels, n);
	emit_end(e);
}

static void report_object(struct emit *e, const struct ban *b, const struct explain *levels, size_t n) {
	char prefix[PREFIX_TEXT_MAX], room[GUARD_TIME_MAX];

	(void)prefix_format(b->network, prefix);
	emit_object(e, NULL);
	emit_text(e, "prefix", prefix);
	emit_text(e, "at", guard_time(b->at_ms, room));
	emit_text(e, "until", guard_time(b->until_ms, room));
	emit_text(e, "rule", b->rule);
	emit_uint(e, "count", b->evidence.count);
	if (b->origin == BAN_BY_RULE)
		evidence_object(e, b, levels, n);
	else
		emit_text(e, "comment", b->comment);
	emit_end(e);
}

void guard_report_ban(struct emit *e, const struct ban *b, const struct explain *levels, size_t n) {
	if (e->format != EMIT_TEXT) {
		report_object(e, b, levels, n);
		return;
	}
	report_text(e, b);
	if (levels)
		levels_text(e, b, levels, n);
}

_Static_assert(LINE_MAX_LEN > PIPELINE_SAMPLE_MAX + 256, "a sample and a reason fit into a line");

static void report_sample(struct emit *e, const struct pipeline_sample *s) {
	struct text t = { .n = 0 };

	add(&t, "hextet:   line %" PRIu64 ": %s: ", s->line, log_reason_text(s->reason));
	memcpy(t.s + t.n, s->text, s->len); /* any bytes */
	emit_str(e, NULL, (struct str){ t.s, t.n + s->len });
}

void guard_report_unparsed(const struct pipeline_log *l) {
	uint64_t all = l->lines - l->parsed;
	struct emit e;

	if (!all)
		return;
	emit_init(&e, stderr, EMIT_TEXT);
	(void)fprintf(stderr, "hextet: %s: %" PRIu64 " of %" PRIu64 " lines could not be parsed\n", l->name, all,
		      l->lines);
	for (unsigned reason = 0; reason < _LOG_REASON_MAX; reason++)
		if (l->unparsed[reason])
			(void)fprintf(stderr, "hextet:   %" PRIu64 ": %s\n", l->unparsed[reason],
				      log_reason_text(reason));
	for (size_t i = 0; i < PIPELINE_SAMPLES; i++)
		if (l->sample[i].line)
			report_sample(&e, &l->sample[i]);
	(void)emit_done(&e);
}
