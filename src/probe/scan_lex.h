/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source text to tokens: code without comments, with each string as one token. One pass, no token twice, any bytes:
 * what is unterminated ends with its line (or with the text, for strings that may span lines). Linear in len.
 */
#pragma once

#include "probe/scan_syntax.h"

enum scan_kind { SCAN_WORD, SCAN_NUMBER, SCAN_STRING, SCAN_PUNCT };

struct scan_token {
	uint32_t offset, len;      /* all of it */
	uint32_t inner, inner_len; /* a string without its quotes; else the same */
	uint8_t kind;              /* enum scan_kind */
	bool bare;                 /* a word of a language that writes texts without quotes: a string too */
	char punct;                /* the character; ';' also for the end of a line that ends a statement */
};

/* A comment that speaks to the scanner. */
struct scan_remark {
	uint32_t offset, len;
};

struct scan_tokens {
	VEC(struct scan_token) list;
	VEC(struct scan_remark) remarks;
};

#define SCAN_REMARK "hextet-scan:"

/* len is at most UINT32_MAX. The caller frees both lists. */
void scan_lex(const struct scan_syntax *syntax, const char *text, size_t len, struct scan_tokens *ret);
