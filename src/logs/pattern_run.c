/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line, structure first. The quote that ends a group is found before anything in the group is read, so nothing that
 * a client writes can move it; then the group's fields are taken from both of its ends, and what a client wrote is what
 * remains. The line is given up at the first thing that is not as the format says: nothing is searched for, except
 * the text behind a field of the server's own.
 *
 * A line may end early (HAProxy cuts at `len`, syslog at its own limits): fields that are there in full count, and so
 * does the beginning of a client's text. What must be known to the right of a client's text cannot be told then.
 */
#include <string.h>

#include "logs/pattern_run.h"
#include "logs/syslog.h"

/* A group under the reader. */
struct span {
	size_t at, end; /* what has not been taken yet */
	bool cut;       /* the line ends before the group does, */
	bool closed;    /* which a quote should have ended */
};

struct run {
	struct pattern *p;
	struct scan scan;
	struct pattern_found found;
	size_t at;    /* of a fault */
	bool relayed; /* a syslog relay has put backslashes before quotes */
};

/* Not an error: the line has ended. */
#define ENDED _LOG_REASON_MAX

static enum log_reason fault(struct run *r, enum log_reason reason, size_t at) {
	r->at = at;
	return reason;
}

/* Where the server escapes a quote with a backslash, one behind an odd number of backslashes belongs to a field. */
static bool is_escaped(const struct run *r, size_t quote, size_t from) {
	size_t at = quote;

	while (at > from && r->scan.s[at - 1] == '\\')
		at--;
	return (quote - at) % 2;
}

static inline size_t next_quote(struct run *r, size_t from) {
	size_t quote = scan_quote(&r->scan, from);

	while (r->p->parity && quote < r->scan.len && quote > from && r->scan.s[quote - 1] == '\\' &&
	       is_escaped(r, quote, from)) {
		from = quote + 1;
		quote = scan_quote(&r->scan, from);
	}
	return quote;
}

/* The n-th quote from the line's end. */
static size_t quote_from_end(const struct run *r, uint32_t n, size_t from) {
	const char *s = r->scan.s + from;
	size_t left = r->scan.len - from;

	for (; n; n--) {
		const char *quote = memrchr(s, r->p->mark, left);

		if (!quote)
			return r->scan.len;
		left = (size_t)(quote - s);
	}
	return from + left;
}

/* The texts between fields have one to three bytes: a call would cost more than the comparison. */
static inline bool is_same(const char *s, struct str text) {
	for (size_t i = 0; i < text.len; i++)
		if (s[i] != text.s[i])
			return false;
	return true;
}

static bool take_text(struct span *g, const char *s, struct str text) {
	if (g->end - g->at < text.len || !is_same(s + g->at, text))
		return false;
	g->at += text.len;
	return true;
}

/* Where the word at g->at ends: before `next`, or at the end of the group; SIZE_MAX: next is not there. */
static size_t word_end(struct run *r, const struct span *g, const struct pattern_item *next) {
	size_t blank = MIN(scan_blank(&r->scan, g->at), g->end), limit;
	const char *s = r->scan.s;

	if (!next)
		return blank;
	if (next->text.s[0] == ' ')
		return blank < g->end ? blank : SIZE_MAX;
	limit = MIN(blank + next->text.len, g->end);
	for (size_t at = g->at; at + next->text.len <= limit; at++)
		if (s[at] == next->text.s[0] && is_same(s + at, next->text))
			return at;
	return SIZE_MAX;
}

/* Takes one field; `next` is the text behind it, NULL at the end of the group. */
static bool take_field(struct run *r, struct span *g, const struct pattern_item *item,
		       const struct pattern_item *next) {
	const char *s = r->scan.s;
	size_t end;

	if (item->shape == SHAPE_WIDTH) {
		end = g->end - g->at >= item->width ? g->at + item->width : SIZE_MAX;
	} else if (item->shape == SHAPE_BRACES) {
		const char *close = g->at < g->end && s[g->at] == '{' ? memchr(s + g->at, '}', g->end - g->at) : NULL;

		end = close ? (size_t)(close - s) + 1 : g->at < g->end && s[g->at] == '{' ? SIZE_MAX : g->at;
	} else {
		end = word_end(r, g, next);
	}
	if (end == SIZE_MAX)
		return false;
	r->found.text[item->role] = (struct str){ s + g->at, end - g->at };
	g->at = end;
	return true;
}

