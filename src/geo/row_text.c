/* SPDX-License-Identifier: Apache-2.0 */
/* All of a row's fields are read, whatever is wrong with the first: people mend files in one go. */
#include "geo/row_text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "geo/country.h"

enum { QUOTE_POINTS = 60 };

const char *geo_quote(struct arena *a, struct str text) {
	static const char hex[] = "0123456789abcdef", more[] = "…\"";
	size_t shown = utf8_prefix(text.s, text.len, QUOTE_POINTS), n;
	char *quoted = arena_alloc(a, shown * 4 + sizeof(more) + 1), *p = quoted;
	bool harmless;

	*p++ = '"';
	for (size_t i = 0; i < shown; i += n) {
		n = utf8_next(text.s + i, shown - i, &harmless);
		for (size_t k = i; k < i + n; k++) {
			unsigned char byte = (unsigned char)text.s[k];

			if (harmless)
				*p++ = text.s[k];
			else
				p = mempcpy(p, ((char[]){ '\\', 'x', hex[byte >> 4], hex[byte & 15] }), 4);
		}
	}
	memcpy(p, shown < text.len ? more : "\"", shown < text.len ? sizeof(more) : 2);
	return quoted;
}

/* Where a text stands, and whether anybody wants to hear about it. */
struct place {
	struct diags *diags;
	struct loc loc;
	uint64_t id; /* the row's, in a table */
	bool has_id, quiet;
};

__attribute__((format(printf, 4, 5))) static bool wrong(const struct place *at, const char *check, const char *hint,
							const char *fmt, ...) {
	const char *message;
	va_list ap;

	if (at->quiet)
		return false;
	va_start(ap, fmt);
	message = arena_vprintf(at->diags->arena, fmt, ap);
	va_end(ap);
	if (at->has_id)
		diag_error(at->diags, check, at->loc, hint, "row %llu: %s", (unsigned long long)at->id, message);
	else
		diag_error(at->diags, check, at->loc, hint, "%s", message);
	return false;
}

static bool wrong_address(const struct place *at, struct str text, const char *what, struct ip_fault fault) {
	struct place there = *at;

	if (there.loc.col)
		there.loc.col += (uint32_t)utf8_count(text.s, fault.at);
	return wrong(&there, "geo-network", ip_error_hint(fault.error), "%s is not %s",
		     geo_quote(at->diags->arena, text), what);
}

static bool read_network(const struct place *at, struct str text, struct prefix *ret_p) {
	struct arena *a = at->diags->arena;
	struct ip_fault fault = { IP_OK, 0 };
	char right[PREFIX_TEXT_MAX], host[IP_TEXT_MAX];
	const char *slash;
	struct ip ip;

	if (!text.len)
		return wrong(at, "geo-network", "write an address, or a network such as 2001:db8::/32", "no network");
	if (prefix_parse(text.s, text.len, ret_p, &fault) == 0)
		return true;
	if (fault.error != IP_ERR_HOST_BITS)
		return wrong_address(at, text, "a network", fault);
	slash = memrchr(text.s, '/', text.len);
	(void)ip_parse(text.s, (size_t)(slash - text.s), &ip, NULL);
	(void)prefix_format(*ret_p, right);
	(void)ip_format(ip, host);
	return wrong(at, "geo-host-bits", arena_printf(a, "write %s, or %s for the address alone", right, host),
		     "%s has bits set to the right of its length", geo_quote(a, text));
}

static bool read_country(const struct place *at, struct str text, uint32_t *ret_value) {
	static const char expected[] = "a country is an ISO 3166-1 code or its English name";
	struct arena *a = at->diags->arena;
	const struct country *c = country_find(text);
	const char *close;

	if (c) {
		*ret_value = country_index(c);
		return true;
	}
	if (!str_trim(text).len)
		return wrong(at, "geo-country", expected, "no country");
	close = country_suggest(text);
	return wrong(at, "geo-country", close ? arena_printf(a, "did you mean \"%s\"?", close) : expected,
		     "%s is not a country", geo_quote(a, text));
}

bool geo_text_network(struct str text, struct diags *diags, struct loc loc, struct prefix *ret_p) {
	return read_network(&(struct place){ .diags = diags, .loc = loc }, str_trim(text), ret_p);
}

bool geo_text_country(struct str text, struct diags *diags, struct loc loc, uint32_t *ret_value) {
	return read_country(&(struct place){ .diags = diags, .loc = loc }, text, ret_value);
}

