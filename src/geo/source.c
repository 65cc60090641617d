/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spec is cut at its first ':' and its last '#'. What is shown of it is a copy in which every value that may be a
 * password is "***": the one between ':' and '@' of a URI, and what follows "password=" or "passphrase=" anywhere.
 */
#include "geo/source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "geo/row_text.h"
#include "geo_source_table.h"

const struct geo_source *const geo_source_list[] = { GEO_SOURCE_LIST NULL };

#define DEFAULT_TABLE "geo_exceptions"

/* How a path says its kind. */
static const struct {
	const char *ending, *kind;
} endings[] = {
	{ ".csv", "csv" }, { ".mmdb", "mmdb" }, { ".db", "sqlite" }, { ".sqlite", "sqlite" }, { ".sqlite3", "sqlite" },
};

static const struct geo_source *find_kind(struct str name) {
	if (str_is(name, "postgresql"))
		name = STR("postgres");
	for (size_t i = 0; geo_source_list[i]; i++)
		if (str_is(name, geo_source_list[i]->name))
			return geo_source_list[i];
	return NULL;
}

static const struct geo_source *kind_of_ending(struct str text) {
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(endings[i].ending);

		if (text.len > n && strncasecmp(text.s + text.len - n, endings[i].ending, n) == 0)
			return find_kind(str_of(endings[i].kind));
	}
	return NULL;
}

/* The part in front of the first ':', when it can be a kind. */
static bool has_kind(struct str text, struct str *ret_kind) {
	const char *colon = memchr(text.s, ':', text.len);

	*ret_kind = (struct str){ text.s, colon ? (size_t)(colon - text.s) : 0 };
	return colon && !memchr(text.s, '/', ret_kind->len) && !memchr(text.s, '.', ret_kind->len);
}

static struct str without_table(struct str text) {
	const char *hash = memrchr(text.s, '#', text.len);

	return hash ? (struct str){ text.s, (size_t)(hash - text.s) } : text;
}

bool geo_spec_is(const char *text) {
	struct str kind;

	return (has_kind(str_of(text), &kind) && find_kind(kind)) || kind_of_ending(without_table(str_of(text)));
}

/*
 * Where the value that begins at s ends: in a URI's query at '&', in a connection text at its closing quote, or at the
 * blank before the next keyword. A password with blanks that lacks its quotes is malformed, and yet one.
 */
static const char *value_end(const char *s, bool is_uri) {
	if (is_uri)
		return s + strcspn(s, "&");
	if (*s == '\'') {
		for (s++; *s && *s != '\''; s++)
			if (*s == '\\' && s[1])
				s++;
		return *s ? s + 1 : s;
	}
	for (;;) {
		const char *blank = s + strcspn(s, " \t\n"), *word = blank + strspn(blank, " \t\n");
		size_t letters = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

		if (!*word || word[letters + strspn(word + letters, " \t\n")] == '=')
			return *word ? blank : word;
		s = word;
	}
}

/* The first byte behind "password=" or "passphrase=", with blanks allowed around '='; NULL when there is none. */
static const char *password_value(const char *s) {
	for (; *s; s++) {
		const char *p = s;

		if (strncasecmp(s, "pass", 4) != 0)
			continue;
		p += strcspn(p, " \t\n=&");
		p += strspn(p, " \t\n");
		if (*p == '=')
			return p + 1 + strspn(p + 1, " \t\n");
	}
	return NULL;
}

/* Behind the "//" of a URI, with or without the kind in front of it; NULL when the text is none. */
static const char *uri_authority(const char *s) {
	s += strspn(s, "abcdefghijklmnopqrstuvwxyz:");
	return strncmp(s, "//", 2) == 0 ? s + 2 : NULL;
}

/* user:password@ of a URI: what is between. */
static const char *uri_password(const char *s, const char **ret_end) {
	const char *start = uri_authority(s), *path, *at, *colon;

	if (!start)
		return NULL;
	path = start + strcspn(start, "/?");
	/* A password with '/' or '?' in it is malformed, and yet one: look further for its '@'. */
	at = memrchr(start, '@', strlen(start));
	colon = memchr(start, ':', (size_t)(path - start));
	if (!at || !colon || colon > at)
		return NULL;
	*ret_end = at;
	return colon + 1;
}

static const char *without_password(struct arena *a, const char *text) {
	const char *end, *value = uri_password(text, &end);
	bool is_uri = uri_authority(text) != NULL;

	if (value)
		text = arena_printf(a, "%.*s***%s", (int)(value - text), text, end);
	for (size_t from = 0; (value = password_value(text + from)); from = (size_t)(value - text) + 3) {
		size_t before = (size_t)(value - text);

		text = arena_printf(a, "%.*s***%s", (int)before, text, value_end(value, is_uri));
		value = text + before;
	}
	return text;
}

static int unknown_kind(struct arena *a, struct diags *diags, const char *shown, struct str kind) {
	const char *names[16], *close, *list = "";
	size_t n = 0;

	for (; geo_source_list[n] && n < ARRAY_LEN(names); n++) {
		names[n] = geo_source_list[n]->name;
		list = arena_printf(a, "%s%s%s:", list, n ? ", " : "", names[n]);
	}
	close = kind.len ? suggest(kind, names, n) : NULL;
	diag_error(diags, "geo-source", (struct loc){ 0 },
		   close ? arena_printf(a, "did you mean \"%s:\"?", close)
			 : arena_printf(a, "put its kind in front: %s", list),
		   "%s does not say what kind of source it is", geo_quote(a, str_of(shown)));
	return -EINVAL;
}

int geo_spec_parse(struct arena *a, const char *text, struct diags *diags, struct geo_spec *ret_spec) {
	struct str whole = str_of(text), kind, place = whole;
	struct geo_spec spec = { .text = without_password(a, text) };

	if (has_kind(whole, &kind) && (spec.source = find_kind(kind)))
		place = (struct str){ text + kind.len + 1, whole.len - kind.len - 1 };
	else
		spec.source = kind_of_ending(without_table(whole));
	if (!spec.source)
		return unknown_kind(a, diags, spec.text, kind);
	if (spec.source->has_tables) {
		struct str table = place;

		place = without_table(place);
		spec.table = place.len < table.len ? arena_dup(a, place.s + place.len + 1, table.len - place.len - 1)
						   : DEFAULT_TABLE;
	}
	spec.place = arena_dup(a, place.s, place.len);
	if (strncmp(spec.place, "//", 2) == 0 && str_is(STR("postgres"), spec.source->name))
		spec.place = arena_printf(a, "postgresql:%s", spec.place);
	if ((spec.table && !*spec.table) || (!*spec.place && !spec.source->may_be_empty)) {
		diag_error(diags, "geo-source", (struct loc){ 0 }, NULL, "%s names no %s",
			   geo_quote(a, str_of(spec.text)), *spec.place ? "table behind '#'" : "file");
		return -EINVAL;
	}
	*ret_spec = spec;
	return 0;
}

struct loc geo_spec_loc(const struct geo_spec *spec, struct diags *diags) {
	/* Collections borrow their registry as const; a source is the one who adds what it reads. */
	return (struct loc){ .file = sources_add((struct sources *)diags->sources, spec->text, NULL, 0) };
}

int geo_is_there(struct diags *diags, struct loc loc, const struct geo_exception *e, uint64_t id, const char *country) {
	diag_error(diags, "geo-exists", loc, "--replace changes that row", "%s is there already: row %llu says %s",
		   e->network, (unsigned long long)id, country);
	return -EEXIST;
}
