/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A search through source code for places that know only IPv4. Rules are patterns of tokens, so that a comment or a
 * string is never taken for code, nor code for a string. The catalogue is tables, scan_rules_*.c; scan_pattern.h says
 * how a pattern is written.
 */
#pragma once

#include "base/str.h"
#include "base/vec.h"

enum scan_language {
	SCAN_C = 1 << 0,    /* C and C++ */
	SCAN_JAVA = 1 << 1, /* Kotlin, Scala and Groovy too */
	SCAN_PYTHON = 1 << 2,
	SCAN_GO = 1 << 3,
	SCAN_JAVASCRIPT = 1 << 4, /* and TypeScript */
	SCAN_RUBY = 1 << 5,
	SCAN_PHP = 1 << 6,
	SCAN_PERL = 1 << 7,
	SCAN_SQL = 1 << 8,
	SCAN_SHELL = 1 << 9,
	SCAN_NGINX = 1 << 10,
	SCAN_HAPROXY = 1 << 11,
	SCAN_YAML = 1 << 12,
	SCAN_TOML = 1 << 13, /* and ini */
	SCAN_PROPERTIES = 1 << 14,
	SCAN_CODE = (1 << 8) - 1,
	SCAN_ALL = (1 << 15) - 1,
};

enum scan_severity { SCAN_NOTE, SCAN_WARNING, SCAN_ERROR };

/* Where to look for what excuses a place: what handles both families there. */
enum scan_scope { SCAN_IN_FILE, SCAN_IN_BLOCK, SCAN_IN_STATEMENT };

/* One kind of place. Ids are stable names, "inet-addr"; --list, SARIF and the manual are made of these rows. */
struct scan_rule {
	const char *id;
	enum scan_severity severity;
	unsigned languages;          /* enum scan_language, or'ed */
	const char *const *patterns; /* NULL-terminated; any of them (scan_pattern.h) */
	const char *const *unless;   /* NULL, or patterns: no place where any of them matches in the scope */
	enum scan_scope scope;       /* a block is the innermost { }, without one the file */
	const char *message;         /* one line: what is wrong */
	const char *why;             /* what goes wrong with IPv6 */
	const char *fix;             /* what to write instead */
	const char *example;         /* a line that the rule finds, in the first of its languages */
};

/* All rules, table by table. */
const struct scan_rule *scan_rule_at(size_t i); /* NULL: there are no more */
const struct scan_rule *scan_rule_by_id(const char *id);

/* A place. Offsets count bytes from 0; the text is the caller's. */
struct scan_hit {
	const struct scan_rule *rule;
	size_t offset, len;
};

/*
 * Finds all places in one text, in the order of the text; what `hextet-scan: ignore` comments exclude is left out and
 * counted. A pure function of its arguments; any bytes will do; linear in len. The caller frees ret->list.
 */
struct scan_hits {
	VEC(struct scan_hit) list;
	uint32_t ignored;
};
void scan_text(enum scan_language language, const char *text, size_t len, struct scan_hits *ret);
