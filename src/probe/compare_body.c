/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies: as they are, then after the user's filters, then as JSON. What still differs is shown as a diff of lines, and
 * of what is no text, as the first bytes that differ. Long lines (minified pages) are broken where their own text says,
 * so that a change in one place does not move the breaks behind it.
 */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/text_diff.h"
#include "logs/forwarded.h"
#include "probe/compare_parts.h"

enum {
	LINE_LONG = 200,    /* bytes of a line that stays whole */
	LINE_SHOWN = 400,   /* bytes of a line in a diff */
	TEXT_MAX = 4 << 20, /* bytes of a body that goes to diff(1) */
	AROUND_MAX = 40,    /* bytes shown of the first difference */
	HEX_BYTES = 16,
	LABEL_MAX = 200,
};

static bool is_json(const struct fetched *f) {
	struct str type = compare_header(f, "Content-Type");
	size_t n = 0;

	while (n < type.len && type.s[n] != ';')
		n++;
	type = str_trim((struct str){ type.s, n });
	return (type.len == 16 && strncasecmp(type.s, "application/json", 16) == 0) ||
	       (type.len >= 5 && strncasecmp(type.s + type.len - 5, "+json", 5) == 0);
}

static size_t first_difference(struct str a, struct str b) {
	const size_t n = MIN(a.len, b.len);
	size_t i = 0;

	while (i < n && a.s[i] == b.s[i])
		i++;
	return i;
}

/* Text of any encoding has no zero bytes; UTF-16 would, and a diff of it would show nothing. */
static bool is_binary(struct str body) {
	return body.len && memchr(body.s, 0, MIN(body.len, (size_t)65536));
}

static const char *hex_line(struct arena *a, struct str body, size_t at) {
	struct text out = { 0 };
	const char *copy;
	const size_t end = MIN(body.len, at + HEX_BYTES);

	for (size_t i = at; i < end; i++)
		text_printf(&out, "%02x ", (unsigned char)body.s[i]);
	text_pad(&out, ' ', (at + HEX_BYTES - MAX(end, at)) * 3);
	text_char(&out, ' ');
	for (size_t i = at; i < end; i++)
		text_char(&out, body.s[i] >= 0x20 && body.s[i] < 0x7f ? body.s[i] : '.');
	copy = arena_dup(a, out.v, out.n);
	text_done(&out);
	return copy;
}

/* From the difference's line of 16 bytes on, as xxd shows it. */
static struct str hex_diff(const struct comparing *c, struct str v4, struct str v6, size_t at) {
	const size_t line = at / HEX_BYTES * HEX_BYTES;

	return str_of(arena_printf(c->a, "--- IPv4 body\n+++ IPv6 body\n@@ byte %zu @@\n-%08zx: %s\n+%08zx: %s\n", at,
				   line, hex_line(c->a, v4, line), line, hex_line(c->a, v6, line)));
}

static bool is_break(char c) {
	return c == '>' || c == '}' || c == ';' || c == ',';
}

static struct str broken_lines(struct arena *a, struct str body) {
	struct text out = { 0 };
	struct str rest = { body.s, MIN(body.len, (size_t)TEXT_MAX) }, line, copy;

	while (rest.len && str_split(&rest, '\n', &line)) {
		size_t from = 0;

		for (size_t i = 0; line.len > LINE_LONG && i < line.len; i++) {
			if (!is_break(line.s[i]))
				continue;
			text_add(&out, line.s + from, i + 1 - from);
			text_char(&out, '\n');
			from = i + 1;
		}
		text_add(&out, line.s + from, line.len - from);
		if (rest.s)
			text_char(&out, '\n');
	}
	copy = (struct str){ arena_dup(a, out.n ? out.v : "", out.n), out.n };
	text_done(&out);
	return copy;
}

/* No line of the diff is longer than LINE_SHOWN. */
static struct str cut_lines(struct arena *a, struct str diff, bool cut) {
	struct text out = { 0 };
	struct str rest = diff, line, copy;

	while (rest.len && str_split(&rest, '\n', &line)) {
		text_add(&out, line.s, MIN(line.len, (size_t)LINE_SHOWN));
		text_puts(&out, line.len > LINE_SHOWN ? "…\n" : "\n");
	}
	if (cut)
		text_puts(&out, "\\ more lines differ\n");
	copy = (struct str){ arena_dup(a, out.n ? out.v : "", out.n), out.n };
	text_done(&out);
	return copy;
}

static struct str last_url(const struct fetched *f) {
	return f->hops.n ? f->hops.v[f->hops.n - 1].url : STR("body");
}

static struct str line_diff(const struct comparing *c, struct str v4, struct str v6) {
	const char *url4 = compare_shown(c->a, last_url(c->v4)), *url6 = compare_shown(c->a, last_url(c->v6));
	const struct text_side old = { arena_printf(c->a, "IPv4 %.*s", LABEL_MAX, url4), broken_lines(c->a, v4) };
	const struct text_side new = { arena_printf(c->a, "IPv6 %.*s", LABEL_MAX, url6), broken_lines(c->a, v6) };
	struct text_diff diff;

	if (text_diff(&old, &new, COMPARE_DIFF_MAX, c->a, &diff) < 0)
		return STR("");
	return cut_lines(c->a, diff.text, diff.cut);
}

