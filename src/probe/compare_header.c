/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each side's headers become a list of rows, sorted by name: name in lower case, values in a form in which what means
 * the same is the same (lists sorted, cookies without their values). The sorted lists are merged; a name whose rows
 * differ is one finding.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "logs/forwarded.h"
#include "probe/compare_parts.h"

enum { HEADERS_MAX = 1000 }; /* of one answer; more are not looked at */

const char *const compare_volatile_headers[] = {
	/* time and caches */
	"Age", "Date", "Expires", "Retry-After", "Server-Timing", "X-Cache", "X-Cache-*", "X-Process-Time",
	"X-Response-Time", "X-Runtime", "X-Served-By", "X-Timer", "X-Varnish",
	/* the connection and the length, which the body is compared for */
	"Connection", "Content-Length", "Keep-Alive", "Transfer-Encoding",
	/* names of one request */
	"*Correlation-Id", "*Request-Id", "*RequestId", "*Trace-Id", "CF-Cache-Status", "CF-Ray", "NEL", "Report-To",
	"Traceparent", "Tracestate", "X-Amz-Cf-Id", "X-Amz-Cf-Pop", "X-Amz-Id-2", "X-B3-*", "X-CSRF-Token",
	/* what is left of a limit */
	"*RateLimit-Remaining", "*RateLimit-Reset", "RateLimit", NULL
};

/* Derived from the body: where that differs, they say nothing more. */
static const char *const of_body[] = { "Content-Digest", "Content-MD5", "Digest", "ETag",
				       "Last-Modified",  "Repr-Digest", NULL };

/* Lists in which order and case do not matter. */
static const char *const lists[] = { "Accept-CH",
				     "Accept-Ranges",
				     "Access-Control-Allow-Headers",
				     "Access-Control-Allow-Methods",
				     "Access-Control-Expose-Headers",
				     "Allow",
				     "Cache-Control",
				     "Vary",
				     NULL };

/* What a difference means. First match. */
static const struct {
	const char *name, *hint;
} hints[] = {
	{ "Access-Control-*", "browsers will refuse scripts in one family" },
	{ "Alt-Svc", "HTTP/3 is offered in one family only, or at two ports" },
	{ "Cache-Control", "caches will treat the families differently" },
	{ "Content-Encoding", "one family is served by a program that does not compress as the other does" },
	{ "Content-Type", "two programs, or two releases, answer" },
	{ "ETag", "the same body has two: they are made of inode or time of change, so two machines answer; caches and "
		  "If-None-Match fail between the families" },
	{ "Last-Modified", "the same body was written at two times: two machines answer" },
	{ "Server", "two programs answer: see what listens in each family" },
	{ "Set-Cookie", "sessions will not go on when a client changes the family" },
	{ "Via", "the families pass other proxies" },
	{ "*Country*", "the geo database puts the two clients in two countries" },
	{ "*Geo*", "the geo database puts the two clients in two countries" },
	{ "Content-Security-Policy*", "a protection is set for one family only, or another one" },
	{ "Cross-Origin-*", "a protection is set for one family only, or another one" },
	{ "Permissions-Policy", "a protection is set for one family only, or another one" },
	{ "Referrer-Policy", "a protection is set for one family only, or another one" },
	{ "Strict-Transport-Security", "a protection is set for one family only, or another one" },
	{ "X-Content-Type-Options", "a protection is set for one family only, or another one" },
	{ "X-Frame-Options", "a protection is set for one family only, or another one" },
	{ "Upgrade*", "one family's listener offers another protocol" },
};

struct row {
	const char *name; /* lower case */
	const char *value;
	struct str raw;
};

struct rows {
	VEC(struct row) list;
};

/* Whether the name fits a pattern in which * stands for any text; case does not matter. */
static bool fits(const char *pattern, const char *name) {
	const char *star = NULL, *again = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			again = name;
		} else if (tolower((unsigned char)*pattern) == tolower((unsigned char)*name)) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool in_list(const char *const *list, const char *name) {
	for (; list && *list; list++)
		if (fits(*list, name))
			return true;
	return false;
}

