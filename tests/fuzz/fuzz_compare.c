/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two answers, each "URL LOCATION", headers, an empty line and a body; a zero byte is between the two. Each is the same
 * as itself; the findings of the two are harmless text; and a judge of client forms takes them for two forms' answers.
 */
#include "fuzz.h"

#include <string.h>

#include "probe/client_form.h"

static struct str next_line(struct str *rest) {
	struct str line = STR("");

	if (rest->len && str_split(rest, '\n', &line))
		return line;
	*rest = STR("");
	return line;
}

static void make(struct str text, struct fetched *ret) {
	struct str line = next_line(&text), url = STR(""), name;

	*ret = (struct fetched){ .status = 200 };
	if (line.len)
		(void)str_split(&line, ' ', &url);
	vec_push(&ret->hops, (struct fetch_hop){ .url = STR("http://a/"), .status = 302, .location = url });
	vec_push(&ret->hops, (struct fetch_hop){ .url = url, .status = 200, .location = line.s ? line : STR("") });
	while ((line = next_line(&text)).len)
		if (str_split(&line, ':', &name))
			vec_push(&ret->headers, (struct fetch_header){ name, line.s ? line : STR("") });
	ret->body = text.s ? text : STR("");
}

static size_t differ(const struct fetched *v4, const struct fetched *v6, bool json) {
	const struct compare_options o = { .json = json };
	struct findings f = { 0 };
	struct arena a = { 0 };
	size_t n;

	compare_answers(&o, v4, v6, &a, &f);
	n = f.list.n;
	for (size_t i = 0; i < n; i++) {
		const struct str d = f.list.v[i].detail;
		bool harmless;

		CLAIM(d.len && f.list.v[i].diff.len <= 2 * COMPARE_DIFF_MAX);
		for (size_t at = 0; at < d.len;) {
			at += utf8_next(d.s + at, d.len - at, &harmless);
			CLAIM(harmless);
		}
	}
	vec_done(&f.list);
	arena_done(&a);
	return n;
}

static void judge(const struct fetched *one, const struct fetched *two) {
	const struct compare_options o = { .json = true };
	const struct client_form *forms;
	const struct fetched *answers[3] = { one, one, two };
	struct findings f = { 0 };
	struct arena a = { 0 };
	size_t n;

	client_forms(client_form_ip4(), client_form_ip6(), &a, &forms, &n);
	client_judge(&o, 6, forms, answers, 3, &a, &f);
	vec_done(&f.list);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
	const uint8_t *middle = size ? memchr(bytes, 0, size) : NULL;
	const size_t first = middle ? (size_t)(middle - bytes) : size;
	struct fetched v4, v6;

	make((struct str){ (const char *)bytes, first }, &v4);
	make(middle ? (struct str){ (const char *)middle + 1, size - first - 1 } : STR(""), &v6);
	CLAIM(differ(&v4, &v4, true) == 0);
	CLAIM(differ(&v6, &v6, false) == 0);
	(void)differ(&v4, &v6, true);
	judge(&v4, &v6);
	for (const struct fetched *f = &v4; f; f = f == &v4 ? &v6 : NULL) {
		free(f->headers.v);
		free(f->hops.v);
	}
	return 0;
}
