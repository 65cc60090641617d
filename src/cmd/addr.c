/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a text chooses its reader: a dash outside a zone is a range, a slash a prefix, anything else an
 * endpoint. */
#include "cmd/addr.h"

#include <string.h>

#include "addr/wide.h"

/* The text as messages quote it: not too long, and without bytes that a terminal would obey. */
static const char *quoted(struct job *j, struct str text) {
	size_t shown = utf8_prefix(text.s, text.len, 60);
	char *quote = arena_printf(&j->arena, "\"%.*s%s\"", (int)shown, text.s, shown < text.len ? "…" : "");

	for (char *c = quote; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '.';
	return quote;
}

static struct loc place(struct job *j, struct job_input in, size_t at) {
	return sources_loc(&j->sources, in.file, in.offset + MIN(at, in.text.len), 1);
}

void addr_wrong(struct job *j, struct job_input in, size_t at, const char *hint, const char *what) {
	diag_error(&j->diags, "bad-address", place(j, in, at), hint, "%s is not %s", quoted(j, in.text), what);
}

static void wrong_host_bits(struct job *j, struct job_input in, size_t at, struct prefix right) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(right, text);
	diag_error(
		&j->diags, "host-bits", place(j, in, at),
		arena_printf(&j->arena, "the network is %s; the address alone is %.*s", text, (int)at - 1, in.text.s),
		"%s has bits set behind its prefix length", quoted(j, in.text));
}

static bool check(struct job *j, struct job_input in, int r, const struct ip_fault *fault, struct prefix right,
		  const char *what) {
	if (r == 0)
		return true;
	if (fault->error == IP_ERR_HOST_BITS)
		wrong_host_bits(j, in, fault->at, right);
	else
		addr_wrong(j, in, fault->at, ip_error_hint(fault->error), what);
	return false;
}

bool addr_read_prefix(struct job *j, struct job_input in, struct prefix *ret_p) {
	struct ip_fault fault = { IP_OK, 0 };
	struct prefix p = { .len = 0 };
	int r = prefix_parse(in.text.s, in.text.len, &p, &fault);

	if (!check(j, in, r, &fault, p, "a prefix"))
		return false;
	*ret_p = p;
	return true;
}

/* The longest prefix that covers a range. */
static struct prefix around(struct range r) {
	return prefix_around(r.first, wide_leading_zeros(wide_of(r.first) ^ wide_of(r.last)));
}

static bool is_range(struct str text) {
	const char *dash = memchr(text.s, '-', text.len);

	return dash && !memchr(text.s, '%', (size_t)(dash - text.s));
}

bool addr_read_range(struct job *j, struct job_input in, struct range *ret_r) {
	struct ip_fault fault = { IP_OK, 0 };
	struct prefix p = { .len = 0 };

	if (is_range(in.text))
		return check(j, in, range_parse(in.text.s, in.text.len, ret_r, &fault), &fault, p, "a range");
	if (!addr_read_prefix(j, in, &p))
		return false;
	*ret_r = (struct range){ prefix_first(p), prefix_last(p) };
	return true;
}

bool addr_read(struct job *j, struct job_input in, struct addr_item *ret_item) {
	struct addr_item item = { .is = ADDR_IS_RANGE, .endpoint.port = -1 };
	struct ip_fault fault = { IP_OK, 0 };
	bool slash = memchr(in.text.s, '/', in.text.len) != NULL;
	int r;

	if (is_range(in.text) || slash) {
		if (!addr_read_range(j, in, &item.range))
			return false;
		item.is = slash && !is_range(in.text) ? ADDR_IS_PREFIX : ADDR_IS_RANGE;
		item.prefix = around(item.range);
	} else {
		r = endpoint_parse(in.text.s, in.text.len, &item.endpoint, &fault);
		if (!check(j, in, r, &fault, item.prefix, "an address"))
			return false;
		item.is = ADDR_IS_ADDRESS;
		item.prefix = prefix_host(item.endpoint.ip);
		item.range = (struct range){ item.endpoint.ip, item.endpoint.ip };
	}
	*ret_item = item;
	return true;
}

struct set_reader {
	struct job *job;
	struct prefix_set *set;
};

static int add_line(struct job_input in, void *user) {
	struct set_reader *reader = user;
	struct range r;

	if (addr_read_range(reader->job, in, &r))
		prefix_set_add_range(reader->set, r);
	return 0;
}

int addr_read_set(struct job *j, const char *path, struct prefix_set *s) {
	struct set_reader reader = { j, s };
	int r = job_each_line(j, path, add_line, &reader);

	prefix_set_normalise(s);
	return r;
}

void addr_lines_begin(struct job *j) {
	if (j->output.format == EMIT_JSON)
		emit_list(&j->emit, NULL);
}

void addr_line(struct job *j, const char *text) {
	emit_text(&j->emit, NULL, text);
}

void addr_lines_end(struct job *j) {
	if (j->output.format == EMIT_JSON)
		emit_end(&j->emit);
}
