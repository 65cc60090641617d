/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "estate/check.h"
#include "estate/written.h"

/*
 * Without capitals and without a group that begins with 0, the only run of zeros is the one that "::" stands for, and
 * the text is canonical unless "::" stands for a single group. This spares nearly every address the formatting; no
 * branch depends on the characters, because no processor can guess an address.
 */
static bool is_plain(struct str text) {
	const char *slash = memchr(text.s, '/', text.len);
	const size_t len = slash ? (size_t)(slash - text.s) : text.len;
	unsigned groups = 0, gap = 0, odd = 0, after_colon = 1;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text.s[i];
		const unsigned colon = c == ':', first = after_colon & !colon;

		odd |= first & (c == '0');
		odd |= ((c & 0x60) == 0x40) | (c < '0'); /* capitals and brackets; dots and blanks */
		gap |= colon & after_colon & (i > 0);
		groups += first;
		after_colon = colon;
	}
	return !odd && !(gap && groups == 7);
}

static void look(const struct written *w, void *user) {
	struct check_run *r = user;
	struct str text = w->at->text, canonical;
	char right[ENDPOINT_TEXT_MAX];

	/* IPv4 has one form; the mapped one is mapped-address's. */
	if (ip_is_v4(w->ip) || is_plain(text))
		return;
	canonical = (struct str){ right, written_format(w, right) };
	/* A dotted end is proper behind a translation prefix (RFC 5952 section 5). */
	if (str_eq(text, canonical) || memchr(text.s, '.', text.len))
		return;
	check_report(r, w->at, arena_printf(r->arena, "write %s", right), "\"%s\" is not the canonical form of %s",
		     text.s, right);
}

static void run(struct check_run *r) {
	written_each(r->estate, look, r);
}

const struct check check_non_canonical_address = {
	.name = "non-canonical-address",
	.severity = SEVERITY_WARNING,
	.summary = "An IPv6 address that is not written in the canonical form",
	.doc = "One address has many texts, and grep, diff and a key in a database see different things in them. RFC "
	       "5952 section 4 picks one: lower case, no leading zeros, \"::\" for the longest run of two or more "
	       "zero groups and the first of equal ones. hextet itself reads every form and writes this one.",
	.run = run,
};
