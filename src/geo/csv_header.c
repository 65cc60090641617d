/* SPDX-License-Identifier: Apache-2.0 */
/* The names that exporters give their columns: RFC 8805 has none, MaxMind, IPinfo, IP2Location and people have these.
 */
#include "geo/csv.h"

#include <string.h>
#include <strings.h>

static const struct {
	enum geo_field field;
	const char *name;
} names[] = {
	{ GEO_FIELD_NETWORK, "network" },
	{ GEO_FIELD_NETWORK, "cidr" },
	{ GEO_FIELD_NETWORK, "prefix" },
	{ GEO_FIELD_NETWORK, "ip_prefix" },
	{ GEO_FIELD_START, "start" },
	{ GEO_FIELD_START, "start_ip" },
	{ GEO_FIELD_START, "ip_range_start" },
	{ GEO_FIELD_START, "ip_from" },
	{ GEO_FIELD_START, "first" },
	{ GEO_FIELD_END, "end" },
	{ GEO_FIELD_END, "end_ip" },
	{ GEO_FIELD_END, "ip_range_end" },
	{ GEO_FIELD_END, "ip_to" },
	{ GEO_FIELD_END, "last" },
	/* The better one first: a file may have a code and a name. */
	{ GEO_FIELD_COUNTRY, "country_code" },
	{ GEO_FIELD_COUNTRY, "country_iso_code" },
	{ GEO_FIELD_COUNTRY, "alpha2code" },
	{ GEO_FIELD_COUNTRY, "country" },
	{ GEO_FIELD_COUNTRY, "country_name" },
	{ GEO_FIELD_CREATED, "created_at" },
	{ GEO_FIELD_CREATED, "created" },
};

static bool is_name(struct str field, const char *name) {
	return field.len == strlen(name) && strncasecmp(field.s, name, field.len) == 0;
}

/* The first of the names that a column has. */
static uint8_t find(const struct str *fields, size_t n, enum geo_field wanted) {
	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		for (size_t i = 0; i < n && names[k].field == wanted; i++)
			if (is_name(fields[i], names[k].name))
				return (uint8_t)i;
	return CSV_COLUMNS;
}

/* An address, or what was meant as one (some write addresses as numbers): no country has only such characters. */
static bool looks_like_address(struct str text) {
	return text.len && strspn(text.s, "0123456789abcdefABCDEF.:") >= text.len &&
	       (memchr(text.s, '.', text.len) || memchr(text.s, ':', text.len) ||
		strspn(text.s, "0123456789") >= text.len);
}

static void missing(struct csv *c, const char *what, const char *name) {
	struct arena *a = c->text.sink->diags->arena;

	geo_text_wrong(&c->text, geo_row_loc(c->text.file, c->line, true), "geo-csv",
		       arena_printf(a, "name that column \"%s\"", name),
		       arena_printf(a, "the line of names has no column for the %s", what));
	c->refused = true;
}

/* What other programs call CSV. */
static bool is_other_form(struct csv *c, struct str whole) {
	static const struct {
		char separator;
		const char *message, *hint;
	} forms[] = {
		{ '\r', "the lines end in CR alone", "tr '\\r' '\\n' < FILE | hextet … csv:-" },
		{ ';', "the fields are separated by semicolons, not commas", "tr ';' , < FILE | hextet … csv:-" },
		{ '\t', "the fields are separated by tabs, not commas", "tr '\\t' , < FILE | hextet … csv:-" },
	};

	for (size_t i = 0; i < ARRAY_LEN(forms) && !c->refused; i++)
		if (memchr(whole.s, forms[i].separator, whole.len)) {
			geo_text_wrong(&c->text, geo_row_loc(c->text.file, c->line, true), "geo-csv", forms[i].hint,
				       forms[i].message);
			c->refused = true;
		}
	return c->refused;
}

bool csv_header(struct csv *c, const struct str *fields, size_t n) {
	uint8_t column[_GEO_FIELD_MAX];
	bool is_header = false;

	/* A network or a country never has any of these, so one field with them is more than one. */
	if ((n == 1 && is_other_form(c, fields[0])) ||
	    (n > 1 && memchr(fields[1].s, '\r', fields[1].len) && is_other_form(c, fields[1])))
		return true;
	for (enum geo_field f = 0; f < _GEO_FIELD_MAX; f++) {
		column[f] = find(fields, n, f);
		is_header |= column[f] < CSV_COLUMNS && f != GEO_FIELD_CREATED;
	}
	if (!is_header) {
		c->is_ranges = n > 1 && looks_like_address(fields[1]);
		c->column[c->is_ranges ? GEO_FIELD_START : GEO_FIELD_NETWORK] = 0;
		c->column[GEO_FIELD_END] = c->is_ranges ? 1 : CSV_COLUMNS;
		c->column[GEO_FIELD_COUNTRY] = c->is_ranges ? 2 : 1;
		return false;
	}
	c->is_ranges = column[GEO_FIELD_NETWORK] == CSV_COLUMNS && column[GEO_FIELD_START] < CSV_COLUMNS;
	memcpy(c->column, column, sizeof(column));
	if (!c->is_ranges) {
		c->column[GEO_FIELD_START] = c->column[GEO_FIELD_END] = CSV_COLUMNS;
		if (column[GEO_FIELD_NETWORK] == CSV_COLUMNS)
			missing(c, "network", "network");
	} else if (column[GEO_FIELD_END] == CSV_COLUMNS) {
		missing(c, "end of a range", "end");
	}
	if (column[GEO_FIELD_COUNTRY] == CSV_COLUMNS)
		missing(c, "country", "country");
	return true;
}
