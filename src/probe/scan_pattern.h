/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of tokens, in which the rules of `hextet scan` are written. Matchers stand between blanks; each takes one
 * token but for "..." and "?":
 *
 *     inet_addr            this word; in SQL whatever its case
 *     inet_addr|inet_aton  one of these words
 *     WORD                 any word
 *     WORD:address         a word that says so by its name: clientIp, remote_addr, host (scan_predicate.c)
 *     NUM                  a number
 *     NUM:<45              a decimal number below 45; NUM:=32 that one
 *     STR                  any string; in shell and configuration files bare words too
 *     STR:wildcard4        a string for which the predicate of this name holds (scan_predicate.c)
 *     ANY                  any one token
 *     ...                  as few tokens as will do, at most 40, not beyond the end of the statement or the brackets
 *     ( . = ;              punctuation, a character each: "==" is "= ="
 *     ?x                   x, or nothing
 *     @32_-                takes no token: the text has these characters ('_' is a blank), for the search below
 *
 * "AF_INET|PF_INET", "split ( STR:colon )", "VARCHAR ( NUM:<45 )". A pattern is found through its first matcher of
 * words or of strings with a predicate, the pivot; what stands before the pivot takes one token each. At least one
 * matcher needs literals of 4 characters or more, for the search that decides which files are read at all
 * (scan_anchor.h).
 */
#pragma once

#include "probe/scan_lex.h"

enum { SCAN_MATCHERS_MAX = 24 };

enum scan_matcher_kind {
	MATCH_WORDS,
	MATCH_WORD,
	MATCH_NUMBER,
	MATCH_STRING,
	MATCH_ANY,
	MATCH_GAP,
	MATCH_PUNCT,
};

struct scan_matcher {
	enum scan_matcher_kind kind;
	bool optional;
	char punct;
	char relation; /* of a number: '<', '=', or 0: any */
	unsigned number;
	const struct str *words; /* of MATCH_WORDS */
	unsigned word_count;
	const struct scan_predicate *predicate; /* of words and strings, or NULL */
};

struct scan_pattern {
	struct scan_matcher matchers[SCAN_MATCHERS_MAX];
	unsigned n, pivot;
	bool searchable; /* it has a pivot, with matchers of one token before it */
	struct str hint; /* empty: none */
};

/* Compiles into the arena. 0, or -EINVAL and *ret_why a sentence. */
int scan_pattern_compile(const char *text, struct arena *a, struct scan_pattern *ret_pattern, const char **ret_why);

/* A text that has become tokens. */
struct scan_source {
	const struct scan_syntax *syntax;
	const char *text;
	const struct scan_token *tokens;
	size_t n;
};

/* Whether one matcher takes this token. */
bool scan_matcher_takes(const struct scan_matcher *m, const struct scan_source *s, size_t at);

/* Whether the pattern matches with its pivot at token `at`; *ret_from and *ret_to are its first and last token. */
bool scan_pattern_matches(const struct scan_pattern *p, const struct scan_source *s, size_t at, size_t *ret_from,
			  size_t *ret_to);
