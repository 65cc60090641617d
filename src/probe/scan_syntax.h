/* SPDX-License-Identifier: Apache-2.0 */
/* How the languages that are searched are written: which files are theirs, and what is a comment and a string in them.
 */
#pragma once

#include "probe/scan.h"

/* Kinds of strings and other habits of a language. */
enum scan_habit {
	HABIT_DOUBLE = 1 << 0,       /* "…", \ escapes */
	HABIT_SINGLE = 1 << 1,       /* '…', \ escapes; in C, Java and Go a character */
	HABIT_SINGLE_RAW = 1 << 2,   /* '…' to the next ' */
	HABIT_BACKQUOTE = 1 << 3,    /* `…` over lines */
	HABIT_TRIPLE = 1 << 4,       /* """…""" and '''…''' over lines */
	HABIT_C_RAW = 1 << 5,        /* R"x(…)x" */
	HABIT_REGEX = 1 << 6,        /* /…/ where an operand may stand */
	HABIT_HEREDOC = 1 << 7,      /* <<WORD … WORD */
	HABIT_QUOTE_LIKE = 1 << 8,   /* Perl's q{…} qq(…) qr/…/ m{…} */
	HABIT_PERCENT = 1 << 9,      /* Ruby's %q{…} %w[…] %r{…} */
	HABIT_DOLLAR = 1 << 10,      /* SQL's $$…$$ and $tag$…$tag$ */
	HABIT_DOUBLED = 1 << 11,     /* in a string, its quote twice is itself, and \ is nothing special */
	HABIT_NEWLINE = 1 << 12,     /* a statement ends with its line, outside of brackets */
	HABIT_BARE = 1 << 13,        /* words without quotes are texts: 0.0.0.0:80, --listen=[::] */
	HABIT_ANY_CASE = 1 << 14,    /* words are the same in capitals */
	HABIT_HASH_APART = 1 << 15,  /* # begins a comment only after a blank or at the line's begin */
	HABIT_DOLLAR_WORD = 1 << 16, /* $ is a letter */
};

struct scan_syntax {
	enum scan_language language;
	const char *name;         /* "c", for --language */
	const char *line[3];      /* what begins a comment to the end of the line */
	const char *open, *close; /* of a block comment, or NULL */
	unsigned habits;
	const char *const *extensions; /* without the dot; NULL-terminated */
	const char *const *names;      /* whole file names, or NULL */
	const char *const *programs;   /* in a #! line, as prefixes ("python" is "python3.11" too), or NULL */
};

extern const struct scan_syntax scan_syntaxes[];
extern const unsigned scan_syntax_count;

const struct scan_syntax *scan_syntax_of(enum scan_language language);
const struct scan_syntax *scan_syntax_by_name(const char *name); /* or NULL */

/* By the file's name, or else by its first line; NULL: a language that is not searched. */
const struct scan_syntax *scan_syntax_of_file(const char *name, const char *text, size_t len);