/* Whether a field that could not be taken is one that the line's end has cut. */
static bool reaches_end(struct run *r, const struct span *g, const struct pattern_item *item) {
	return item->shape == SHAPE_WIDTH || item->shape == SHAPE_BRACES || scan_blank(&r->scan, g->at) >= g->end;
}

static bool is_text(const struct pattern_item *item) {
	return item->text.len != 0;
}

static enum log_reason take_left(struct run *r, struct span *g, const struct pattern_item *items, uint32_t n,
				 uint32_t count) {
	const char *s = r->scan.s;
	bool empty = false;

	for (uint32_t i = 0; i < n; i++) {
		const struct pattern_item *item = &items[i];
		size_t from = g->at;

		if (is_text(item)) {
			struct str text = item->text;

			if (empty && r->p->style->blanks_collapse && text.s[0] == ' ' && g->at && s[g->at - 1] == ' ')
				text = (struct str){ text.s + 1, text.len - 1 };
			if (take_text(g, s, text))
				continue;
			if (g->cut && g->end - g->at < text.len)
				return ENDED;
			return fault(r, LOG_NO_LITERAL, g->at);
		}
		if (!take_field(r, g, item, i + 1 < count ? &items[i + 1] : NULL))
			return g->cut && reaches_end(r, g, item) ? ENDED : fault(r, LOG_NO_LITERAL, g->at);
		if (g->cut && g->closed && g->at == g->end && item->shape != SHAPE_WIDTH) {
			r->found.text[item->role] = (struct str){ NULL, 0 }; /* the beginning of a word is another */
			return ENDED;
		}
		empty = g->at == from;
	}
	return LOG_OK;
}

/* Where the word that ends at g->end begins: behind the text that is before it in the format. */
static size_t word_begin(const struct run *r, const struct span *g, struct str text) {
	const char *s = r->scan.s + g->at, *blank = memrchr(s, ' ', g->end - g->at);
	const char last = text.s[text.len - 1];
	size_t left = g->end - g->at, limit = blank ? (size_t)(blank - s) : 0;

	if (last == ' ')
		return blank ? g->at + limit + 1 : SIZE_MAX;
	while (left > limit) {
		const char *found = memrchr(s + limit, last, left - limit);

		if (!found)
			break;
		left = (size_t)(found - s);
		if (left + 1 >= text.len && is_same(found + 1 - text.len, text))
			return g->at + left + 1;
	}
	return SIZE_MAX;
}

/* Items first..count-1 from the group's end; a field has a text before it (pattern.c sees to it). */
static enum log_reason take_right(struct run *r, struct span *g, const struct pattern_item *items, uint32_t first,
				  uint32_t count) {
	for (uint32_t i = count; i-- > first;) {
		const struct pattern_item *item = &items[i];
		size_t begin;

		if (is_text(item)) {
			size_t len = item->text.len;

			if (g->end - g->at < len || !is_same(r->scan.s + g->end - len, item->text))
				return fault(r, LOG_NO_LITERAL, g->end - MIN(len, g->end - g->at));
			g->end -= len;
			continue;
		}
		if (item->shape == SHAPE_WIDTH)
			begin = g->end - g->at >= item->width ? g->end - item->width : SIZE_MAX;
		else
			begin = word_begin(r, g, items[i - 1].text);
		if (begin == SIZE_MAX)
			return fault(r, LOG_NO_LITERAL, g->at);
		r->found.text[item->role] = (struct str){ r->scan.s + begin, g->end - begin };
		g->end = begin;
	}
	return LOG_OK;
}

/* Whether every field that may hold quotes is the "-" of one that is not there. */
static bool no_quotes_inside(const struct run *r, struct span g, const struct pattern_item *items, uint32_t from,
			     uint32_t count) {
	for (uint32_t i = from; i < count && items[i].shape == SHAPE_FREE; i += 2)
		if (!take_text(&g, r->scan.s, STR("-")) ||
		    (i + 1 < count && !take_text(&g, r->scan.s, items[i + 1].text)))
			return false;
	return true;
}

