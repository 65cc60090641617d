/* SPDX-License-Identifier: Apache-2.0 */
/* The key makes sorting a zone one memcmp a comparison, and "below" a question about its first bytes. */
#include "render/dns_name.h"

#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_TEXT = 253 };

static char lower(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static struct str make_key(struct arena *a, struct str text) {
	char *key = arena_alloc(a, text.len + 2);
	size_t at = 0, end = text.len;

	for (size_t i = text.len; i-- > 0;)
		if (i == 0 || text.s[i - 1] == '.') {
			memcpy(key + at, text.s + i, end - i);
			at += end - i + 1;
			end = i ? i - 1 : 0;
		}
	return (struct str){ key, at };
}

struct dns_name dns_name_make(struct arena *a, const char *text, const struct dns_name *domain) {
	size_t len = strlen(text);
	char *copy;

	if (domain && domain->text.len && !memchr(text, '.', len)) {
		copy = arena_printf(a, "%s.%s", text, domain->text.s);
		len = strlen(copy);
	} else {
		len -= len && text[len - 1] == '.';
		copy = arena_dup(a, text, len);
	}
	for (size_t i = 0; i < len; i++)
		copy[i] = lower(copy[i]);
	return (struct dns_name){ { copy, len }, make_key(a, (struct str){ copy, len }) };
}

const char *dns_name_fault(const struct dns_name *n) {
	struct str rest = n->text, label;

	if (!n->text.len)
		return "is empty";
	if (n->text.len > NAME_MAX_TEXT)
		return "is longer than 253 characters";
	while (str_split(&rest, '.', &label)) {
		if (!label.len)
			return "has an empty label";
		if (label.len > LABEL_MAX)
			return "has a label longer than 63 characters";
	}
	return NULL;
}

int dns_name_compare(const struct dns_name *a, const struct dns_name *b) {
	int r;

	if (a->key.s == b->key.s)
		return 0;
	r = memcmp(a->key.s, b->key.s, MIN(a->key.len, b->key.len));
	if (r)
		return r < 0 ? -1 : 1;
	return a->key.len == b->key.len ? 0 : a->key.len < b->key.len ? -1 : 1;
}

bool dns_name_inside(const struct dns_name *n, const struct dns_name *domain) {
	return domain->text.len && n->key.len >= domain->key.len &&
	       memcmp(n->key.s, domain->key.s, domain->key.len) == 0;
}

const char *dns_name_relative(struct arena *a, const struct dns_name *n, const struct dns_name *domain) {
	if (n->text.len == domain->text.len)
		return "@";
	return arena_dup(a, n->text.s, n->text.len - domain->text.len - 1);
}
