/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a draft to a pattern, in passes over one list of items:
 *
 *   merge    "address : port" is one word, since only its last colon tells where the port begins; a path and its query
 *            are one text, since the query is cut off anyway
 *   blur     fields with nothing between them, and client's words that do not end at a blank, end nowhere: free
 *   choose   one field for each role
 *   split    at the quotes (or tabs), into groups; what is behind the last field that is wanted is not looked at
 *   plan     each group from its left up to the first free field, from its right down to the last one. When there
 *            are two, what is wanted must not stand between them: that is where a pattern is refused
 */
#include "logs/pattern.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "logs/pattern_run.h"

static bool is_field(const struct pattern_draft_item *i) {
	return i->field.name != NULL;
}

void draft_text(struct pattern_draft *d, const char *s, size_t len) {
	for (size_t i = 0; i < len; i++)
		vec_push(&d->text, s[i]);
}

/* Makes the text that was drafted last an item. */
static void end_text(struct pattern_draft *d) {
	if (!d->text.n)
		return;
	vec_push(&d->items,
		 (struct pattern_draft_item){ .text = { arena_dup(&d->arena, d->text.v, d->text.n), d->text.n } });
	d->text.n = 0;
}

void draft_field(struct pattern_draft *d, struct str written, const struct pattern_field *field) {
	end_text(d);
	vec_push(&d->items,
		 (struct pattern_draft_item){ .text = { arena_dup(&d->arena, written.s, written.len), written.len },
					      .field = *field });
}

void draft_done(struct pattern_draft *d) {
	vec_done(&d->text);
	vec_done(&d->items);
	arena_done(&d->arena);
}

