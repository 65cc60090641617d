/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text. Times are told by their strftime text: the few that the record can use are in a table, any
 * other may have blanks and is a field that says nothing. */
#include "logs/pattern_percent.h"

#include <errno.h>
#include <string.h>

/* %{…}t; a leading "begin:" or "end:" is Apache's. */
static const struct time_text {
	const char *text;
	struct pattern_field field;
	bool brackets;
} time_texts[] = {
	{ "", { "t", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF }, true },
	{ "[%d/%b/%Y:%H:%M:%S %z]", { "t", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF }, true },
	{ "[%d/%b/%Y:%T %z]", { "t", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF }, true },
	{ "%d/%b/%Y:%H:%M:%S %z", { "t", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF }, false },
	{ "%d/%b/%Y:%T %z", { "t", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF }, false },
	{ "%Y-%m-%dT%H:%M:%S%z", { "t", ROLE_TIME, SHAPE_WORD, .time_form = LOG_TIME_ISO }, false },
	{ "%Y-%m-%dT%T%z", { "t", ROLE_TIME, SHAPE_WORD, .time_form = LOG_TIME_ISO }, false },
	{ "%FT%T%z", { "t", ROLE_TIME, SHAPE_WORD, .time_form = LOG_TIME_ISO }, false },
	{ "%FT%TZ", { "t", ROLE_TIME, SHAPE_WORD, .time_form = LOG_TIME_ISO }, false },
	{ "%s", { "t", ROLE_TIME, SHAPE_NUMBER, .time_form = LOG_TIME_SECONDS }, false },
	{ "sec", { "t", ROLE_TIME, SHAPE_NUMBER, .time_form = LOG_TIME_SECONDS }, false },
	{ "msec", { "t", ROLE_TIME, SHAPE_NUMBER, .time_form = LOG_TIME_MILLIS }, false },
	{ "usec", { "t", ROLE_NONE, SHAPE_NUMBER }, false },
	{ "msec_frac", { "t", ROLE_NONE, SHAPE_NUMBER }, false },
	{ "usec_frac", { "t", ROLE_NONE, SHAPE_NUMBER }, false },
};

static const struct pattern_field any_time = { "t", ROLE_NONE, SHAPE_FREE };

/* One %-element. */
struct element {
	struct str written, argument;
	char letter;
	bool caret; /* %{…}^ti, %{…}^to */
	bool last;  /* %>s */
};

