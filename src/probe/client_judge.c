/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever shows the client's address differs from form to form, so the texts of all forms are replaced by one word,
 * the longest first, before bodies and places of redirects are compared.
 */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/text_diff.h"
#include "probe/client_form.h"
#include "probe/compare_parts.h"

struct judge {
	const struct compare_options *o;
	unsigned family;
	const struct client_form *forms;
	const struct fetched *const *answers;
	size_t n;
	struct arena *a;
	struct findings *ret;
	VEC(struct str) texts; /* of the addresses, the longest first */
};

static int by_length(const void *a, const void *b) {
	const struct str *x = a, *y = b;

	return (y->len > x->len) - (y->len < x->len);
}

/* The values, and in Forwarded what stands between quotes as well. */
static void collect_texts(struct judge *j) {
	for (size_t i = 1; i < j->n; i++) {
		struct str value = j->forms[i].header.value, inner = value;
		const char *open = memmem(value.s, value.len, "for=\"", 5), *close;

		if (j->forms[i].means == CLIENT_HIDDEN && value.len < 12)
			continue; /* "unknown" is a word of many pages */
		vec_push(&j->texts, value);
		if (!open)
			continue;
		inner.s = open + 5;
		close = memchr(inner.s, '"', value.len - (size_t)(inner.s - value.s));
		inner.len = close ? (size_t)(close - inner.s) : 0;
		if (inner.len)
			vec_push(&j->texts, inner);
		if (inner.len > 2 && inner.s[0] == '[' && inner.s[inner.len - 1] == ']')
			vec_push(&j->texts, (struct str){ inner.s + 1, inner.len - 2 });
	}
	if (j->texts.n)
		qsort(j->texts.v, j->texts.n, sizeof(*j->texts.v), by_length);
}

static size_t text_at(const struct judge *j, struct str body, size_t at) {
	for (size_t i = 0; i < j->texts.n; i++) {
		const struct str t = j->texts.v[i];

		if (t.len <= body.len - at && body.s[at] == t.s[0] && memcmp(body.s + at, t.s, t.len) == 0)
			return t.len;
	}
	return 0;
}

static struct str without_client(const struct judge *j, struct str body) {
	bool begins[256] = { false };
	struct text out = { 0 };
	struct str copy;
	size_t from = 0;

	for (size_t i = 0; i < j->texts.n; i++)
		begins[(unsigned char)j->texts.v[i].s[0]] = true;
	for (size_t at = 0; at < body.len;) {
		const size_t len = begins[(unsigned char)body.s[at]] ? text_at(j, body, at) : 0;

		if (!len) {
			at++;
			continue;
		}
		text_add(&out, body.s + from, at - from);
		text_puts(&out, "CLIENT");
		at += len;
		from = at;
	}
	if (from < body.len)
		text_add(&out, body.s + from, body.len - from);
	copy = (struct str){ arena_dup(j->a, out.n ? out.v : "", out.n), out.n };
	text_done(&out);
	return copy;
}

static struct str normal_body(const struct judge *j, const struct fetched *f) {
	struct str body = without_client(j, f->body);

	for (struct body_filter *const *filter = j->o->filters; filter && *filter; filter++)
		body = body_filter_run(*filter, body, j->a);
	return body;
}

static struct str end_of(const struct judge *j, const struct fetched *f) {
	const struct fetch_hop *last = f->hops.n ? &f->hops.v[f->hops.n - 1] : NULL;

	if (!last)
		return STR("");
	return without_client(j, last->location.len ? last->location : last->url);
}

static bool answered(const struct fetched *f) {
	return f->problem == FETCH_OK || f->problem == FETCH_TOO_LARGE;
}

static struct finding *add(const struct judge *j, const struct client_form *form, const char *what,
			   const struct client_form *like) {
	const char *name = form->header.name.s;

	return finding_add(j->ret, j->a, FINDING_CLIENT, j->family, "%s: %s: %s, %s; %s%s%s", form->name,
			   arena_printf(j->a, "%s: %.*s", name, (int)form->header.value.len, form->header.value.s),
			   what,
			   like->header.value.len ? arena_printf(j->a, "not as with %.*s", (int)like->header.value.len,
								 like->header.value.s)
						  : "not as without the header",
			   form->why, form->legal ? ", legal by " : ", against ", form->rfc);
}

