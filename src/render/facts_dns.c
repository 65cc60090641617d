/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is one line, or what parentheses hold together. Its words are collected first; whether it begins with a
 * blank, which means "the owner before", is known from the line's first byte. Then come, in any order, a TTL and the
 * class; the next word is the type.
 */
#include "render/facts_dns.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { NAME_MAX_BYTES = 255, TYPE_MAX = 16 };

struct zone_reader {
	struct facts *facts;
	const char *at, *end;
	uint32_t line, record_line;
	const char *origin; /* "" before the first */
	const char *owner;  /* of the record before; NULL: none */
	bool indented;
	VEC(struct str) words;
	const char *error;
};

static int refuse(struct zone_reader *z, const char *fmt, ...) _printf_(2, 3);
static int refuse(struct zone_reader *z, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	z->error =
		arena_printf(z->facts->arena, "line %u: %s", z->record_line, arena_vprintf(z->facts->arena, fmt, ap));
	va_end(ap);
	return -EINVAL;
}

#define SHOW(w) (int)MIN((w).len, (size_t)40), (w).s

/* A quoted word keeps its quotes. Both ends of a line inside quotes, and of the text, are errors. */
static int read_word(struct zone_reader *z) {
	const char *from = z->at;
	const bool quoted = *from == '"';

	if (quoted)
		z->at++;
	for (; z->at < z->end && *z->at != '\n'; z->at++) {
		if (*z->at == '\\' && z->at + 1 < z->end && z->at[1] != '\n')
			z->at++;
		else if (quoted ? *z->at == '"' : isspace((unsigned char)*z->at) || strchr("();\"", *z->at) != NULL)
			break;
	}
	if (quoted) {
		if (z->at == z->end || *z->at != '"')
			return refuse(z, "a quoted text without its end");
		z->at++;
	}
	if (z->at == from || memchr(from, 0, (size_t)(z->at - from)))
		return refuse(z, "a byte that no zone has");
	vec_push(&z->words, (struct str){ from, (size_t)(z->at - from) });
	return 0;
}

/* Collects the words of the next record; 0 also at the end of the text and for an empty line. */
static int read_words(struct zone_reader *z) {
	unsigned depth = 0;

	z->words.n = 0;
	z->record_line = z->line;
	z->indented = *z->at == ' ' || *z->at == '\t';
	while (z->at < z->end) {
		const char c = *z->at;

		if (c == ';') {
			while (z->at < z->end && *z->at != '\n')
				z->at++;
		} else if (c == '\n') {
			z->at++;
			z->line++;
			if (!depth)
				return 0;
		} else if (c == '(' || c == ')') {
			if (c == ')' && !depth)
				return refuse(z, "a ) without its (");
			depth += c == '(' ? 1U : -1U;
			z->at++;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			z->at++;
		} else if (read_word(z) < 0) {
			return -EINVAL;
		}
	}
	return depth ? refuse(z, "a ( without its )") : 0;
}

/* A name, complete and in lower case; NULL after a refusal. */
static const char *name_of(struct zone_reader *z, struct str w) {
	char *name;

	if (str_is(w, "@"))
		w = (struct str){ z->origin, strlen(z->origin) };
	if (!w.len || memchr(w.s, '\\', w.len) || memchr(w.s, '"', w.len)) {
		(void)refuse(z, "'%.*s' is no plain name", SHOW(w));
		return NULL;
	}
	if (w.s[w.len - 1] == '.')
		name = arena_dup(z->facts->arena, w.s, w.len);
	else
		name = arena_printf(z->facts->arena, "%.*s.%s", (int)w.len, w.s,
				    strcmp(z->origin, ".") == 0 ? "" : z->origin);
	if ((w.s[w.len - 1] != '.' && !z->origin[0]) || strlen(name) > NAME_MAX_BYTES) {
		(void)refuse(z, "'%.*s' is too long a name, or there is no $ORIGIN", SHOW(w));
		return NULL;
	}
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static bool is_ttl(struct str w) {
	if (!w.len || !isdigit((unsigned char)w.s[0]))
		return false;
	for (size_t i = 0; i < w.len; i++)
		if (!isdigit((unsigned char)w.s[i]) && !strchr("smhdwSMHDW", w.s[i]))
			return false;
	return true;
}

static int read_directive(struct zone_reader *z) {
	const struct str *w = z->words.v;

	if (z->words.n == 2 && strncasecmp(w[0].s, "$ORIGIN", w[0].len) == 0 && w[0].len == 7) {
		const char *origin = name_of(z, w[1]);

		z->origin = origin ? origin : z->origin;
		return origin ? 0 : -EINVAL;
	}
	if (z->words.n == 2 && strncasecmp(w[0].s, "$TTL", w[0].len) == 0 && w[0].len == 4 && is_ttl(w[1]))
		return 0;
	return refuse(z, "%.*s is not understood", SHOW(w[0]));
}

/* Which word of a type's data is a name; -1: none. */
static int name_word(const char *type) {
	static const struct {
		const char *type;
		int word;
	} rows[] = { { "NS", 0 }, { "CNAME", 0 }, { "PTR", 0 }, { "DNAME", 0 }, { "MX", 1 }, { "SRV", 3 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].type, type) == 0)
			return rows[i].word;
	return -1;
}