static char lower(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The element at the start of t, which begins with '%'; false when it has no letter. */
static bool read_element(struct str t, struct element *ret_e) {
	struct element e = { .argument = { NULL, 0 } };
	size_t i = 1;

	for (; i < t.len; i++) {
		if (t.s[i] == '{') {
			const char *close = memchr(t.s + i, '}', t.len - i);

			if (!close)
				return false;
			e.argument = (struct str){ t.s + i + 1, (size_t)(close - (t.s + i + 1)) };
			i = (size_t)(close - t.s);
		} else if (t.s[i] == '^') {
			e.caret = true;
			i++;
		} else if (t.s[i] == '>') {
			e.last = true;
		} else if (t.s[i] != '<' && t.s[i] != '!' && t.s[i] != ',' && (t.s[i] < '0' || t.s[i] > '9')) {
			break;
		}
	}
	if (i >= t.len)
		return false;
	e.letter = t.s[i];
	e.written = (struct str){ t.s, i + 1 };
	*ret_e = e;
	return true;
}

static void draft_time(struct pattern_draft *d, const struct element *e) {
	struct str t = e->argument;
	const struct time_text *row = NULL;

	if (t.len >= 6 && memcmp(t.s, "begin:", 6) == 0)
		t = (struct str){ t.s + 6, t.len - 6 };
	else if (t.len >= 4 && memcmp(t.s, "end:", 4) == 0)
		t = (struct str){ t.s + 4, t.len - 4 };
	for (size_t i = 0; i < ARRAY_LEN(time_texts) && !row; i++)
		if (str_is(t, time_texts[i].text))
			row = &time_texts[i];
	if (row && row->brackets)
		draft_text(d, "[", 1);
	draft_field(d, e->written, row ? &row->field : &any_time);
	if (row && row->brackets)
		draft_text(d, "]", 1);
}

static const struct pattern_field *find(struct pattern_draft *d, const struct percent_table *table,
					const struct element *e) {
	const struct pattern_field *row;
	char *name;

	if (!e->argument.s)
		return pattern_find(table->rows, table->count, (struct str){ &e->letter, 1 });
	name = arena_printf(&d->arena, "{%.*s}%c", (int)e->argument.len, e->argument.s, e->letter);
	for (char *c = name; *c && *c != '}'; c++)
		*c = lower(*c);
	row = pattern_find(table->rows, table->count, str_of(name));
	return row ? row : pattern_find(table->rows, table->count, str_of(arena_printf(&d->arena, "{}%c", e->letter)));
}

static int draft_element(struct pattern_draft *d, const struct percent_table *table, const struct element *e,
			 char **ret_why) {
	static const struct pattern_field trailer = { "trailer", ROLE_NONE, SHAPE_FREE };
	const struct pattern_field *row;
	struct pattern_field field;

	if (e->letter == '%') {
		draft_text(d, "%", 1);
		return 0;
	}
	if (e->letter == 't' && !e->caret) {
		draft_time(d, e);
		return 0;
	}
	row = e->caret ? &trailer : find(d, table, e);
	if (!row)
		return pattern_refuse(ret_why, "%s has no %.*s in its log formats", table->server, (int)e->written.len,
				      e->written.s);
	field = *row;
	field.priority += field.role == ROLE_STATUS && !e->last;
	draft_field(d, e->written, &field);
	return 0;
}

static void draft_backslash(struct pattern_draft *d, char c) {
	switch (c) {
	case 'n':
		draft_text(d, "\n", 1);
		break;
	case 't':
		draft_text(d, "\t", 1);
		break;
	default:
		draft_text(d, &c, 1);
	}
}

int percent_draft(struct pattern_draft *d, const struct percent_table *table, struct str text, char **ret_why) {
	size_t at = 0, plain;

	for (; at < text.len; at += plain) {
		struct element e;
		int r;

		for (plain = 0; at + plain < text.len && text.s[at + plain] != '%' && text.s[at + plain] != '\\';)
			plain++;
		draft_text(d, text.s + at, plain);
		if (at + plain == text.len)
			break;
		if (text.s[at + plain] == '\\') {
			draft_backslash(d, at + plain + 1 < text.len ? text.s[at + plain + 1] : '\\');
			plain = MIN(plain + 2, text.len - at);
			continue;
		}
		at += plain;
		if (!read_element((struct str){ text.s + at, text.len - at }, &e))
			return pattern_refuse(ret_why,
					      "a '%%' in the format begins no element: write %%%% for the sign itself");
		r = draft_element(d, table, &e, ret_why);
		if (r < 0)
			return r;
		plain = e.written.len;
	}
	return 0;
}

struct str percent_argument(struct pattern_draft *d, struct str text) {
	char *out, quote = 0;
	size_t n = 0, i = 0;

	text = str_trim(text);
	out = arena_alloc(&d->arena, text.len + 1);
	if (text.len && (text.s[0] == '"' || text.s[0] == '\''))
		quote = text.s[i++];
	for (; i < text.len && (quote ? text.s[i] != quote : text.s[i] != ' ' && text.s[i] != '\t'); i++) {
		if (quote == '"' && text.s[i] == '\\' && i + 1 < text.len &&
		    (text.s[i + 1] == '"' || text.s[i + 1] == '\\'))
			i++;
		out[n++] = text.s[i];
	}
	return (struct str){ out, n };
}
