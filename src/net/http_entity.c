/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order is that of RFC 9110 section 13.2.2. First the form (gzip or not) is negotiated. Whoever has the other form
 * already (If-None-Match names it) is told 304 for that one: it is the same content, and negotiation is ours.
 */
#include "net/http_entity.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *s) {
	while (is_blank(*s))
		s++;
	return s;
}

/* The same, and commas: empty items of a list. */
static const char *skip_commas(const char *s) {
	while (is_blank(*s) || *s == ',')
		s++;
	return s;
}

void http_entity_etag(const struct http_entity *e, bool gzip, char ret_etag[static HTTP_ETAG_MAX]) {
	size_t len = strnlen(e->etag, sizeof(e->etag));

	if (gzip && len > 0 && len + strlen("-gzip") < HTTP_ETAG_MAX)
		(void)snprintf(ret_etag, HTTP_ETAG_MAX, "%.*s-gzip\"", (int)len - 1, e->etag);
	else
		(void)snprintf(ret_etag, HTTP_ETAG_MAX, "%.*s", (int)len, e->etag);
}

/* Takes an entity-tag off the text; false at the end and where there is none. */
static bool take_etag(const char **s, bool *ret_weak, struct str *ret_etag) {
	const char *p = *s;
	const char *first;

	*ret_weak = strncmp(p, "W/", 2) == 0;
	p += *ret_weak ? 2 : 0;
	first = p;
	if (*p++ != '"')
		return false;
	while ((unsigned char)*p >= 0x21 && *p != '"' && *p != 0x7f)
		p++;
	if (*p++ != '"')
		return false;
	*ret_etag = (struct str){ first, (size_t)(p - first) };
	*s = p;
	return true;
}

/* Whether a list has the ETag of a form. The strong comparison never takes a weak one. */
static bool etags_have(const char *list, const struct http_entity *e, bool gzip, bool strong) {
	char own[HTTP_ETAG_MAX];
	const char *s = skip_commas(list);
	struct str etag;
	bool weak;

	if (*s == '*' && *skip_blanks(s + 1) == 0)
		return true;
	http_entity_etag(e, gzip, own);
	while (take_etag(&s, &weak, &etag)) {
		if (str_is(etag, own) && !(weak && strong))
			return true;
		s = skip_blanks(s);
		if (*s && *s != ',')
			return false;
		s = skip_commas(s);
	}
	return false;
}

/* A qvalue in thousandths, or -1. */
static int take_weight(const char **s) {
	const char *p = *s;
	int n, digit = 100;

	if (*p != '0' && *p != '1')
		return -1;
	n = (*p++ - '0') * 1000;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && digit > 0; p++, digit /= 10)
			n += (*p - '0') * digit;
	*s = p;
	return n <= 1000 ? n : -1;
}

/* What the header says of the codings, in thousandths; -1: nothing. */
struct weights {
	int gzip, identity, any;
};

static bool is_token_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* One "coding;q=0.5"; false where it is malformed. */
static bool take_coding(const char **s, struct weights *w) {
	const char *first = *s, *p = first;
	struct str name;
	int weight = 1000;

	while (is_token_char(*p))
		p++;
	name = (struct str){ first, (size_t)(p - first) };
	p = skip_blanks(p);
	if (name.len == 0)
		return false;
	if (*p == ';') {
		p = skip_blanks(p + 1);
		if ((*p != 'q' && *p != 'Q') || p[1] != '=')
			return false;
		p += 2;
		weight = take_weight(&p);
		p = skip_blanks(p);
	}
	if (weight < 0 || (*p && *p != ','))
		return false;
	if ((name.len == 4 && strncasecmp(name.s, "gzip", 4) == 0) ||
	    (name.len == 6 && strncasecmp(name.s, "x-gzip", 6) == 0))
		w->gzip = weight;
	else if (name.len == 8 && strncasecmp(name.s, "identity", 8) == 0)
		w->identity = weight;
	else if (str_is(name, "*"))
		w->any = weight;
	*s = skip_commas(p);
	return true;
}

