/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes are gathered until records are whole. A record that is plainly right (two addresses or a network, two capital
 * letters) becomes a row at once; every other one, right or wrong, goes through row_text.h, which knows what to say.
 */
#include "geo/csv.h"

#include <errno.h>
#include <string.h>

#include "geo/country.h"
#include "geo/csv_record.h"

enum { PADDING = 32, BEGIN_MAX = 16 };

void csv_init(struct csv *c, struct geo_sink *sink, uint32_t file) {
	*c = (struct csv){ .text = { .sink = sink, .file = file }, .line = 1 };
	c->buffer = malloc(CSV_RECORD_MAX + CSV_CHUNK + PADDING);
	if (!c->buffer)
		abort();
	memset(c->column, CSV_COLUMNS, sizeof(c->column));
}

void csv_done(struct csv *c) {
	free(c->buffer);
	c->buffer = NULL;
}

char *csv_room(struct csv *c, size_t *ret_len) {
	*ret_len = CSV_CHUNK;
	return c->buffer + c->len;
}

static void wrong_at(struct csv *c, uint32_t col, const char *hint, const char *message) {
	struct loc loc = geo_row_loc(c->text.file, c->line, true);

	loc.col = col;
	geo_text_wrong(&c->text, loc, "geo-csv", hint, message);
}