/* Also what the two have in common with a client that is in the other family: true when it has been reported. */
static bool differs_at_all(const struct judge *j, size_t i, size_t like) {
	const struct fetched *f = j->answers[i], *base = j->answers[like];
	struct str to, base_to;

	if (!answered(f)) {
		(void)add(j, &j->forms[i], arena_printf(j->a, "no answer (%s)", fetch_problem_to_str(f->problem)),
			  &j->forms[like]);
		return true;
	}
	if (f->status != base->status) {
		(void)add(j, &j->forms[i], arena_printf(j->a, "status %u instead of %u", f->status, base->status),
			  &j->forms[like]);
		return true;
	}
	to = end_of(j, f);
	base_to = end_of(j, base);
	if (str_eq(to, base_to))
		return false;
	(void)add(j, &j->forms[i],
		  arena_printf(j->a, "led to %s instead of %s", compare_shown(j->a, to), compare_shown(j->a, base_to)),
		  &j->forms[like]);
	return true;
}

static void judge_body(const struct judge *j, size_t i, size_t like) {
	const struct text_side old = { j->forms[like].name, normal_body(j, j->answers[like]) };
	const struct text_side new = { j->forms[i].name, normal_body(j, j->answers[i]) };
	struct json_difference json;
	struct text_diff diff = { 0 };

	if (str_eq(old.text, new.text) || (j->o->json && compare_json(old.text, new.text, j->a, &json) && !json.count))
		return;
	(void)text_diff(&old, &new, COMPARE_DIFF_MAX, j->a, &diff);
	add(j, &j->forms[i], "another body", &j->forms[like])->diff = diff.text;
}

/* A text that names nobody may be refused; the server must not break. */
static void judge_hidden(const struct judge *j, size_t i) {
	const struct fetched *f = j->answers[i];

	if (!answered(f))
		(void)add(j, &j->forms[i], arena_printf(j->a, "no answer (%s)", fetch_problem_to_str(f->problem)),
			  &j->forms[0]);
	else if (f->status >= 500 && j->answers[0]->status < 500)
		(void)add(j, &j->forms[i],
			  arena_printf(j->a, "status %u instead of %u", f->status, j->answers[0]->status),
			  &j->forms[0]);
}

/* The canonical form of this header and meaning; 0: it was not asked, or had no answer. */
static size_t canonical_of(const struct judge *j, const struct client_form *form, enum client_meaning means) {
	for (size_t i = 1; i < j->n; i++)
		if (j->forms[i].canonical && j->forms[i].means == means && j->answers[i] && answered(j->answers[i]) &&
		    str_eq(j->forms[i].header.name, form->header.name))
			return i;
	return 0;
}

static void judge_form(const struct judge *j, size_t i) {
	const struct client_form *form = &j->forms[i];
	size_t like;

	if (form->means == CLIENT_HIDDEN) {
		judge_hidden(j, i);
		return;
	}
	if (form->canonical) {
		like = form->means == CLIENT_IPV6 ? canonical_of(j, form, CLIENT_IPV4) : 0;
		(void)differs_at_all(j, i, like);
		return;
	}
	like = canonical_of(j, form, form->means);
	if (like && !differs_at_all(j, i, like))
		judge_body(j, i, like);
}

void client_judge(const struct compare_options *o, unsigned family, const struct client_form *forms,
		  const struct fetched *const *answers, size_t n, struct arena *a, struct findings *ret) {
	struct judge j = { .o = o, .family = family, .forms = forms, .answers = answers, .n = n, .a = a, .ret = ret };

	if (!n || !answers[0] || !answered(answers[0]))
		return;
	collect_texts(&j);
	for (size_t i = 1; i < n; i++)
		if (answers[i])
			judge_form(&j, i);
	vec_done(&j.texts);
}
