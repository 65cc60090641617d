/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters on addresses and prefixes. They take typed values and texts alike. A list that becomes empty is never printed
 * as an empty set: whatever a rule matches without its set, it would match more.
 */
#include "addr/arpa.h"
#include "addr/set.h"
#include "render/template_render.h"

enum accept { ACCEPT_ADDRESS = 1, ACCEPT_PREFIX = 2, ACCEPT_BOTH = 3 };

/* What a value says; *ret_is_prefix: it was written with a length. */
static bool read_address(struct render *r, const struct call *c, const struct value *v, enum accept accept,
			 struct prefix *ret_p, bool *ret_is_prefix) {
	struct ip_fault fault = { 0 };
	struct prefix p = { 0 };
	char right[PREFIX_TEXT_MAX];
	struct str s;

	if (v->kind == VALUE_UNDEFINED)
		return fail_undefined(r, v);
	if (v->kind != VALUE_STR)
		return fail_datum(r, c->loc, v, NULL, "'%s' takes an address or a prefix, not %s", c->name,
				  value_kind_name(v));
	s = value_as_str(v);
	*ret_is_prefix = memchr(s.s, '/', s.len) != NULL;
	if (v->str.prefix) {
		p = *v->str.prefix;
	} else if (prefix_parse(s.s, s.len, &p, &fault) < 0) {
		if (fault.error == IP_ERR_HOST_BITS)
			(void)prefix_format(p, right);
		return fail_datum(r, c->loc, v,
				  fault.error == IP_ERR_HOST_BITS ? arena_printf(r->arena, "the prefix is %s", right)
								  : ip_error_hint(fault.error),
				  "'%.*s' is not an address or a prefix", (int)MIN(s.len, (size_t)80), s.s);
	}
	if (!(accept & (*ret_is_prefix ? ACCEPT_PREFIX : ACCEPT_ADDRESS)))
		return fail_datum(r, c->loc, v, NULL, "'%s' takes %s, and '%.*s' is %s", c->name,
				  *ret_is_prefix ? "an address" : "a prefix", (int)s.len, s.s,
				  *ret_is_prefix ? "a prefix" : "an address");
	*ret_p = p;
	return true;
}

static const struct value *text(struct render *r, const struct call *c, const char *s, size_t len) {
	return value_str(r->arena, arena_dup(r->arena, s, len), len, c->self->loc);
}

static const struct value *filter_bracket(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;
	char buf[IP_TEXT_MAX + 2] = "[";
	size_t len;

	if (!read_address(r, c, c->self, ACCEPT_ADDRESS, &p, &is_prefix))
		return NULL;
	if (prefix_family(p) == FAMILY_4)
		return value_ip(r->arena, p.ip, c->self->loc);
	len = ip_format(p.ip, buf + 1) + 1;
	buf[len++] = ']';
	return text(r, c, buf, len);
}

static const struct value *filter_cidr(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;

	return read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix) ? value_prefix(r->arena, p, c->self->loc)
									: NULL;
}

static const struct value *filter_network(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;

	return read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix)
		       ? value_ip(r->arena, prefix_first(p), c->self->loc)
		       : NULL;
}

/* The address of "address/length", whose host bits may be set: an interface's address. */
static const struct value *filter_host(struct render *r, struct call *c) {
	struct ip_fault fault = { 0 };
	struct prefix p;
	struct str s;
	const char *slash;

	if (c->self->kind != VALUE_STR)
		return fail_datum(r, c->loc, c->self, NULL, "'host' takes an address or a prefix, not %s",
				  value_kind_name(c->self));
	s = value_as_str(c->self);
	if (prefix_parse(s.s, s.len, &p, &fault) < 0 && fault.error != IP_ERR_HOST_BITS)
		return fail_datum(r, c->loc, c->self, ip_error_hint(fault.error),
				  "'%.*s' is not an address or a prefix", (int)MIN(s.len, (size_t)80), s.s);
	slash = memchr(s.s, '/', s.len);
	if (ip_parse(s.s, slash ? (size_t)(slash - s.s) : s.len, &p.ip, NULL) < 0)
		return NULL;
	return value_ip(r->arena, p.ip, c->self->loc);
}

static const struct value *filter_prefixlen(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;

	return read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix)
		       ? value_int(r->arena, (int64_t)prefix_text_len(p), c->self->loc)
		       : NULL;
}

static const struct value *filter_netmask(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;
	struct ip mask;

	if (!read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix))
		return NULL;
	mask = prefix_mask(p.len);
	if (prefix_family(p) == FAMILY_4)
		mask = ip_from_v4((uint32_t)mask.lo);
	return value_ip(r->arena, mask, c->self->loc);
}

static const struct value *filter_family(struct render *r, struct call *c) {
	struct prefix p;
	bool is_prefix;

	return read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix)
		       ? value_int(r->arena, (int64_t)prefix_family(p), c->self->loc)
		       : NULL;
}

static const struct value *filter_ptr(struct render *r, struct call *c) {
	char buf[ARPA_TEXT_MAX];
	struct prefix p;
	bool is_prefix;

	if (!read_address(r, c, c->self, ACCEPT_BOTH, &p, &is_prefix))
		return NULL;
	if (!prefix_on_nibble(p))
		return fail_datum(r, c->loc, c->self,
				  "reverse zones end at a multiple of 8 bits (IPv4) or 4 bits (IPv6)",
				  "there is no reverse zone of this length");
	return text(r, c, buf, is_prefix ? arpa_zone(p, buf) : arpa_name(p.ip, buf));
}