/* Whether gzip is wanted: named, or meant by "*", and not less than no coding. */
static bool wants_gzip(const char *accept) {
	struct weights w = { -1, -1, -1 };
	const char *s;
	int gzip;

	if (!accept)
		return false;
	for (s = skip_commas(accept); *s;)
		if (!take_coding(&s, &w))
			return false;
	gzip = w.gzip >= 0 ? w.gzip : w.any;
	return gzip > 0 && gzip >= w.identity;
}

enum range_kind { RANGE_NONE, RANGE_ONE, RANGE_UNSATISFIABLE };

/* Digits; what does not fit is UINT64_MAX. */
static bool take_digits(const char **s, uint64_t *ret_n) {
	const char *p = *s;
	uint64_t n = 0;
	bool fits = true;

	for (; *p >= '0' && *p <= '9'; p++)
		fits = fits && !__builtin_mul_overflow(n, 10, &n) &&
		       !__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
	if (p == *s)
		return false;
	*s = p;
	*ret_n = fits ? n : UINT64_MAX;
	return true;
}

/* "bytes=" and one range within `whole` bytes. */
static enum range_kind read_range(const char *text, uint64_t whole, uint64_t *ret_first, uint64_t *ret_len) {
	uint64_t first = 0, last = UINT64_MAX;
	bool has_first, has_last;
	const char *s = text;

	if (strncasecmp(s, "bytes=", 6) != 0)
		return RANGE_NONE;
	s = skip_commas(s + 6);
	has_first = take_digits(&s, &first);
	if (*s++ != '-')
		return RANGE_NONE;
	has_last = take_digits(&s, &last);
	if (*skip_commas(s) || (!has_first && !has_last) || (has_first && last < first))
		return RANGE_NONE;
	if (!has_first) { /* the last so many */
		if (last == 0)
			return RANGE_UNSATISFIABLE;
		*ret_len = MIN(last, whole);
		*ret_first = whole - *ret_len;
		return whole > 0 ? RANGE_ONE : RANGE_NONE; /* nothing's last byte has no Content-Range */
	}
	if (first >= whole)
		return RANGE_UNSATISFIABLE;
	*ret_first = first;
	*ret_len = MIN(last, whole - 1) - first + 1;
	return RANGE_ONE;
}

/* What sections 13.1.1 to 13.1.4 say: 0 (go on), 304 or 412. 304 sets *gzip to the form that the client has. */
static unsigned precondition(const struct http_entity *e, const struct http_conditions *c, bool *gzip) {
	int64_t since;

	if (c->if_match) {
		if (!etags_have(c->if_match, e, false, true) && !etags_have(c->if_match, e, true, true))
			return 412;
	} else if (c->if_unmodified_since && http_date_parse(c->if_unmodified_since, c->now, &since) == 0 &&
		   e->modified > since)
		return 412;
	if (c->if_none_match) {
		if (etags_have(c->if_none_match, e, *gzip, false))
			return 304;
		if (e->gzip.len > 0 && etags_have(c->if_none_match, e, !*gzip, false)) {
			*gzip = !*gzip;
			return 304;
		}
	} else if (c->if_modified_since && http_date_parse(c->if_modified_since, c->now, &since) == 0 &&
		   e->modified <= since)
		return 304;
	return 0;
}

/* Section 13.1.5. */
static bool if_range_holds(const struct http_entity *e, const struct http_conditions *c, bool gzip) {
	char own[HTTP_ETAG_MAX];

	http_entity_etag(e, gzip, own);
	return !c->if_range || strcmp(c->if_range, own) == 0;
}

struct http_answer http_entity_answer(const struct http_entity *e, const struct http_conditions *c) {
	bool gzip = e->gzip.len > 0 && wants_gzip(c->accept_encoding);
	unsigned status = precondition(e, c, &gzip);
	struct http_answer a = { .gzip = gzip, .whole = gzip ? e->gzip.len : e->bytes.len };

	a.status = status ? status : 200;
	if (a.status != 200)
		return a;
	a.len = a.whole;
	if (c->is_head || !c->range || !if_range_holds(e, c, gzip))
		return a;
	switch (read_range(c->range, a.whole, &a.first, &a.len)) {
	case RANGE_ONE:
		a.status = 206;
		break;
	case RANGE_UNSATISFIABLE:
		a.status = 416;
		a.len = 0;
		break;
	case RANGE_NONE:
		break;
	}
	return a;
}
