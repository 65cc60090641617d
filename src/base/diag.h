/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: what is wrong, where, and what to write instead. Collected, never printed by the room that finds them:
 * every mistake of a run is shown, in the order of the files. Text form:
 *
 *     machines/de.yaml:4:9: error: "198.51.100.300" is not an IPv4 address [bad-value]
 *        4 |   ip: 198.51.100.300
 *          |       ^~~~~~~~~~~~~~
 *          = hint: each of the four numbers is 0 to 255
 *
 * Lines and columns count from 1; columns and lengths count Unicode code points.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"

/* A place in a source text. file 0: nowhere. line 0: the file as a whole. */
struct loc {
	uint32_t file; /* as returned by sources_add() */
	uint32_t line;
	uint32_t col;
	uint32_t len; /* code points to underline, at least 1 when printed */
};

struct source {
	const char *path; /* as the user should see it */
	const char *text; /* not zero-terminated; NULL: not kept */
	size_t len;
	uint32_t first_line;  /* the number of the text's first line; 0: 1 */
	uint32_t *line_start; /* offsets, built when first needed */
	uint32_t lines;
};

/* The texts that locations point into. Texts are borrowed and must outlive the registry. */
struct sources {
	struct arena *arena;
	VEC(struct source) list;
};

void sources_init(struct sources *s, struct arena *a);
void sources_done(struct sources *s);

/* Registers a text; path is copied. Returns its number, counting from 1. */
uint32_t sources_add(struct sources *s, const char *path, const char *text, size_t len);

/* Registers one line of a text that is not kept, without its end. */
uint32_t sources_add_line(struct sources *s, const char *path, uint32_t line, const char *text, size_t len);

/* The source with this number, or NULL. */
const struct source *sources_get(const struct sources *s, uint32_t file);

/* The bytes of a line without its end; false when there is no such line. */
bool sources_line(const struct sources *s, uint32_t file, uint32_t line, const char **ret_text, size_t *ret_len);

/* The place of byte `offset` of a source, `len` code points long. */
struct loc sources_loc(const struct sources *s, uint32_t file, size_t offset, uint32_t len);

enum severity { SEVERITY_IGNORE, SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR, _SEVERITY_MAX };

const char *severity_to_str(enum severity s);
int severity_from_str(const char *text, enum severity *ret_s); /* 0 or -EINVAL */

struct diag {
	struct loc loc;
	enum severity severity;
	const char *check;   /* its name, shown in brackets */
	const char *message; /* one line, no full stop */
	const char *hint;    /* one line, or NULL */
	uint32_t seq;        /* order of discovery, the last sort key */
	struct loc home;     /* where it is sorted: its own place, or for a second place that of its finding */
};

struct diags {
	struct arena *arena;
	const struct sources *sources;
	VEC(struct diag) list;
	unsigned count[_SEVERITY_MAX];
};

void diags_init(struct diags *d, struct arena *a, const struct sources *s);
void diags_done(struct diags *d);

/* Adds one finding; message and hint are copied, check is borrowed. hint may be NULL. */
void diag_add(struct diags *d, enum severity severity, const char *check, struct loc loc, const char *hint,
	      const char *fmt, ...) _printf_(6, 7);

/* Adds a second place to the last finding ("the first one is here"): a note that stays behind it. */
void diag_note(struct diags *d, struct loc loc, const char *fmt, ...) _printf_(3, 4);

/* Adds copies of another collection's findings over the same sources; the other may be freed then. */
void diags_append(struct diags *d, const struct diags *more);

#define diag_error(d, check, loc, hint, ...) diag_add((d), SEVERITY_ERROR, (check), (loc), (hint), __VA_ARGS__)

/* Sorts by file, line, column, then discovery, second places behind their findings; the same said twice of the same
 * place (through an alias) counts once. */
void diags_sort(struct diags *d);

/* Writes all findings as text; colour adds ANSI sequences. In paths, messages and sources, whatever could drive the
 * terminal (utf8_next) is shown as '.', a tab as a blank. */
void diags_print(const struct diags *d, FILE *out, bool colour);
