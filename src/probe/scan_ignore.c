/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A remark behind code is about its line, one that stands alone about the next line. Remarks come in the order
 * of the text; the line that one is in is looked for behind the line of the one before it, so that each byte is looked
 * at twice at most, however many remarks are in a line.
 */
#include "probe/scan_ignore.h"

#include <string.h>

struct reading {
	const char *text;
	size_t len;
	size_t start, end; /* the line of the last remark, without its '\n' */
	bool begun;
};

static size_t line_end(const struct reading *r, size_t from) {
	const char *nl = from < r->len ? memchr(r->text + from, '\n', r->len - from) : NULL;

	return nl ? (size_t)(nl - r->text) : r->len;
}

/* Sets the line of `at`; whether nothing but blanks is before it there. */
static bool find_line(struct reading *r, size_t at) {
	const char *nl;

	if (r->begun && at <= r->end)
		return false; /* another remark is */
	nl = memrchr(r->text + (r->begun ? r->end : 0), '\n', at - (r->begun ? r->end : 0));
	r->start = nl ? (size_t)(nl - r->text) + 1 : 0;
	r->end = line_end(r, at);
	r->begun = true;
	return !str_trim((struct str){ r->text + r->start, at - r->start }).len;
}

static bool takes(struct str *words, const char *word) {
	const size_t n = strlen(word);

	if (words->len < n || memcmp(words->s, word, n) != 0)
		return false;
	*words = (struct str){ words->s + n, words->len - n };
	return true;
}

static struct str ids_of(struct str words) {
	return words.len && *words.s == '[' ? words : (struct str){ words.s, 0 };
}

static void read_remark(struct reading *r, const struct scan_remark *remark, struct scan_ignores *out) {
	const size_t behind = remark->offset + remark->len, marker = sizeof(SCAN_REMARK) - 1;
	const char *at = memmem(r->text + remark->offset, remark->len, SCAN_REMARK, marker);
	const bool alone = find_line(r, remark->offset);
	struct scan_ignore i = { .from = r->start, .to = r->end };
	struct str words;

	if (!at)
		return;
	words = str_trim((struct str){ at + marker, (size_t)(r->text + behind - at) - marker });
	if (takes(&words, "ignore-file")) {
		i.ids = ids_of(words);
		vec_push(&out->whole, i);
		return;
	}
	if (!takes(&words, "ignore"))
		return;
	if (alone) {
		i.from = MIN(line_end(r, behind) + 1, r->len);
		i.to = line_end(r, i.from);
	}
	i.ids = ids_of(words);
	vec_push(&out->lines, i);
}

static int compare(const void *a, const void *b) {
	const struct scan_ignore *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

void scan_ignores_read(const char *text, size_t len, const struct scan_tokens *tokens, struct scan_ignores *ret) {
	struct reading r = { .text = text, .len = len };

	*ret = (struct scan_ignores){ 0 };
	for (size_t i = 0; i < tokens->remarks.n; i++)
		read_remark(&r, &tokens->remarks.v[i], ret);
	if (ret->lines.n)
		qsort(ret->lines.v, ret->lines.n, sizeof(*ret->lines.v), compare);
}

bool scan_ignore_names(const struct scan_ignore *i, const char *rule_id) {
	const char *close = i->ids.len ? memchr(i->ids.s, ']', i->ids.len) : NULL;
	struct str list, id;

	if (!i->ids.len)
		return true;
	list = (struct str){ i->ids.s + 1, close ? (size_t)(close - i->ids.s) - 1 : i->ids.len - 1 };
	while (str_split(&list, ',', &id))
		if (str_is(str_trim(id), rule_id))
			return true;
	return false;
}
