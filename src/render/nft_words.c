/* SPDX-License-Identifier: Apache-2.0 */
#include "render/nft_words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void nft_words_init(struct nft_words *w, struct str text, struct arena *a) {
	*w = (struct nft_words){ .at = text.s, .end = text.s + text.len, .line = 1, .arena = a };
	nft_next(w);
}

int nft_refuse(struct nft_words *w, const char *fmt, ...) {
	va_list ap;

	if (w->error_line)
		return -EINVAL;
	va_start(ap, fmt);
	(void)vsnprintf(w->error, sizeof(w->error), fmt, ap);
	va_end(ap);
	w->error_line = w->word.line;
	return -EINVAL;
}

const char *nft_shown(const struct nft_words *w) {
	const struct nft_word *word = &w->word;

	if (word->kind == NFT_END)
		return "the end of the text";
	return word->kind == NFT_NEWLINE
		       ? "the end of the line"
		       : arena_printf(w->arena, "'%.*s'", (int)MIN(word->s.len, (size_t)40), word->s.s);
}

int nft_unexpected(struct nft_words *w, const char *wanted) {
	return nft_refuse(w, "expected %s, not %s", wanted, nft_shown(w));
}

static bool is_word_byte(char c) {
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("{},;\"#", c);
}

void nft_next(struct nft_words *w) {
	struct nft_word word = { .line = w->line };
	const char *from;

	w->before = w->at;
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\t'))
		w->at++;
	if (w->at < w->end && *w->at == '#')
		while (w->at < w->end && *w->at != '\n')
			w->at++;
	from = w->at;
	if (w->at == w->end) {
		word.kind = NFT_END;
	} else if (*w->at == '\n') {
		word.kind = NFT_NEWLINE;
		w->at++;
		w->line++;
	} else if (*w->at && strchr("{},;", *w->at)) {
		word.kind = NFT_PUNCTUATION;
		w->at++;
	} else if (*w->at == '"') {
		word.kind = NFT_STRING;
		for (w->at++; w->at < w->end && *w->at != '"' && *w->at != '\n' && *w->at;)
			w->at++;
		if (w->at < w->end && *w->at == '"')
			w->at++;
		else
			word.kind = NFT_END;
	} else if (is_word_byte(*w->at)) {
		word.kind = NFT_WORD;
		while (w->at < w->end && is_word_byte(*w->at))
			w->at++;
	}
	word.s = (struct str){ from, (size_t)(w->at - from) };
	w->word = word;
	if (word.kind == NFT_END && (from != w->end || w->at != from)) {
		(void)nft_refuse(w, *from == '"' ? "a string without its end" : "a byte that no firewall has");
		w->at = w->end;
	}
}

bool nft_at(const struct nft_words *w, const char *text) {
	return (w->word.kind == NFT_WORD || w->word.kind == NFT_PUNCTUATION || w->word.kind == NFT_STRING) &&
	       str_is(w->word.s, text);
}

bool nft_take(struct nft_words *w, const char *text) {
	if (!nft_at(w, text))
		return false;
	nft_next(w);
	return true;
}

int nft_expect(struct nft_words *w, const char *text) {
	return nft_take(w, text) ? 0 : nft_unexpected(w, text);
}

int nft_expect_newline(struct nft_words *w) {
	if (w->word.kind != NFT_NEWLINE)
		return nft_unexpected(w, "the end of the line");
	nft_next(w);
	return 0;
}

void nft_skip_newlines(struct nft_words *w) {
	while (w->word.kind == NFT_NEWLINE)
		nft_next(w);
}
