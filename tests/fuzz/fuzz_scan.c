/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the language. Tokens follow each other and lie in the text; so do places, in order. */
#include "fuzz.h"

#include "probe/scan_lex.h"

static void check_tokens(const struct scan_syntax *syntax, const char *text, size_t size) {
	struct scan_tokens tokens;
	size_t end = 0;

	scan_lex(syntax, text, size, &tokens);
	for (size_t i = 0; i < tokens.list.n; i++) {
		const struct scan_token *t = &tokens.list.v[i];

		CLAIM(t->offset >= end && t->offset + t->len <= size);
		CLAIM(t->inner >= t->offset && t->inner + t->inner_len <= size);
		end = t->offset + t->len;
	}
	for (size_t i = 0; i < tokens.remarks.n; i++)
		CLAIM(tokens.remarks.v[i].offset + tokens.remarks.v[i].len <= size);
	vec_done(&tokens.list);
	vec_done(&tokens.remarks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct scan_syntax *syntax;
	struct scan_hits hits;

	if (size == 0)
		return 0;
	syntax = &scan_syntaxes[data[0] % scan_syntax_count];
	check_tokens(syntax, (const char *)data + 1, size - 1);
	scan_text(syntax->language, (const char *)data + 1, size - 1, &hits);
	for (size_t i = 0; i < hits.list.n; i++) {
		CLAIM(hits.list.v[i].offset + hits.list.v[i].len <= size - 1);
		CLAIM(i == 0 || hits.list.v[i - 1].offset <= hits.list.v[i].offset);
	}
	vec_done(&hits.list);
	return 0;
}