/* Bytes that no CSV file begins with. Returns how many are to be left out; 0 also when the file is refused. */
static size_t begins_with(struct csv *c, const char *s, size_t len) {
	static const struct {
		const char *magic;
		unsigned len;
		const char *message, *hint;
	} kinds[] = {
		{ "\xff\xfe", 2, "this is UTF-16", "write it as UTF-8: iconv -f UTF-16 -t UTF-8" },
		{ "\xfe\xff", 2, "this is UTF-16", "write it as UTF-8: iconv -f UTF-16 -t UTF-8" },
		{ "\x1f\x8b", 2, "this is compressed", "gzip -dc FILE | hextet … csv:-" },
		{ "PK\3\4", 4, "this is a ZIP archive", "unzip -p FILE | hextet … csv:-" },
		{ "SQLite format 3", 15, "this is an SQLite database", "name it as sqlite:FILE" },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (len >= kinds[i].len && memcmp(s, kinds[i].magic, kinds[i].len) == 0) {
			wrong_at(c, 1, kinds[i].hint,
				 arena_printf(c->text.sink->diags->arena, "%s, not CSV", kinds[i].message));
			c->refused = true;
		}
	return len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static inline struct str field(const struct csv *c, const char *s, const struct csv_record *r, enum geo_field f) {
	unsigned n = c->column[f];

	return n < r->n ? (struct str){ s + r->start[n], r->end[n] - r->start[n] } : (struct str){ NULL, 0 };
}

/* A text that is IPv4 as people write it has a dot among its first four bytes; a mapped one never has. */
static inline bool is_mapped(struct str text, struct ip ip) {
	return ip_is_v4(ip) && text.s[1] != '.' && text.s[2] != '.' && text.s[3] != '.';
}

static bool quick_place(const struct csv *c, const char *s, const struct csv_record *r, struct geo_row *row) {
	struct str a, b;
	struct prefix p;

	if (!c->is_ranges) {
		a = field(c, s, r, GEO_FIELD_NETWORK);
		if (!a.s || prefix_parse(a.s, a.len, &p, NULL) < 0)
			return false;
		row->range = (struct range){ prefix_first(p), prefix_last(p) };
	} else {
		a = field(c, s, r, GEO_FIELD_START);
		b = field(c, s, r, GEO_FIELD_END);
		if (!a.s || ip_parse(a.s, a.len, &row->range.first, NULL) < 0 ||
		    ip_parse(b.s, b.len, &row->range.last, NULL) < 0 ||
		    ip_family(row->range.first) != ip_family(row->range.last) ||
		    ip_compare(row->range.first, row->range.last) > 0)
			return false;
	}
	row->mapped = is_mapped(a, row->range.first);
	return true;
}

/* Whether the record is one of the plainly right ones; then *row is set. */
static bool quick(const struct csv *c, const char *s, const struct csv_record *r, struct geo_row *row) {
	struct str code = field(c, s, r, GEO_FIELD_COUNTRY), created = field(c, s, r, GEO_FIELD_CREATED);
	const struct country *country = code.len == 2 ? country_of_code(code.s) : NULL;

	if (!country || !quick_place(c, s, r, row) || (created.len && geo_time_parse(created, &row->created) < 0))
		return false;
	if (!created.len)
		row->created = GEO_NEVER;
	row->value = country_index(country);
	row->id = c->line;
	row->id_is_line = true;
	return true;
}

/* Returns 1 when the record was the line of names. */
static int find_layout(struct csv *c, const char *s, const struct csv_record *r) {
	struct str fields[CSV_COLUMNS];
	bool is_header;

	for (unsigned i = 0; i < r->n; i++)
		fields[i] = str_trim((struct str){ s + r->start[i], r->end[i] - r->start[i] });
	is_header = csv_header(c, fields, r->n);
	c->has_layout = true;
	return is_header;
}

static int slow(struct csv *c, const char *s, const struct csv_record *r) {
	struct geo_text_row row = { .id = c->line, .id_is_line = true };

	for (enum geo_field f = 0; f < _GEO_FIELD_MAX; f++) {
		row.field[f] = field(c, s, r, f);
		if (row.field[f].s)
			row.col[f] = (uint32_t)utf8_count(s, (size_t)(row.field[f].s - s)) + 1;
	}
	return geo_text_add(&c->text, &row);
}

static int take_record(struct csv *c, const char *s, const struct csv_record *r) {
	struct geo_row row;

	if (r->fault) {
		wrong_at(c, (uint32_t)utf8_count(s, r->fault_at) + 1, "a quote inside a quoted field is written twice",
			 r->fault);
		return 0;
	}
	if (r->n == 1 && !str_trim((struct str){ s, r->end[0] }).len)
		return 0;
	if (!c->has_layout && find_layout(c, s, r))
		return 0;
	return quick(c, s, r, &row) ? c->text.sink->add(c->text.sink, &row) : slow(c, s, r);
}

static uint64_t count_lines(const char *s, size_t len) {
	uint64_t n = 0;

	for (const char *end = s + len; (s = memchr(s, '\n', (size_t)(end - s))); s++)
		n++;
	return n;
}

/* Leaves out what is here of a line that is too long, from `at` on. Returns where the next one begins. */
static size_t skip_line(struct csv *c, size_t at) {
	const char *end = memchr(c->buffer + at, '\n', c->len - at);

	c->skipping = !end;
	c->line += end != NULL;
	return end ? (size_t)(end - c->buffer) + 1 : c->len;
}

static size_t too_long(struct csv *c, size_t at) {
	wrong_at(c, 1, "are the quotes and the line ends right?", "this line is longer than 64 KiB");
	return skip_line(c, at);
}

static int parse(struct csv *c, bool is_last) {
	struct csv_record record;
	size_t at = 0, left;
	int r = 0;

	if (!c->has_begun && c->len < BEGIN_MAX && !is_last)
		return 0;
	c->buffer[c->len] = '\n';
	if (!c->has_begun)
		at = begins_with(c, c->buffer, c->len);
	else if (c->skipping)
		at = skip_line(c, 0);
	c->has_begun = true;
	while ((left = c->len - at) && !c->refused && r == 0) {
		csv_cut(c->buffer + at, left, is_last, &record);
		if ((record.len ? record.len : left) > CSV_RECORD_MAX) {
			at = too_long(c, at);
			continue;
		}
		if (!record.len)
			break;
		r = take_record(c, c->buffer + at, &record);
		c->line += count_lines(c->buffer + at, record.len);
		at += record.len;
	}
	memmove(c->buffer, c->buffer + at, c->len - at);
	c->len -= at;
	return r;
}

int csv_take(struct csv *c, size_t len) {
	c->len += len;
	if (c->refused)
		c->len = 0;
	return parse(c, false);
}

int csv_end(struct csv *c) {
	int r = parse(c, true);

	geo_text_finish(&c->text);
	return r;
}
