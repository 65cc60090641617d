/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: a strict subset of Jinja2. What this engine renders, Jinja2 3.1 with StrictUndefined and without
 * autoescape renders to the same bytes; what it does not do is an error with a place, never another output. The
 * language, with every tag, test and filter, is hextet-template(5).
 *
 * A template is compiled once, together with all that it includes, extends or imports (their names are literals), and
 * is const afterwards: any number of threads may render it at the same time, each with an arena, a diags and an output
 * of its own.
 *
 *     struct template_set set;
 *     template_set_init(&set, &arena, &sources, TEMPLATE_OURS);
 *     template_set_add_folder(&set, "estate/templates");       // a user's file shadows ours
 *     template_set_add_builtin(&set);                          // what is below templates/ in the source tree
 *     const struct template *t = template_set_get(&set, "nftables/ruleset.nft", &diags);
 *     ...
 *     struct text out = { 0 };                                 // in as many threads as you like
 *     struct arena scratch = { 0 };
 *     struct template_run run = { .data = &scope, .arena = &scratch, .diags = &diags };
 *     if (t && template_render(t, &run, &out) == 0)
 *             file_write_atomic(path, out.v, out.n, 0644);
 *     text_done(&out);
 *     arena_done(&scratch);
 *     template_set_done(&set);
 *
 * Limits: a template of 1 MiB, 200 levels of nesting in a template's text, 64 nested includes, macro calls and blocks,
 * 16 MiB in one string, a million items in range(), and for one render 64 MiB of output, 256 MiB of intermediate values
 * and 50 million steps.
 */
#pragma once

#include "base/map.h"
#include "base/text.h"
#include "render/line_map.h"
#include "render/value.h"

enum {
	TEMPLATE_SIZE_MAX = 1 << 20,
	TEMPLATE_NESTING_MAX = 200,
	TEMPLATE_DEPTH_MAX = 64,
	TEMPLATE_STRING_MAX = 16 << 20,
	TEMPLATE_OUTPUT_MAX = 64 << 20,
	TEMPLATE_MEMORY_MAX = 256 << 20,
	TEMPLATE_LIST_MAX = 1000000,
	TEMPLATE_STEPS_MAX = 50000000,
};

/* Jinja2's switches of the same names. */
struct template_options {
	bool trim_blocks;           /* the newline after a block tag goes */
	bool lstrip_blocks;         /* blanks between the line's beginning and a block tag go */
	bool keep_trailing_newline; /* the newline at the end of the file stays */
};

#define TEMPLATE_PLAIN ((struct template_options){ 0 }) /* Jinja2's own defaults */
#define TEMPLATE_OURS ((struct template_options){ true, true, true })

struct template;

/* Where templates are found by name, and those compiled so far. Built by one thread. */
struct template_set {
	struct arena *arena;
	struct sources *sources;
	struct template_options options;
	VEC(const char *) folders; /* searched in this order */
	bool builtin;              /* searched last */
	struct map given;          /* name → struct str, by template_set_put() */
	struct map compiled;       /* name → struct template */
	unsigned compiling;        /* how many templates are being compiled inside each other */
};

/* The arena and the registry of sources outlive the set; templates live in the arena. */
void template_set_init(struct template_set *set, struct arena *a, struct sources *sources,
		       struct template_options options);
void template_set_done(struct template_set *set);
void template_set_add_folder(struct template_set *set, const char *folder);
void template_set_add_builtin(struct template_set *set);

/* Gives a template's text by hand, found before any folder; name and text are borrowed. */
void template_set_put(struct template_set *set, const char *name, const char *text, size_t len);

/* Finds and compiles a template by its name relative to a folder ("haproxy/haproxy.cfg"). NULL: see diags. */
const struct template *template_set_get(struct template_set *set, const char *name, struct diags *diags);

/* Compiles a text under a name; `path` is what messages call it. The text is borrowed. NULL: see diags. */
const struct template *template_set_text(struct template_set *set, const char *name, const char *path, const char *text,
					 size_t len, struct diags *diags);

/* The name it was asked for, and the path it was found at ("<builtin>/…" for ours). */
const char *template_name(const struct template *t);
const char *template_path(const struct template *t);

/* One rendering. */
struct template_run {
	const struct scope *data; /* may be NULL */
	struct arena *arena;      /* intermediate values; the output does not point into it */
	struct diags *diags;      /* its sources must have been built before threads start */
	struct line_map *map;     /* NULL: not wanted */
	unsigned steps_max;       /* 0: TEMPLATE_STEPS_MAX */
};

/* Appends the rendered text to *out. On failure *out is as it was, diags says why, and the result is -EINVAL. */
int template_render(const struct template *t, const struct template_run *run, struct text *out);

/* The tables, for listings and for the manual's test; kind is "filter" or "test". Stops at fn's first non-zero. */
struct template_word {
	const char *kind;
	const char *name;
	const char *args; /* as in the manual: "separator='', attribute=none" */
	const char *doc;
	bool own; /* not one of Jinja2's */
};
int template_each_word(int (*fn)(const struct template_word *w, void *user), void *user);