const struct pattern_field *pattern_find(const struct pattern_field *rows, size_t n, struct str name) {
	for (size_t i = 0; i < n; i++)
		if (str_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}

int pattern_refuse(char **ret_why, const char *fmt, ...) {
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(ret_why, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : -EINVAL;
}

/* Drops items at+1..at+n and closes the gap. */
static void drop(struct pattern_draft *d, size_t at, size_t n) {
	struct pattern_draft_item *v = d->items.v;

	memmove(v + at + 1, v + at + 1 + n, (d->items.n - at - 1 - n) * sizeof(*v));
	d->items.n -= n;
}

/* What items at..at+n are, as they are written in the directive. */
static struct str joined(struct pattern_draft *d, size_t at, size_t n) {
	const struct pattern_draft_item *v = d->items.v + at;
	size_t len = 0, used = 0;
	char *all;

	for (size_t i = 0; i <= n; i++)
		len += v[i].text.len;
	all = arena_alloc(&d->arena, len);
	for (size_t i = 0; i <= n; used += v[i++].text.len)
		memcpy(all + used, v[i].text.s, v[i].text.len);
	return (struct str){ all, len };
}

static void merge(struct pattern_draft *d) {
	for (size_t i = 0; i < d->items.n; i++) {
		struct pattern_draft_item *v = &d->items.v[i];
		size_t left = d->items.n - i - 1;

		if (left >= 2 && (v->field.shape == SHAPE_WORD || v->field.shape == SHAPE_CHOSEN) && is_field(v) &&
		    !is_field(&v[1]) && str_is(v[1].text, ":") && v[2].field.name && v[2].field.shape == SHAPE_NUMBER) {
			v->text = joined(d, i, 2);
			v->field.port = true;
			drop(d, i, 2);
		} else if (left >= 1 && v->field.role == ROLE_TARGET && is_field(&v[1]) &&
			   v[1].field.role == ROLE_NONE && v[1].field.priority == PATTERN_QUERY) {
			v->text = joined(d, i, 1);
			v->field.shape = SHAPE_FREE;
			drop(d, i, 1);
		}
	}
}

/* Servers escape tabs in fields as they escape quotes. */
static bool has_tab(const struct pattern_draft *d) {
	for (size_t i = 0; i < d->items.n; i++)
		if (!is_field(&d->items.v[i]) && memchr(d->items.v[i].text.s, '\t', d->items.v[i].text.len))
			return true;
	return false;
}

static void blur(struct pattern_draft *d, char mark) {
	for (size_t i = 0; i + 1 < d->items.n; i++) {
		struct pattern_draft_item *v = &d->items.v[i];
		char behind = v[1].text.s[0];

		if (!is_field(v))
			continue;
		if (is_field(&v[1])) {
			if (v[0].field.shape != SHAPE_WIDTH && v[0].field.shape != SHAPE_BRACES)
				v[0].field.shape = v[1].field.shape = SHAPE_FREE;
		} else if (v->field.shape == SHAPE_CHOSEN && behind != ' ' && behind != mark) {
			v->field.shape = SHAPE_FREE;
		}
	}
}

/* The item with this role that is to be read, or items.n. */
static size_t best(const struct pattern_draft *d, enum pattern_role role) {
	size_t found = d->items.n;

	for (size_t i = 0; i < d->items.n; i++)
		if (is_field(&d->items.v[i]) && d->items.v[i].field.role == role &&
		    (found == d->items.n || d->items.v[i].field.priority < d->items.v[found].field.priority))
			found = i;
	return found;
}

static void keep(struct pattern_draft *d, enum pattern_role role, size_t the_one) {
	for (size_t i = 0; i < d->items.n; i++)
		if (i != the_one && d->items.v[i].field.role == role)
			d->items.v[i].field.role = ROLE_NONE;
}

static void choose(struct pattern_draft *d) {
	size_t at[_ROLE_MAX];
	const struct pattern_draft_item *v = d->items.v;
	const size_t none = d->items.n;

	for (enum pattern_role role = ROLE_NONE + 1; role < _ROLE_MAX; role++) {
		at[role] = best(d, role);
		keep(d, role, at[role]);
	}
	if (at[ROLE_REQUEST] == none)
		return;
	if (at[ROLE_TARGET] != none && v[at[ROLE_TARGET]].field.priority > v[at[ROLE_REQUEST]].field.priority)
		keep(d, ROLE_TARGET, none);
	else if (at[ROLE_TARGET] != none && at[ROLE_METHOD] != none)
		keep(d, ROLE_REQUEST, none);
}

struct maker {
	struct pattern_draft *d;
	struct pattern *p;
	size_t last;            /* the last draft item that is looked at */
	uint32_t quotes_in_all; /* in the format's texts */
	VEC(struct pattern_item) items;
	VEC(struct str) written; /* for messages: items[i] as it is written */
	VEC(struct pattern_group) groups;
	struct pattern_group group; /* under construction */
	uint32_t quotes;            /* before the group's end */
};

static void add_item(struct maker *m, struct pattern_item item, struct str written) {
	vec_push(&m->items, item);
	vec_push(&m->written, written);
	m->group.count++;
}

static void end_group(struct maker *m, bool closed) {
	m->group.closed = closed;
	m->group.quotes_behind = m->quotes_in_all - m->quotes;
	m->quotes++;
	vec_push(&m->groups, m->group);
	m->group = (struct pattern_group){ .first = (uint32_t)m->items.n };
}

static void add_text(struct maker *m, struct str text) {
	while (text.s) {
		const char *quote = memchr(text.s, m->p->mark, text.len);
		size_t len = quote ? (size_t)(quote - text.s) : text.len;
		char *copy = arena_dup(&m->p->arena, text.s, len);

		if (len)
			add_item(m, (struct pattern_item){ .text = { copy, len } }, (struct str){ text.s, len });
		if (!quote)
			return;
		end_group(m, true);
		text = (struct str){ quote + 1, text.len - len - 1 };
	}
}

static void add_field(struct maker *m, const struct pattern_draft_item *i) {
	const struct pattern_field *f = &i->field;
	struct pattern *p = m->p;

	add_item(m, (struct pattern_item){ .role = f->role, .shape = f->shape, .width = f->width }, i->text);
	m->group.needed |= f->role != ROLE_NONE;
	m->group.quotes |= f->quotes && f->shape == SHAPE_FREE;
	m->group.empty_quotes |= m->d->style->empty_quotes && f->shape == SHAPE_FREE;
	if (f->role == ROLE_ADDR) {
		p->has_addr = true;
		p->addr_port = f->port;
		p->addr_hex = f->hex;
	} else if (f->role == ROLE_TIME) {
		p->has_time = true;
		p->time_form = f->time_form;
	} else if (f->role == ROLE_ID) {
		p->has_id = true;
	} else if (f->role == ROLE_FORWARDED_FOR || f->role == ROLE_FORWARDED) {
		p->has_forwarded[f->role - ROLE_FORWARDED_FOR] = true;
	}
}

static void split(struct maker *m) {
	const struct pattern_draft *d = m->d;
	bool more = false;

	for (size_t i = 0; i < d->items.n; i++) {
		const struct pattern_draft_item *v = &d->items.v[i];

		if (is_field(v) && v->field.role != ROLE_NONE)
			m->last = i;
		for (size_t k = 0; !is_field(v) && k < v->text.len; k++)
			m->quotes_in_all += v->text.s[k] == m->p->mark;
	}
	for (size_t i = 0; i < d->items.n; i++) {
		const struct pattern_draft_item *v = &d->items.v[i];

		if (is_field(v))
			add_field(m, v);
		else
			add_text(m, v->text);
	}
	end_group(m, false);
	for (size_t i = m->groups.n; i-- > 0; more |= m->groups.v[i].quotes)
		m->groups.v[i].more_quotes = more;
}

static bool wanted(const struct maker *m, size_t item) {
	return m->items.v[item].role != ROLE_NONE;
}

static bool is_free(const struct maker *m, size_t item) {
	const struct pattern_item *i = &m->items.v[item];

	return !i->text.len && (i->shape == SHAPE_FREE);
}

static int refuse_touching(const struct maker *m, size_t a, size_t b, char **ret_why) {
	struct str one = m->written.v[a], two = m->written.v[b];
	struct str quoted = wanted(m, a) && !wanted(m, b) ? one : two;

	return pattern_refuse(ret_why,
			      "nothing tells where %.*s ends and %.*s begins, since a client may write any text: "
			      "put %.*s in quotes (%s)",
			      (int)one.len, one.s, (int)two.len, two.s, (int)quoted.len, quoted.s,
			      m->d->style->quote_hint);
}

/* A field that is read from the right needs a text before it, and an end that can be seen from there. */
static int check_right(const struct maker *m, const struct pattern_group *g, size_t last, char **ret_why) {
	for (size_t i = g->first + g->right; i < g->first + g->count; i++) {
		const struct pattern_item *v = &m->items.v[i];

		if (!v->text.len && v->shape != SHAPE_WIDTH &&
		    (v->shape == SHAPE_BRACES || i == g->first + g->right || !v[-1].text.len))
			return refuse_touching(m, last, i, ret_why);
	}
	return 0;
}

/* What is read from where, in one group. */
static int plan(const struct maker *m, struct pattern_group *g, char **ret_why) {
	size_t end = g->first + g->count, first = g->first, last = end, second;

	while (first < end && !is_free(m, first))
		first++;
	g->left = (uint32_t)(first - g->first);
	g->right = g->count;
	if (first == end)
		return 0;
	g->free = true;
	do
		last--;
	while (!is_free(m, last));
	second = first + 1;
	while (second < last && !is_free(m, second))
		second++;
	if (first == last) {
		g->middle = m->items.v[first].role;
	} else {
		for (size_t i = first; i <= last; i++)
			if (wanted(m, i))
				return refuse_touching(m, first, second, ret_why);
	}
	for (size_t i = last + 1; i < end; i++)
		if (wanted(m, i) || g->empty_quotes)
			g->right = (uint32_t)(last + 1 - g->first);
	return check_right(m, g, last, ret_why);
}

/* A client decides how long a line gets, and so where HAProxy or a relay cuts it. What is counted from the line's end
 * then (behind a text that goes up to it, or that may hold quotes) is what he has written there: not who he is. */
static int check_cut(const struct maker *m, char **ret_why) {
	bool loose = false;

	for (size_t k = 0; k < m->groups.n; k++) {
		const struct pattern_group *g = &m->groups.v[k];

		for (size_t i = g->first; i < g->first + g->count; i++) {
			const struct pattern_item *v = &m->items.v[i];

			loose |= is_free(m, i) && (g->quotes || !g->closed);
			if (loose && !v->text.len && v->role == (m->p->has_addr ? ROLE_ADDR : ROLE_ID))
				return pattern_refuse(
					ret_why,
					"a client whose text is cut off could choose what stands for %.*s: "
					"put %.*s in front of what clients write",
					(int)m->written.v[i].len, m->written.v[i].s, (int)m->written.v[i].len,
					m->written.v[i].s);
		}
	}
	return 0;
}

/* Groups and items behind the last wanted one; the text behind it stays, so that it is known to be whole. */
static void trim(struct maker *m) {
	struct pattern_group *g;
	size_t end;

	while (m->groups.n > 1 && !m->groups.v[m->groups.n - 1].needed)
		m->groups.n--;
	g = &m->groups.v[m->groups.n - 1];
	end = g->first + g->count;
	if (g->closed)
		return;
	while (end > g->first && !wanted(m, end - 1))
		end--;
	if (end < g->first + g->count && !is_free(m, end - 1) && m->items.v[end].text.len)
		end++;
	for (size_t i = g->first; i < end; i++)
		if (is_free(m, i))
			return;
	g->count = (uint32_t)(end - g->first);
}

static int check_client(const struct pattern_draft *d, char **ret_why) {
	bool forwarded = best(d, ROLE_FORWARDED_FOR) < d->items.n || best(d, ROLE_FORWARDED) < d->items.n;

	if (best(d, ROLE_ADDR) < d->items.n || best(d, ROLE_ID) < d->items.n)
		return 0;
	return forwarded ? pattern_refuse(ret_why,
					  "the format has what proxies say about the client but not who "
					  "connected, and anybody may say so: add the peer's address (%s)",
					  d->style->address_hint)
			 : pattern_refuse(ret_why, "the format has no client address: add %s", d->style->address_hint);
}

/* Whether a line that begins with this item may look as if a syslog header stood in front of it (syslog.h): with a
 * client's text it may look like anything, with a time and with what follows it too. */
static bool looks_like_header(const struct pattern_item *first) {
	return !first->text.len && (first->shape == SHAPE_FREE || first->shape == SHAPE_CHOSEN ||
				    (first->shape == SHAPE_WORD && first->role == ROLE_TIME));
}

static void finish(struct maker *m, const struct log_options *o) {
	struct pattern *p = m->p;
	const struct pattern_item *first = m->items.n ? &m->items.v[0] : NULL;

	p->parser.format = m->d->style->format;
	p->parser.options = &p->options;
	p->parser.parse = pattern_parse;
	p->options = *o;
	p->style = m->d->style;
	p->escape = p->style->escape == ESCAPE_HASH ? '#' : '\\';
	p->parity = p->mark == '"' && (p->style->escape == ESCAPE_BACKSLASH || p->style->escape == ESCAPE_JSON);
	p->fill = scan_fill_best();
	p->header = first && !looks_like_header(first);
	p->group_count = m->groups.n;
	p->groups = vec_freeze(&m->groups, &p->arena);
	p->items = vec_freeze(&m->items, &p->arena);
	p->room = arena_alloc(&p->arena, LOG_LINE_MAX);
}

static void pattern_free(struct log_parser *parser) {
	struct pattern *p = (struct pattern *)parser;

	arena_done(&p->arena);
	free(p);
}

int pattern_new(struct pattern_draft *d, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct maker m = { .d = d };
	int r = check_client(d, ret_why);

	if (r < 0)
		return r;
	end_text(d);
	m.p = calloc(1, sizeof(*m.p));
	if (!m.p)
		return -ENOMEM;
	m.p->parser.free = pattern_free;
	merge(d);
	m.p->mark = has_tab(d) ? '\t' : '"';
	blur(d, m.p->mark);
	choose(d);
	split(&m);
	trim(&m);
	for (size_t i = 0; r == 0 && i < m.groups.n; i++)
		r = plan(&m, &m.groups.v[i], ret_why);
	if (r == 0)
		r = check_cut(&m, ret_why);
	if (r == 0)
		finish(&m, o);
	vec_done(&m.items);
	vec_done(&m.groups);
	vec_done(&m.written);
	if (r < 0) {
		pattern_free(&m.p->parser);
		return r;
	}
	*ret_parser = &m.p->parser;
	return 0;
}