/* Where the fields of a group from `at` to this quote end. */
static size_t group_end(const struct run *r, size_t at, size_t quote) {
	return quote - (r->relayed && quote < r->scan.len && quote > at && r->scan.s[quote - 1] == '\\');
}

/* The fields of a group that ends at *quote, which is found again where the group holds quotes of its own. */
static enum log_reason take_group(struct run *r, const struct pattern_group *group, size_t at, size_t *quote) {
	const struct pattern_item *items = r->p->items + group->first;
	size_t len = r->scan.len;
	struct span g = { at, group_end(r, at, *quote), !group->closed || *quote == len, group->closed };
	enum log_reason reason = take_left(r, &g, items, group->left, group->count);

	if (reason != LOG_OK)
		return reason;
	if (!group->free)
		return !group->closed || g.at == g.end ? LOG_OK : fault(r, LOG_NO_LITERAL, g.at);
	if (group->quotes && group->closed && !no_quotes_inside(r, g, items, group->left, group->count)) {
		size_t closing = quote_from_end(r, group->quotes_behind, g.at);

		if (group->more_quotes && closing != *quote)
			return ENDED;
		*quote = closing;
		g.end = group_end(r, g.at, *quote);
		g.cut = *quote == len;
	}
	if (group->right < group->count) {
		if (group->closed && g.cut)
			return fault(r, r->p->mark == '"' ? LOG_NO_QUOTE : LOG_NO_LITERAL, len);
		reason = take_right(r, &g, items, group->right, group->count);
		if (reason != LOG_OK)
			return reason;
	}
	if (group->middle)
		r->found.text[group->middle] = (struct str){ r->scan.s + g.at, g.end - g.at };
	return LOG_OK;
}

static enum log_reason take_line(struct run *r, size_t at) {
	const struct pattern *p = r->p;
	size_t len = r->scan.len;

	for (size_t i = 0; i < p->group_count; i++) {
		const struct pattern_group *group = &p->groups[i];
		size_t quote = group->closed ? next_quote(r, at) : len;

		if (i == 0 && p->style->escape == ESCAPE_HASH)
			r->relayed = quote > at && quote < len && r->scan.s[quote - 1] == '\\';
		if (group->needed) {
			enum log_reason reason = take_group(r, group, at, &quote);

			if (reason != LOG_OK && group->empty_quotes && quote + 1 < len && r->scan.s[quote + 1] == '"') {
				quote = next_quote(r, quote + 2);
				reason = take_group(r, group, at, &quote);
			}
			r->found.cut = reason == ENDED;
			if (reason == ENDED)
				return LOG_OK;
			if (reason != LOG_OK)
				return reason;
		}
		if (quote >= len) {
			r->found.cut = group->closed;
			break;
		}
		at = quote + 1;
	}
	return LOG_OK;
}

/* The first bytes of a syslog header; never those of an address. */
static bool may_be_header(const char *s, size_t len) {
	return s[0] == '<' || (s[0] >= 'A' && s[0] <= 'Z') || (len > 10 && s[4] == '-' && s[7] == '-');
}

enum log_reason pattern_parse(struct log_parser *parser, const char *line, size_t len, struct log_record *ret_record,
			      size_t *ret_at) {
	struct pattern *p = (struct pattern *)parser;
	struct run r;
	struct syslog_header header;
	size_t at = 0;
	enum log_reason reason;

	*ret_at = 0;
	len -= len && line[len - 1] == '\r';
	if (!len)
		return LOG_EMPTY;
	if (len > LOG_LINE_MAX)
		return LOG_LINE_TOO_LONG;
	if (p->header && may_be_header(line, len) && syslog_header_parse(line, len, &header))
		at = header.body;
	r.p = p;
	r.at = 0;
	r.relayed = false;
	memset(&r.found, 0, sizeof(r.found));
	scan_begin(&r.scan, line, len, p->mark, p->escape, p->fill);
	r.found.end = line + len;
	reason = take_line(&r, at);
	if (reason != LOG_OK) {
		*ret_at = r.at;
		return reason;
	}
	r.found.escaped = r.scan.escaped || len > SCAN_WINDOW;
	return pattern_record(p, line, &r.found, ret_record, ret_at);
}