static const char *read_address(struct zone_reader *z, struct str w, enum family f) {
	char text[IP_TEXT_MAX];
	struct ip ip;

	if (ip_parse(w.s, w.len, &ip, NULL) < 0 || ip_family(ip) != f) {
		(void)refuse(z, "'%.*s' is no IPv%d address", SHOW(w), (int)f);
		return NULL;
	}
	(void)ip_format(ip, text);
	return arena_dup(z->facts->arena, text, strlen(text));
}

/* The data from word `from` on; NULL after a refusal. */
static const char *read_data(struct zone_reader *z, const char *type, size_t from) {
	const int name = name_word(type);
	struct text t = { 0 };
	const char *data;

	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0) {
		if (z->words.n == from + 1)
			return read_address(z, z->words.v[from], type[1] ? FAMILY_6 : FAMILY_4);
		(void)refuse(z, "%s takes one address", type);
		return NULL;
	}
	for (size_t i = from; i < z->words.n; i++) {
		const struct str w = z->words.v[i];
		const char *complete = (int)(i - from) == name ? name_of(z, w) : "";

		if (!complete) {
			text_done(&t);
			return NULL;
		}
		text_printf(&t, "%s%.*s", i == from ? "" : " ", *complete ? (int)strlen(complete) : (int)w.len,
			    *complete ? complete : w.s);
	}
	data = arena_dup(z->facts->arena, t.v ? t.v : "", t.n);
	text_done(&t);
	return data;
}

static int read_record(struct zone_reader *z) {
	struct fact_record record = { 0 };
	char type[TYPE_MAX + 1] = "";
	size_t i = 0;

	if (!z->indented)
		z->owner = name_of(z, z->words.v[i++]);
	if (!z->owner)
		return z->error ? -EINVAL : refuse(z, "the first record has no owner");
	while (i < z->words.n &&
	       (is_ttl(z->words.v[i]) || (z->words.v[i].len == 2 && strncasecmp(z->words.v[i].s, "IN", 2) == 0)))
		i++;
	if (i == z->words.n || z->words.v[i].len > TYPE_MAX || !isalpha((unsigned char)z->words.v[i].s[0]))
		return refuse(z, "a type is missing");
	for (size_t k = 0; k < z->words.v[i].len; k++)
		type[k] = (char)toupper((unsigned char)z->words.v[i].s[k]);
	if (strcmp(type, "CH") == 0 || strcmp(type, "HS") == 0 || i + 1 == z->words.n)
		return refuse(z, "'%s' is no type with data", type);
	if (strcmp(type, "SOA") == 0)
		return 0;
	record.owner = z->owner;
	record.type = arena_dup(z->facts->arena, type, strlen(type));
	record.data = read_data(z, type, i + 1);
	if (!record.data)
		return -EINVAL;
	vec_push(&z->facts->records, record);
	return 0;
}

int facts_dns_read(struct facts *f, struct str text, const char **ret_error) {
	struct zone_reader z = { .facts = f, .at = text.s, .end = text.s + text.len, .line = 1, .origin = "" };
	int r = 0;

	while (z.at < z.end && r == 0) {
		r = read_words(&z);
		if (r < 0 || !z.words.n)
			continue;
		r = z.words.v[0].s[0] == '$' && !z.indented ? read_directive(&z) : read_record(&z);
	}
	vec_done(&z.words);
	if (r < 0)
		*ret_error = z.error;
	return r;
}
