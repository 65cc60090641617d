/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of nft's language, as nft_read.c needs them: divided by blanks and by { } , ; with comments left out,
 * strings in one piece and each end of a line as a word. A pure function of bytes. The first refusal stays; a byte that
 * nothing may hold (NUL, a control, a string without its end) is one, and the end of the text.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

enum nft_word_kind { NFT_END, NFT_NEWLINE, NFT_PUNCTUATION, NFT_STRING, NFT_WORD };

struct nft_word {
	enum nft_word_kind kind;
	struct str s; /* a string's with its quotes */
	uint32_t line;
};

struct nft_words {
	const char *at, *end;
	uint32_t line;
	struct nft_word word; /* the one at hand */
	const char *before;   /* the end of the one before it */
	struct arena *arena;
	uint32_t error_line; /* of the refusal; 0: none */
	char error[160];
};

/* Starts at the first word. The text is borrowed, words point into it. */
void nft_words_init(struct nft_words *w, struct str text, struct arena *a);

/* Goes to the next word. */
void nft_next(struct nft_words *w);

/* Whether this word is at hand; take: and then goes on. */
bool nft_at(const struct nft_words *w, const char *text);
bool nft_take(struct nft_words *w, const char *text);

/* Go on behind the word; 0, or -EINVAL with a refusal that says what is there in its place. */
int nft_expect(struct nft_words *w, const char *text);
int nft_expect_newline(struct nft_words *w);

void nft_skip_newlines(struct nft_words *w);

/* Refuse the line at hand, in words of the caller's or as "expected …, not …". -EINVAL. */
int nft_refuse(struct nft_words *w, const char *fmt, ...) _printf_(2, 3);
int nft_unexpected(struct nft_words *w, const char *wanted);

/* The word at hand for a message, in the arena. */
const char *nft_shown(const struct nft_words *w);
