/* SPDX-License-Identifier: Apache-2.0 */
/* The manual says what the members mean, tests/trial/report.schema.json which there are; trial_load.c reads them. */
#include <math.h>
#include <time.h>

#include "base/emit.h"
#include "probe/stat.h"
#include "probe/trial_report.h"

static void emit_finding(const struct finding *f, struct emit *e) {
	emit_object(e, NULL);
	emit_text(e, "kind", finding_kind_to_str(f->kind));
	emit_uint(e, "family", f->family);
	emit_str(e, "detail", f->detail);
	if (f->diff.len)
		emit_str(e, "diff", f->diff);
	emit_end(e);
}

static void emit_median(const struct fetch_times *t, struct emit *e) {
	emit_object(e, "median");
	emit_uint(e, "dns_us", t->dns_us);
	emit_uint(e, "connect_us", t->connect_us);
	emit_uint(e, "tls_us", t->tls_us);
	emit_uint(e, "first_byte_us", t->first_byte_us);
	emit_uint(e, "total_us", t->total_us);
	emit_end(e);
}

static void emit_percentile(const struct trial_samples *s, struct emit *e) {
	uint32_t *totals = reallocarray(NULL, s->times.n, sizeof(*totals));

	if (!totals)
		return;
	for (size_t i = 0; i < s->times.n; i++)
		totals[i] = s->times.v[i].total_us;
	stat_sort(totals, s->times.n);
	emit_uint(e, "p95_total_us", (uint64_t)llround(stat_quantile(totals, s->times.n, 0.95)));
	free(totals);
}

/* Times of a family that gave no whole answer are left out. */
static void emit_family(const struct trial_result *r, unsigned side, struct emit *e) {
	const struct trial_samples *s = &r->samples[side];
	char address[IP_TEXT_MAX];

	emit_object(e, side ? "ipv6" : "ipv4");
	if (r->address[side].hi || r->address[side].lo) {
		(void)ip_format(r->address[side], address);
		emit_text(e, "address", address);
	} else {
		emit_null(e, "address");
	}
	emit_uint(e, "status", r->status[side]);
	emit_uint(e, "fetched", s->fetched);
	emit_uint(e, "failed", s->failed);
	if (s->times.n) {
		emit_median(&s->median, e);
		emit_percentile(s, e);
		emit_list(e, "totals_us");
		for (size_t i = 0; i < s->times.n; i++)
			emit_uint(e, NULL, s->times.v[i].total_us);
		emit_end(e);
	}
	emit_end(e);
}

static void emit_result(const struct trial_result *r, const char *started, struct emit *e) {
	emit_object(e, NULL);
	emit_text(e, "url", r->target->url);
	emit_text(e, "name", trial_report_name(r));
	emit_text(e, "started", started);
	emit_bool(e, "same", !r->findings.list.n);
	emit_list(e, "findings");
	for (size_t i = 0; i < r->findings.list.n; i++)
		emit_finding(&r->findings.list.v[i], e);
	emit_end(e);
	emit_family(r, 0, e);
	emit_family(r, 1, e);
	emit_real(e, "p_value", r->p_value);
	if (r->time_note.len)
		emit_str(e, "note", r->time_note);
	trial_report_client_emit(r, e);
	emit_end(e);
}

void trial_report_emit(const struct trial *t, struct emit *e) {
	const time_t started = (time_t)t->started;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&started, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	emit_list(e, NULL);
	for (uint32_t i = 0; i < t->n; i++)
		emit_result(&t->results[i], text, e);
	emit_end(e);
}