/* Some bytes around the first difference, from the beginning of the word it is in. */
static struct str around(struct str body, size_t at) {
	size_t from = at;

	if (!body.len)
		return STR("");
	while (from && at - from < AROUND_MAX / 2 && !strchr(" \t\r\n<>\"'=,;()", body.s[from - 1]))
		from--;
	return (struct str){ body.s + from, MIN(body.len - from, (size_t)AROUND_MAX) };
}

/* The address that a text begins with. */
static bool leading_address(struct str text, struct ip *ret_ip) {
	size_t n = 0;

	while (n < text.len && (memchr("0123456789abcdefABCDEF:.", text.s[n], 24)))
		n++;
	return n && forwarded_hop(text.s, n, ret_ip) == 0;
}

static const char *body_hint(const struct comparing *c, struct str at4, struct str at6) {
	const char *page4 = compare_known_page(c->v4), *page6 = compare_known_page(c->v6);
	struct ip a, b;

	if (page6 && !page4)
		return arena_printf(c->a, "; IPv6 serves %s: the site's server block does not listen there", page6);
	if (page4 && !page6)
		return arena_printf(c->a, "; IPv4 serves %s: the site's server block does not listen there", page4);
	if (leading_address(at4, &a) && leading_address(at6, &b) && ip_is_v4(a) && !ip_is_v4(b))
		return "; the body shows an address of each family: --filter 's/[0-9a-f:.]+/address/' on its place, if "
		       "that is meant";
	if (!c->v4->body.len || !c->v6->body.len)
		return "; one of them is empty";
	return "";
}

static size_t line_of(struct str body, size_t at) {
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += body.s[i] == '\n';
	return line;
}

static void add_difference(const struct comparing *c, struct str v4, struct str v6, size_t at) {
	const bool binary = is_binary(v4) || is_binary(v6);
	struct str at4 = around(v4, at), at6 = around(v6, at);
	const char *hint = body_hint(c, at4, at6);
	struct finding *f;

	if (binary)
		f = finding_add(c->ret, c->a, FINDING_BODY, 0,
				"differs from byte %zu on (IPv4 has %zu bytes, IPv6 %zu)%s", at, v4.len, v6.len, hint);
	else
		f = finding_add(c->ret, c->a, FINDING_BODY, 0,
				"differs from line %zu on: IPv4 %s, IPv6 %s (%zu and %zu bytes)%s", line_of(v4, at),
				compare_shown(c->a, at4), compare_shown(c->a, at6), v4.len, v6.len, hint);
	f->diff = binary ? hex_diff(c, v4, v6, at) : line_diff(c, v4, v6);
	if (!f->diff.len)
		f->diff = hex_diff(c, v4, v6, at);
}

static struct str filtered(const struct comparing *c, struct str body) {
	for (struct body_filter *const *f = c->o->filters; f && *f; f++)
		body = body_filter_run(*f, body, c->a);
	return body;
}

static bool compare_as_json(const struct comparing *c, struct str v4, struct str v6, bool *ret_same) {
	struct json_difference d;
	struct finding *f;

	if (!c->o->json || !is_json(c->v4) || !is_json(c->v6) || !compare_json(v4, v6, c->a, &d))
		return false;
	*ret_same = d.count == 0;
	if (!d.count)
		return true;
	f = finding_add(c->ret, c->a, FINDING_BODY, 0, "%s", d.places.s);
	f->diff = line_diff(c, d.old, d.new);
	return true;
}

/* Of two that were cut at the same length, what was kept is compared. */
static bool compare_cut(const struct comparing *c) {
	const bool cut4 = c->v4->problem == FETCH_TOO_LARGE, cut6 = c->v6->problem == FETCH_TOO_LARGE;

	if (cut4 == cut6)
		return true;
	(void)finding_add(c->ret, c->a, FINDING_BODY, cut6 ? 6 : 4,
			  "%s is longer than the %zu bytes that are kept (--max-body), %s has %zu bytes",
			  compare_family(cut6 ? 6 : 4), cut6 ? c->v6->body.len : c->v4->body.len,
			  compare_family(cut6 ? 4 : 6), cut6 ? c->v4->body.len : c->v6->body.len);
	return false;
}

static bool compare_kept(const struct comparing *c) {
	struct str v4 = c->v4->body, v6 = c->v6->body;
	bool same;

	if (v4.len == v6.len && (!v4.len || memcmp(v4.s, v6.s, v4.len) == 0))
		return true;
	v4 = filtered(c, v4);
	v6 = filtered(c, v6);
	if (v4.len == v6.len && (!v4.len || memcmp(v4.s, v6.s, v4.len) == 0))
		return true;
	if (compare_as_json(c, v4, v6, &same))
		return same;
	add_difference(c, v4, v6, first_difference(v4, v6));
	return false;
}

/* Nobody has seen that two bodies are the same to the end when neither came to it. */
bool compare_bodies(const struct comparing *c) {
	if (!compare_cut(c) || !compare_kept(c))
		return false;
	if (c->v4->problem != FETCH_TOO_LARGE)
		return true;
	(void)finding_add(c->ret, c->a, FINDING_BODY, 0,
			  "the first %zu bytes are the same, what follows was not compared: raise --max-body, or leave "
			  "this URL out if it never ends",
			  c->v4->body.len);
	return false;
}
