/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for what other files will do: compare.c, stat.c, client_form.c, body_filter.c, trial_report.c. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/emit.h"
#include "probe/client_form.h"
#include "probe/stat.h"
#include "probe/trial.h"

static const char *const words[_FINDING_MAX] = { "unreachable", "status",   "redirect", "header", "body",
						 "certificate", "protocol", "time",     "client" };

const char *finding_kind_to_str(enum finding_kind k) {
	return words[k];
}

struct finding *finding_add(struct findings *f, struct arena *a, enum finding_kind kind, unsigned family,
			    const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	vec_push(&f->list,
		 (struct finding){ .kind = kind, .family = family, .detail = str_of(arena_vprintf(a, fmt, ap)) });
	va_end(ap);
	return &f->list.v[f->list.n - 1];
}

void compare_answers(const struct compare_options *o, const struct fetched *v4, const struct fetched *v6,
		     struct arena *a, struct findings *ret) {
	(void)o;
	if (v4->problem != FETCH_OK)
		(void)finding_add(ret, a, FINDING_UNREACHABLE, 4, "%s: %.*s", fetch_problem_to_str(v4->problem),
				  (int)v4->why.len, v4->why.s);
	if (v6->problem != FETCH_OK)
		(void)finding_add(ret, a, FINDING_UNREACHABLE, 6, "%s: %.*s", fetch_problem_to_str(v6->problem),
				  (int)v6->why.len, v6->why.s);
	if (v4->problem != FETCH_OK || v6->problem != FETCH_OK)
		return;
	if (v4->status != v6->status)
		(void)finding_add(ret, a, FINDING_STATUS, 0, "%u over IPv4, %u over IPv6", v4->status, v6->status);
	else if (!str_eq(v4->body, v6->body))
		(void)finding_add(ret, a, FINDING_BODY, 0, "%zu bytes over IPv4, %zu over IPv6", v4->body.len,
				  v6->body.len);
}

void compare_times(const struct compare_options *o, const struct fetch_times *v4, size_t n4,
		   const struct fetch_times *v6, size_t n6, struct arena *a, struct findings *ret, double *ret_p,
		   struct str *ret_note) {
	(void)o, (void)v4, (void)n4, (void)v6, (void)n6, (void)a, (void)ret;
	*ret_p = NAN;
	*ret_note = (struct str){ 0 };
}

double stat_median(const uint32_t *v, size_t n) {
	return n ? v[n / 2] : NAN;
}

struct ip client_form_ip4(void) {
	return ip_from_v4(0xc0000201);
}

struct ip client_form_ip6(void) {
	return (struct ip){ UINT64_C(0x20010db800000000), 1 };
}

void client_forms(struct ip ip4, struct ip ip6, struct arena *a, const struct client_form **ret_forms, size_t *ret_n) {
	static const struct client_form nobody = { .name = "none" };

	(void)ip4, (void)ip6, (void)a;
	*ret_forms = &nobody;
	*ret_n = 1;
}

void client_judge(const struct compare_options *o, unsigned family, const struct client_form *forms,
		  const struct fetched *const *answers, size_t n, struct arena *a, struct findings *ret) {
	(void)o, (void)family, (void)forms, (void)answers, (void)n, (void)a, (void)ret;
}

int body_filter_new(const char *text, struct arena *a, struct body_filter **ret_filter, const char **ret_why) {
	(void)text, (void)a, (void)ret_filter;
	*ret_why = "not yet";
	return -EINVAL;
}

void body_filter_free(struct body_filter *f) {
	(void)f;
}

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
