/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and compiling. A template enters the map of compiled ones before its text is parsed, so that templates may
 * include each other in circles; how deep they really do is limited while rendering. One that has mistakes stays in the
 * map as such: its mistakes are reported once.
 */
#include <errno.h>

#include "base/file.h"
#include "embedded_templates.h"
#include "render/template_parse.h"

enum { CHAIN_MAX = TEMPLATE_DEPTH_MAX };

void template_set_init(struct template_set *set, struct arena *a, struct sources *sources,
		       struct template_options options) {
	*set = (struct template_set){ .arena = a, .sources = sources, .options = options };
	map_init(&set->given, a);
	map_init(&set->compiled, a);
}

void template_set_done(struct template_set *set) {
	vec_done(&set->folders);
	map_done(&set->given);
	map_done(&set->compiled);
}

void template_set_add_folder(struct template_set *set, const char *folder) {
	vec_push(&set->folders, arena_dup(set->arena, folder, strlen(folder)));
}

void template_set_add_builtin(struct template_set *set) {
	set->builtin = true;
}

void template_set_put(struct template_set *set, const char *name, const char *text, size_t len) {
	struct str *given = arena_new(set->arena, struct str);

	*given = (struct str){ text, len };
	(void)map_add(&set->given, name, strlen(name), given);
}

const char *template_name(const struct template *t) {
	return t->name;
}

const char *template_path(const struct template *t) {
	return t->path;
}

/* Newlines become '\n', as Jinja2 makes them. */
static struct str normalise(struct arena *a, struct str text) {
	char *copy;
	size_t n = 0;

	if (!memchr(text.s, '\r', text.len))
		return text;
	copy = arena_alloc(a, text.len + 1);
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '\r' && i + 1 < text.len && text.s[i + 1] == '\n')
			continue;
		copy[n++] = text.s[i] == '\r' ? '\n' : text.s[i];
	}
	return (struct str){ copy, n };
}

static bool compile(struct template_set *set, struct template *t, struct str text, struct diags *diags) {
	struct parser p = { .set = set, .arena = set->arena, .diags = diags, .t = t };
	size_t bad;
	bool ok;

	text = normalise(set->arena, text);
	t->file = sources_add(set->sources, t->path, text.s, text.len);
	bad = utf8_check(text.s, text.len);
	if (text.len > TEMPLATE_SIZE_MAX) {
		diag_error(diags, "template-syntax", ((struct loc){ .file = t->file }), NULL,
			   "a template has at most %d bytes", TEMPLATE_SIZE_MAX);
		return false;
	}
	if (bad < text.len) {
		diag_error(diags, "template-syntax", sources_loc(set->sources, t->file, bad, 1),
			   "save the file as UTF-8", "this byte is not UTF-8");
		return false;
	}
	lex(set->arena, t->file, text, set->options, &p.tokens);
	ok = parse_template(&p);
	vec_done(&p.tokens.list);
	return ok;
}

static struct template *add(struct template_set *set, const char *name, const char *path, struct str text,
			    struct diags *diags) {
	struct template *t = arena_new(set->arena, struct template);

	t->name = arena_dup(set->arena, name, strlen(name));
	t->path = arena_dup(set->arena, path, strlen(path));
	(void)map_add(&set->compiled, t->name, strlen(t->name), t);
	set->compiling++;
	t->broken = !compile(set, t, text, diags);
	set->compiling--;
	return t;
}

/* Names stay below their folder. */
static bool is_safe(const char *name) {
	struct str rest = str_of(name), piece;

	if (!*name)
		return false;
	while (str_split(&rest, '/', &piece))
		if (str_is(piece, "..") || str_is(piece, ".") || !piece.len)
			return false;
	return true;
}

/* 0 with the text, -ENOENT, or another -errno with the path that could not be read. */
static int find(struct template_set *set, const char *name, const char **ret_path, struct str *ret_text) {
	const struct str *given = map_get(&set->given, name, strlen(name));
	int r = -ENOENT;

	if (given) {
		*ret_path = name;
		*ret_text = *given;
		return 0;
	}
	if (!is_safe(name))
		return -ENOENT;
	for (size_t i = 0; i < set->folders.n && r == -ENOENT; i++) {
		bool here = strcmp(set->folders.v[i], ".") == 0;
		char *path = arena_printf(set->arena, "%s%s%s", here ? "" : set->folders.v[i], here ? "" : "/", name),
		     *text;
		size_t len;

		*ret_path = path;
		r = file_read(set->arena, path, TEMPLATE_SIZE_MAX, &text, &len);
		if (r == -ENOTDIR || r == -EISDIR)
			r = -ENOENT;
		if (r == 0)
			*ret_text = (struct str){ text, len };
	}
	for (size_t i = 0; r == -ENOENT && set->builtin && embedded_templates[i].name; i++)
		if (strcmp(embedded_templates[i].name, name) == 0) {
			*ret_path = arena_printf(set->arena, "<builtin>/%s", name);
			*ret_text = (struct str){ embedded_templates[i].text, embedded_templates[i].len };
			r = 0;
		}
	return r;
}

static const char *searched(const struct template_set *set) {
	const char *list = set->builtin ? "the templates of this program" : "";

	for (size_t i = set->folders.n; i-- > 0;)
		list = arena_printf(set->arena, "%s%s%s", set->folders.v[i], *list ? ", then " : "", list);
	return *list ? arena_printf(set->arena, "searched: %s", list) : "no folder is searched for templates";
}

const struct template *template_set_need(struct template_set *set, const char *name, struct loc loc, bool may_miss,
					 struct diags *diags, bool *ret_missing) {
	struct template *t = map_get(&set->compiled, name, strlen(name));
	const char *path = name;
	struct str text;
	int r;

	*ret_missing = false;
	if (t)
		return t->broken ? NULL : t;
	if (set->compiling >= CHAIN_MAX) {
		diag_error(diags, "template-syntax", loc, NULL, "templates name each other more than %d deep",
			   CHAIN_MAX);
		return NULL;
	}
	r = find(set, name, &path, &text);
	if (r == 0) {
		t = add(set, name, path, text, diags);
		return t->broken ? NULL : t;
	}
	*ret_missing = r == -ENOENT;
	if (r == -ENOENT && !may_miss)
		diag_error(diags, "template-missing", loc, searched(set), "there is no template '%s'", name);
	else if (r != -ENOENT)
		diag_error(diags, "template-missing", loc, NULL, "cannot read %s: %s", path, strerror(-r));
	return NULL;
}

const struct template *template_set_get(struct template_set *set, const char *name, struct diags *diags) {
	bool missing;
	const struct template *t = template_set_need(set, name, NO_LOC, false, diags, &missing);

	return t;
}

const struct template *template_set_text(struct template_set *set, const char *name, const char *path, const char *text,
					 size_t len, struct diags *diags) {
	struct template *t = add(set, name, path, (struct str){ text, len }, diags);

	return t->broken ? NULL : t;
}