/* The members of a list that are of one family. */
static const struct value *only(struct render *r, struct call *c, enum family family) {
	const struct value *items = c->self->kind == VALUE_STR ? NULL : items_of(r, c->self, c->loc);
	struct value *list = value_list(r->arena, c->self->loc);
	struct prefix p = { 0 };
	bool is_prefix;

	if (c->self->kind == VALUE_STR)
		return fail_datum(r, c->loc, c->self, NULL, "'%s' takes a list of addresses", c->name);
	for (uint32_t i = 0; items && i < items->list.n; i++) {
		if (!read_address(r, c, items->list.v[i], ACCEPT_BOTH, &p, &is_prefix))
			return NULL;
		if (prefix_family(p) == family)
			value_list_push(r->arena, list, items->list.v[i]);
	}
	return items ? list : NULL;
}

static const struct value *filter_ipv4(struct render *r, struct call *c) {
	return only(r, c, FAMILY_4);
}

static const struct value *filter_ipv6(struct render *r, struct call *c) {
	return only(r, c, FAMILY_6);
}

/* All members of a list as a set; false after a complaint. */
static bool read_set(struct render *r, struct call *c, struct prefix_set *set, unsigned *ret_families) {
	const struct value *items = c->self->kind == VALUE_STR ? NULL : items_of(r, c->self, c->loc);
	struct prefix p = { 0 };
	bool is_prefix;

	*ret_families = 0;
	if (c->self->kind == VALUE_STR)
		return fail_datum(r, c->loc, c->self, NULL, "'%s' takes a list of addresses", c->name);
	for (uint32_t i = 0; items && i < items->list.n; i++) {
		if (!read_address(r, c, items->list.v[i], ACCEPT_BOTH, &p, &is_prefix))
			return false;
		*ret_families |= prefix_family(p) == FAMILY_4 ? 1 : 2;
		prefix_set_add(set, p);
	}
	prefix_set_normalise(set);
	return items != NULL;
}

struct writer {
	struct render *r;
	struct text *text;
	struct value *list;
	struct loc loc;
};

static int write_element(struct prefix p, void *user) {
	struct writer *w = user;
	char buf[PREFIX_TEXT_MAX];
	size_t len = p.len == 128 ? ip_format(p.ip, buf) : prefix_format(p, buf);

	text_puts(w->text, w->text->n ? ", " : "{ ");
	text_add(w->text, buf, len);
	return 0;
}

static const struct value *filter_nft_set(struct render *r, struct call *c) {
	struct prefix_set set = PREFIX_SET_INIT;
	struct text t = { 0 };
	const struct value *v = NULL;
	unsigned families;
	bool ok = read_set(r, c, &set, &families);

	if (ok && !families)
		ok = fail_datum(r, c->loc, c->self,
				"leave the rule out with {% if %}: without its set it would match more",
				"the set is empty");
	else if (ok && families == 3)
		ok = fail_datum(r, c->loc, c->self, "use the filters ipv4 and ipv6 first",
				"a set of nftables has addresses of one family");
	if (ok) {
		(void)prefix_set_each(&set, write_element, &(struct writer){ .text = &t });
		text_puts(&t, " }");
		v = text(r, c, t.v, t.n);
	}
	text_done(&t);
	prefix_set_done(&set);
	return v;
}

static int push_element(struct prefix p, void *user) {
	struct writer *w = user;

	value_list_push(w->r->arena, w->list, value_prefix(w->r->arena, p, w->loc));
	return 0;
}

static const struct value *filter_aggregate(struct render *r, struct call *c) {
	struct writer w = { .r = r, .list = value_list(r->arena, c->self->loc), .loc = c->self->loc };
	struct prefix_set set = PREFIX_SET_INIT;
	unsigned families;
	bool ok = read_set(r, c, &set, &families);

	if (ok)
		(void)prefix_set_each(&set, push_element, &w);
	prefix_set_done(&set);
	return ok ? w.list : NULL;
}

const struct filter filters_address[] = {
	{ "aggregate", "", filter_aggregate, FILTER_OWN,
	  "a list of addresses and prefixes as the fewest prefixes, sorted" },
	{ "bracket", "", filter_bracket, FILTER_OWN, "an IPv6 address in brackets, an IPv4 address without" },
	{ "cidr", "", filter_cidr, FILTER_OWN, "with its length: 10.0.0.1/32" },
	{ "family", "", filter_family, FILTER_OWN, "4 or 6" },
	{ "host", "", filter_host, FILTER_OWN, "the address before the length: 10.0.0.5 of 10.0.0.5/24" },
	{ "ipv4", "", filter_ipv4, FILTER_OWN, "those of a list that are IPv4" },
	{ "ipv6", "", filter_ipv6, FILTER_OWN, "those of a list that are IPv6" },
	{ "netmask", "", filter_netmask, FILTER_OWN, "the mask as an address: 255.255.255.0" },
	{ "network", "", filter_network, FILTER_OWN, "the address of a prefix without its length" },
	{ "nft_set", "", filter_nft_set, FILTER_OWN,
	  "a list as { a, b }, minimal and sorted; an empty list or one of both families is an error" },
	{ "prefixlen", "", filter_prefixlen, FILTER_OWN, "the length: 24" },
	{ "ptr", "", filter_ptr, FILTER_OWN, "the reverse name of an address, or the reverse zone of a prefix" },
	{ NULL, NULL, NULL, 0, NULL },
};