static int compare_texts(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_rows(const void *a, const void *b) {
	const struct row *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->value, y->value);
}

static const char *lower(struct arena *a, struct str text) {
	char *s = arena_dup(a, text.len ? text.s : "", text.len);

	for (size_t i = 0; i < text.len; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
	return s;
}

/* The parts of a list in lower case, sorted, joined again. */
static const char *sorted_list(struct arena *a, struct str value, char separator) {
	VEC(const char *) parts = { 0 };
	struct text out = { 0 };
	struct str part;
	const char *copy;

	while (str_split(&value, separator, &part)) {
		part = str_trim(part);
		if (part.len)
			vec_push(&parts, lower(a, part));
	}
	if (parts.n)
		qsort(parts.v, parts.n, sizeof(*parts.v), compare_texts);
	for (size_t i = 0; i < parts.n; i++) {
		text_puts(&out, i ? (const char[]){ separator, ' ', 0 } : "");
		text_puts(&out, parts.v[i]);
	}
	copy = arena_dup(a, out.n ? out.v : "", out.n);
	text_done(&out);
	vec_done(&parts);
	return copy;
}

/* "NAME=…; httponly; path=/": the value is of one session, and so is the time at which it ends. */
static const char *cookie(struct arena *a, struct str value) {
	struct str first, part, kept = { 0 };
	struct text rest = { 0 };
	const char *copy, *equals;

	(void)str_split(&value, ';', &first);
	equals = first.len ? memchr(first.s, '=', first.len) : NULL;
	kept = str_trim((struct str){ first.s, equals ? (size_t)(equals - first.s) : first.len });
	while (str_split(&value, ';', &part)) {
		part = str_trim(part);
		if (part.len >= 8 && strncasecmp(part.s, "expires=", 8) == 0)
			part.len = 7;
		text_add(&rest, part.s, part.len);
		text_char(&rest, ';');
	}
	copy = sorted_list(a, (struct str){ rest.n ? rest.v : "", rest.n }, ';');
	text_done(&rest);
	return arena_printf(a, "%.*s=…%s%s", (int)MIN(kept.len, (size_t)4096), kept.len ? kept.s : "",
			    *copy ? "; " : "", copy);
}

/* A policy's nonces are new in each answer. */
static const char *without_nonces(struct arena *a, struct str value) {
	static const char mark[] = "'nonce-";
	struct text out = { 0 };
	const char *copy, *at, *end;

	while (value.len && (at = memmem(value.s, value.len, mark, sizeof(mark) - 1))) {
		end = memchr(at + 1, '\'', value.len - (size_t)(at + 1 - value.s));
		if (!end)
			break;
		text_add(&out, value.s, (size_t)(at - value.s) + sizeof(mark) - 1);
		value.len -= (size_t)(end - value.s);
		value.s = end;
	}
	text_add(&out, value.s, value.len);
	copy = arena_dup(a, out.n ? out.v : "", out.n);
	text_done(&out);
	return copy;
}

static const char *normal_value(struct arena *a, const char *name, struct str value) {
	value = str_trim(value);
	if (strcmp(name, "set-cookie") == 0)
		return cookie(a, value);
	if (in_list(lists, name))
		return sorted_list(a, value, ',');
	if (fits("content-security-policy*", name))
		return without_nonces(a, value);
	return arena_dup(a, value.len ? value.s : "", value.len);
}

static void collect(const struct comparing *c, const struct fetched *f, bool same_body, struct rows *rows) {
	for (size_t i = 0; i < MIN(f->headers.n, (size_t)HEADERS_MAX); i++) {
		const struct fetch_header *h = &f->headers.v[i];
		struct row row = { .name = lower(c->a, h->name), .raw = str_trim(h->value) };

		if (in_list(compare_volatile_headers, row.name) || in_list(c->o->ignore, row.name) ||
		    strcmp(row.name, "location") == 0 || (!same_body && in_list(of_body, row.name)))
			continue;
		row.value = normal_value(c->a, row.name, h->value);
		vec_push(&rows->list, row);
	}
	if (rows->list.n)
		qsort(rows->list.v, rows->list.n, sizeof(*rows->list.v), compare_rows);
}

/* The values of one name, joined; takes them off the front. */
static const char *take_values(struct arena *a, const struct row **row, size_t *n, const char *name) {
	struct text out = { 0 };
	const char *copy;
	size_t k = 0;

	for (; k < *n && strcmp((*row)[k].name, name) == 0; k++) {
		text_puts(&out, k ? ", " : "");
		text_puts(&out, (*row)[k].value);
	}
	copy = k ? arena_dup(a, out.n ? out.v : "", out.n) : NULL;
	text_done(&out);
	*row = k ? *row + k : *row;
	*n -= k;
	return copy;
}

/* A header that shows the client's, or the server's, own address differs by nature. */
static bool are_addresses(const char *v4, const char *v6) {
	struct ip a, b;

	return v4 && v6 && forwarded_hop(v4, strlen(v4), &a) == 0 && forwarded_hop(v6, strlen(v6), &b) == 0 &&
	       ip_is_v4(a) && !ip_is_v4(b);
}

/* The name as the server writes it. */
static const char *display_name(const struct comparing *c, const char *lower_name) {
	for (int side = 0; side < 2; side++) {
		const struct fetched *f = side ? c->v6 : c->v4;

		for (size_t i = 0; i < f->headers.n; i++)
			if (f->headers.v[i].name.len == strlen(lower_name) &&
			    strncasecmp(f->headers.v[i].name.s, lower_name, f->headers.v[i].name.len) == 0)
				return arena_dup(c->a, f->headers.v[i].name.s, f->headers.v[i].name.len);
	}
	return lower_name;
}

static void add_difference(const struct comparing *c, const char *name, const char *v4, const char *v6) {
	const char *shown4 = v4 ? compare_shown(c->a, str_of(v4)) : "none";
	const char *shown6 = v6 ? compare_shown(c->a, str_of(v6)) : "none", *hint = NULL;
	struct finding *f;

	for (size_t i = 0; i < ARRAY_LEN(hints) && !hint; i++)
		if (fits(hints[i].name, name))
			hint = hints[i].hint;
	name = display_name(c, name);
	f = finding_add(c->ret, c->a, FINDING_HEADER,
			!v6   ? 6
			: !v4 ? 4
			      : 0,
			"%s: IPv4 %s, IPv6 %s%s%s", compare_shown(c->a, str_of(name)), shown4, shown6, hint ? "; " : "",
			hint ? hint : "");
	f->diff = compare_line_diff(c->a, "header", str_of(v4 ? arena_printf(c->a, "%s: %s", name, v4) : ""),
				    str_of(v6 ? arena_printf(c->a, "%s: %s", name, v6) : ""));
}

void compare_headers(const struct comparing *c, bool same_body) {
	struct rows rows[2] = { 0 };
	const struct row *row[2];
	size_t n[2];

	collect(c, c->v4, same_body, &rows[0]);
	collect(c, c->v6, same_body, &rows[1]);
	for (int side = 0; side < 2; side++) {
		row[side] = rows[side].list.v;
		n[side] = rows[side].list.n;
	}
	while (n[0] || n[1]) {
		const char *name = !n[0]                                     ? row[1]->name
				   : !n[1]                                   ? row[0]->name
				   : strcmp(row[0]->name, row[1]->name) <= 0 ? row[0]->name
									     : row[1]->name;
		const char *v4 = take_values(c->a, &row[0], &n[0], name), *v6 = take_values(c->a, &row[1], &n[1], name);

		if ((!v4 || !v6 || strcmp(v4, v6) != 0) && !are_addresses(v4, v6))
			add_difference(c, name, v4, v6);
	}
	vec_done(&rows[0].list);
	vec_done(&rows[1].list);
}
