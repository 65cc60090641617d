/* SPDX-License-Identifier: Apache-2.0 */
/* jansson reads; every member is then asked for by name and type. What is missing is as if nothing had been measured.
 */
#include "probe/trial_load.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <time.h>

struct loading {
	struct arena *a;
	VEC(struct trial_result) results;
	int64_t started;
	const char *why;
};

static int refuse(struct loading *l, const char *what) {
	l->why = arena_printf(l->a, "result %zu: %s", l->results.n + 1, what);
	return -EINVAL;
}

static struct str text_of(struct loading *l, const json_t *object, const char *name) {
	const json_t *v = json_object_get(object, name);
	const size_t len = json_is_string(v) ? json_string_length(v) : 0;

	return (struct str){ len ? arena_dup(l->a, json_string_value(v), len) : "", len };
}

/* A number of 32 bits; 0 when it is none. */
static uint32_t number_of(const json_t *v) {
	const json_int_t n = json_integer_value(v);

	return json_is_integer(v) && n >= 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static uint32_t number(const json_t *object, const char *name) {
	return number_of(json_object_get(object, name));
}

static int load_finding(struct loading *l, const json_t *v, struct findings *ret) {
	struct finding f = { .family = number(v, "family"),
			     .detail = text_of(l, v, "detail"),
			     .diff = text_of(l, v, "diff") };

	if (finding_kind_from_str(text_of(l, v, "kind"), &f.kind) < 0)
		return refuse(l, "a finding without a known kind");
	if (f.family != 0 && f.family != 4 && f.family != 6)
		return refuse(l, "the family of a finding is 4, 6 or 0");
	vec_push(&ret->list, f);
	return 0;
}

static int load_family(struct loading *l, const json_t *v, unsigned side, struct trial_result *r) {
	struct trial_samples *s = &r->samples[side];
	const struct str address = text_of(l, v, "address");
	const json_t *median = json_object_get(v, "median"), *totals = json_object_get(v, "totals_us");

	if (address.len && ip_parse(address.s, address.len, &r->address[side], NULL) < 0)
		return refuse(l, "an address is none");
	r->status[side] = number(v, "status");
	s->fetched = number(v, "fetched");
	s->failed = number(v, "failed");
	s->median = (struct fetch_times){
		.dns_us = number(median, "dns_us"),
		.connect_us = number(median, "connect_us"),
		.tls_us = number(median, "tls_us"),
		.first_byte_us = number(median, "first_byte_us"),
		.total_us = number(median, "total_us"),
	};
	for (size_t i = 0; i < json_array_size(totals); i++)
		vec_push(&s->times, (struct fetch_times){ .total_us = number_of(json_array_get(totals, i)) });
	return 0;
}

static int load_parts(struct loading *l, const json_t *v, struct trial_result *r) {
	const json_t *findings = json_object_get(v, "findings"), *p = json_object_get(v, "p_value");
	int rc = 0;

	if (!json_is_array(findings))
		return refuse(l, "it has no list \"findings\"");
	for (size_t i = 0; i < json_array_size(findings) && rc == 0; i++)
		rc = load_finding(l, json_array_get(findings, i), &r->findings);
	if (rc == 0)
		rc = load_family(l, json_object_get(v, "ipv4"), 0, r);
	if (rc == 0)
		rc = load_family(l, json_object_get(v, "ipv6"), 1, r);
	r->p_value = json_is_number(p) ? json_number_value(p) : NAN;
	r->time_note = text_of(l, v, "note");
	return rc;
}

/* As far as it was read it is in the list, so that it is freed with the others. */
static int load_result(struct loading *l, const json_t *v) {
	struct trial_target *target = arena_new(l->a, struct trial_target);
	struct trial_result r = { .target = target };
	const struct str url = text_of(l, v, "url"), name = text_of(l, v, "name"), started = text_of(l, v, "started");
	struct tm tm = { 0 };
	int rc;

	if (l->results.n >= TRIAL_RESULTS_MAX)
		return refuse(l, "a report has at most a million results");
	if (!url.len || memchr(url.s, 0, url.len) || (name.len && memchr(name.s, 0, name.len)))
		return refuse(l, "it has no \"url\"; is this the JSON of 'hextet trial run --output json'?");
	target->url = url.s;
	target->name = name.len ? name.s : NULL;
	if (!l->started && started.len && strptime(started.s, "%Y-%m-%dT%H:%M:%SZ", &tm))
		l->started = timegm(&tm);
	rc = load_parts(l, v, &r);
	vec_push(&l->results, r);
	return rc;
}

static int load_value(struct loading *l, const json_t *v) {
	int r = 0;

	if (!json_is_array(v))
		return load_result(l, v);
	for (size_t i = 0; i < json_array_size(v) && r == 0; i++)
		r = load_result(l, json_array_get(v, i));
	return r;
}

static size_t blanks(const char *text, size_t len) {
	size_t n = 0;

	while (n < len && (text[n] == ' ' || text[n] == '\t' || text[n] == '\r' || text[n] == '\n'))
		n++;
	return n;
}

/* One value after the other: a list, or a result a line. */
static int load_all(struct loading *l, const char *text, size_t len) {
	int r = 0;

	for (size_t at = blanks(text, len); at < len && r == 0; at += blanks(text + at, len - at)) {
		json_error_t error;
		json_t *v = json_loadb(text + at, len - at, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);

		if (!v) {
			l->why = arena_printf(l->a, "line %d, column %d: %s", error.line, error.column, error.text);
			return -EINVAL;
		}
		at += (size_t)error.position;
		r = load_value(l, v);
		json_decref(v);
	}
	return r;
}

int trial_load(const char *text, size_t len, struct arena *a, struct trial *ret_trial, const char **ret_why) {
	struct loading l = { .a = a };
	int r = load_all(&l, text, len);

	if (r == 0) {
		const uint32_t n = (uint32_t)l.results.n;

		*ret_trial = (struct trial){ .n = n, .started = l.started, .repeat = 1 };
		ret_trial->results = vec_freeze(&l.results, a);
		for (uint32_t i = 0; i < n; i++)
			ret_trial->fetches += (uint64_t)ret_trial->results[i].samples[0].fetched +
					      ret_trial->results[i].samples[1].fetched;
		return 0;
	}
	trial_done(&(struct trial){ .results = l.results.v, .n = (uint32_t)l.results.n });
	vec_done(&l.results);
	*ret_why = l.why;
	return r;
}