static struct place place_of(const struct geo_text *t, const struct geo_text_row *row, enum geo_field f) {
	struct loc loc = geo_row_loc(t->file, row->id, row->id_is_line);

	loc.col = row->id_is_line ? MAX(1U, row->col[f]) : 0;
	return (struct place){ t->sink->diags, loc, row->id, !row->id_is_line, t->wrong >= GEO_TEXT_SHOWN };
}

static bool read_end(const struct place *at, struct str text, const char *what, struct ip *ret_ip) {
	struct ip_fault fault = { IP_OK, 0 };

	if (!text.len)
		return wrong(at, "geo-network", "a range has a first and a last address", "no %s address", what);
	return ip_parse(text.s, text.len, ret_ip, &fault) == 0 || wrong_address(at, text, "an address", fault);
}

static bool read_range(const struct geo_text *t, const struct geo_text_row *row, struct range *ret_r) {
	struct place start = place_of(t, row, GEO_FIELD_START), end = place_of(t, row, GEO_FIELD_END);
	struct str a = str_trim(row->field[GEO_FIELD_START]), b = str_trim(row->field[GEO_FIELD_END]);
	struct arena *arena = t->sink->diags->arena;
	bool good = read_end(&start, a, "first", &ret_r->first);

	if (!read_end(&end, b, "last", &ret_r->last) || !good)
		return false;
	if (ip_family(ret_r->first) != ip_family(ret_r->last))
		return wrong(&start, "geo-range", "both ends of a range are of one family",
			     "the range from %s to %s begins in one family and ends in the other", geo_quote(arena, a),
			     geo_quote(arena, b));
	if (ip_compare(ret_r->first, ret_r->last) > 0)
		return wrong(&start, "geo-range", "swap the two, if that is what is meant",
			     "the range from %s to %s ends before it begins", geo_quote(arena, a), geo_quote(arena, b));
	return true;
}

static bool read_place(const struct geo_text *t, const struct geo_text_row *row, struct geo_row *r) {
	bool is_range = row->field[GEO_FIELD_START].s || row->field[GEO_FIELD_END].s;
	struct str first = row->field[is_range ? GEO_FIELD_START : GEO_FIELD_NETWORK];
	struct place at = place_of(t, row, GEO_FIELD_NETWORK);
	struct prefix p = { 0 };

	if (is_range) {
		if (!read_range(t, row, &r->range))
			return false;
	} else {
		if (!read_network(&at, str_trim(first), &p))
			return false;
		r->range = (struct range){ prefix_first(p), prefix_last(p) };
	}
	r->mapped = ip_is_v4(r->range.first) && first.s && memchr(first.s, ':', first.len);
	return true;
}

static bool read_created(const struct geo_text *t, const struct geo_text_row *row, int64_t *ret_us) {
	struct str text = str_trim(row->field[GEO_FIELD_CREATED]);
	struct place at = place_of(t, row, GEO_FIELD_CREATED);

	*ret_us = GEO_NEVER;
	return !text.len || geo_time_parse(text, ret_us) == 0 ||
	       wrong(&at, "geo-time", "a time is written as 2018-10-06 12:34:56, in UTC", "%s is not a time",
		     geo_quote(at.diags->arena, text));
}

int geo_text_add(struct geo_text *t, const struct geo_text_row *row) {
	struct geo_row r = { .id = row->id, .id_is_line = row->id_is_line };
	struct place country = place_of(t, row, GEO_FIELD_COUNTRY);
	struct arena_mark mark = arena_mark(t->sink->diags->arena);
	bool good = read_place(t, row, &r);

	good &= read_country(&country, row->field[GEO_FIELD_COUNTRY], &r.value);
	good &= read_created(t, row, &r.created);
	if (good)
		return t->sink->add(t->sink, &r);
	if (t->wrong++ >= GEO_TEXT_SHOWN)
		arena_release(t->sink->diags->arena, mark);
	return 0;
}

void geo_text_wrong(struct geo_text *t, struct loc loc, const char *check, const char *hint, const char *message) {
	if (t->wrong++ < GEO_TEXT_SHOWN)
		diag_error(t->sink->diags, check, loc, hint, "%s", message);
}

void geo_text_finish(struct geo_text *t) {
	if (t->wrong > GEO_TEXT_SHOWN)
		diag_error(t->sink->diags, "geo-more", ((struct loc){ .file = t->file }), NULL,
			   "%llu rows are wrong; the first %d of them are named", (unsigned long long)t->wrong,
			   GEO_TEXT_SHOWN);
}
