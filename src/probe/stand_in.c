/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for trial_report_text.c and trial_report_emit.c. */
#include "base/emit.h"
#include "probe/trial.h"

void trial_report_text(const struct trial *t, bool colour, FILE *out) {
	(void)colour;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct trial_result *r = &t->results[i];

		(void)fprintf(out, "%s: %u %u\n", r->target->name ? r->target->name : r->target->url, r->status[0],
			      r->status[1]);
		for (size_t k = 0; k < r->findings.list.n; k++)
			(void)fprintf(out, "  %s %u: %.*s\n", finding_kind_to_str(r->findings.list.v[k].kind),
				      r->findings.list.v[k].family, (int)r->findings.list.v[k].detail.len,
				      r->findings.list.v[k].detail.s);
	}
}

void trial_report_emit(const struct trial *t, struct emit *e) {
	emit_list(e, NULL);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct trial_result *r = &t->results[i];

		emit_object(e, NULL);
		emit_text(e, "url", r->target->url);
		emit_list(e, "findings");
		for (size_t k = 0; k < r->findings.list.n; k++) {
			const struct finding *f = &r->findings.list.v[k];

			emit_object(e, NULL);
			emit_text(e, "kind", finding_kind_to_str(f->kind));
			emit_uint(e, "family", f->family);
			emit_str(e, "detail", f->detail);
			emit_end(e);
		}
		emit_end(e);
		emit_end(e);
	}
	emit_end(e);
}

void trial_report_junit(const struct trial *t, FILE *out) {
	(void)fprintf(out, "<testsuite name=\"trial\" tests=\"%u\"/>\n", t->n);
}

void trial_report_html(const struct trial *t, FILE *out) {
	(void)fputs("<!doctype html><meta charset=utf-8><title>trial</title><pre>", out);
	trial_report_text(t, false, out);
}
