/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of texts, each made of the two addresses by a function, beside a table of what wraps them: a row of the one
 * and a row of the other is a form. The judge replaces every text of an address that occurs in a body by one word, so
 * that a page which greets its client by address is no finding.
 */
#include "probe/client_form.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "base/text_diff.h"
#include "probe/compare_parts.h"

enum { CLIENT_PORT = 47011 };

struct pair {
	struct ip ip4, ip6;
	struct arena *a;
};

static const char *v4(const struct pair *p) {
	char *text = arena_alloc(p->a, IP_TEXT_MAX);

	(void)ip_format(p->ip4, text);
	return text;
}

static const char *v6(const struct pair *p) {
	char *text = arena_alloc(p->a, IP_TEXT_MAX);

	(void)ip_format(p->ip6, text);
	return text;
}

static const char *upper(const struct pair *p) {
	char *text = arena_dup(p->a, v6(p), strlen(v6(p)));

	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return text;
}

static const char *groups(const struct pair *p, const char *format) {
	char *text = arena_alloc(p->a, IP_TEXT_MAX);
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++) {
		const uint64_t half = i < 4 ? p->ip6.hi : p->ip6.lo;
		const unsigned group = half >> (48 - 16 * (i & 3)) & 0xffff;

		n += (size_t)snprintf(text + n, IP_TEXT_MAX - n, "%s", i ? ":" : "");
		n += (size_t)(strcmp(format, "%04x") == 0 ? snprintf(text + n, IP_TEXT_MAX - n, "%04x", group)
							  : snprintf(text + n, IP_TEXT_MAX - n, "%x", group));
	}
	return text;
}

static const char *uncompressed(const struct pair *p) {
	return groups(p, "%x");
}

static const char *leading_zeros(const struct pair *p) {
	return groups(p, "%04x");
}

static const char *mapped(const struct pair *p) {
	return arena_printf(p->a, "::ffff:%s", v4(p));
}

static const char *mapped_hex(const struct pair *p) {
	return arena_printf(p->a, "::ffff:%x:%x", (unsigned)(p->ip4.lo >> 16 & 0xffff), (unsigned)(p->ip4.lo & 0xffff));
}

static const char *zone(const struct pair *p) {
	return arena_printf(p->a, "%s%%eth0", v6(p));
}

static const char *bracketed(const struct pair *p) {
	return arena_printf(p->a, "[%s]", v6(p));
}

static const char *bracketed_port(const struct pair *p) {
	return arena_printf(p->a, "[%s]:%d", v6(p), CLIENT_PORT);
}

static const char *bare_port(const struct pair *p) {
	return arena_printf(p->a, "%s:%d", v6(p), CLIENT_PORT);
}

static const char *v4_port(const struct pair *p) {
	return arena_printf(p->a, "%s:%d", v4(p), CLIENT_PORT);
}

static const char *list(const struct pair *p) {
	return arena_printf(p->a, "%s ,  %s", v6(p), v6(p));
}

static const char *unknown(const struct pair *p) {
	(void)p;
	return "unknown";
}

static const char *hidden(const struct pair *p) {
	(void)p;
	return "_hidden-7";
}

static const char *f_v4(const struct pair *p) {
	return arena_printf(p->a, "for=%s", v4(p));
}

static const char *f_v4_port(const struct pair *p) {
	return arena_printf(p->a, "for=\"%s\"", v4_port(p));
}

static const char *f_v6(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", v6(p));
}

static const char *f_upper(const struct pair *p) {
	return arena_printf(p->a, "FOR=\"[%s]\"", upper(p));
}

static const char *f_uncompressed(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", uncompressed(p));
}

static const char *f_leading_zeros(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", leading_zeros(p));
}

static const char *f_mapped(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", mapped(p));
}

static const char *f_mapped_hex(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", mapped_hex(p));
}

static const char *f_port(const struct pair *p) {
	return arena_printf(p->a, "for=\"%s\"", bracketed_port(p));
}

static const char *f_hidden_port(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]:_port7\"", v6(p));
}

static const char *f_escaped(const struct pair *p) {
	return arena_printf(p->a, "for=\"\\[%s\\]\"", v6(p));
}

static const char *f_parameters(const struct pair *p) {
	return arena_printf(p->a, "proto=https;for=\"[%s]\";by=_proxy;host=\"a.example:443\"", v6(p));
}

static const char *f_list(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\" ,  for=\"[%s]\"", v6(p), v6(p));
}

static const char *f_zone(const struct pair *p) {
	return arena_printf(p->a, "for=\"[%s]\"", zone(p));
}

static const char *f_unquoted(const struct pair *p) {
	return arena_printf(p->a, "for=[%s]", v6(p));
}

static const char *f_bare(const struct pair *p) {
	return arena_printf(p->a, "for=%s", v6(p));
}

static const char *f_bare_quoted(const struct pair *p) {
	return arena_printf(p->a, "for=\"%s\"", v6(p));
}

static const char *f_unknown(const struct pair *p) {
	(void)p;
	return "for=unknown";
}

static const char *f_hidden(const struct pair *p) {
	(void)p;
	return "for=_hidden-7";
}

struct form_row {
	const char *name;
	enum client_meaning means;
	const char *(*write)(const struct pair *p);
	bool canonical, legal;
	const char *rfc, *why;
};

/* Neither X-Forwarded-For nor X-Real-IP has a standard: what counts is whether the text is an address. */
static const struct form_row plain_rows[] = {
	{ "ipv4", CLIENT_IPV4, v4, true, true, "RFC 6943 section 3.1.1", "the measure of IPv4" },
	{ "ipv6", CLIENT_IPV6, v6, true, true, "RFC 5952 section 4",
	  "the measure of IPv6: colons, up to 39 characters" },
	{ "ipv4-port", CLIENT_IPV4, v4_port, false, false, "RFC 3986 section 3.2", "Azure's gateways" },
	{ "mapped", CLIENT_IPV4, mapped, false, true, "RFC 4291 section 2.5.5.2",
	  "software on a dual-stack socket (Java, Node.js, Go): it is an IPv4 client" },
	{ "mapped-hex", CLIENT_IPV4, mapped_hex, false, true, "RFC 4291 section 2.5.5.2",
	  "the same without dots; searches for a dot do not see it" },
	{ "upper", CLIENT_IPV6, upper, false, true, "RFC 4291 section 2.2", "lists that are compared as text" },
	{ "uncompressed", CLIENT_IPV6, uncompressed, false, true, "RFC 4291 section 2.2", "Java's getHostAddress()" },
	{ "leading-zeros", CLIENT_IPV6, leading_zeros, false, true, "RFC 4291 section 2.2",
	  "logs and databases of fixed width" },
	{ "bracketed", CLIENT_IPV6, bracketed, false, false, "RFC 3986 section 3.2.2",
	  "proxies that think of a URL's host" },
	{ "bracketed-port", CLIENT_IPV6, bracketed_port, false, false, "RFC 5952 section 6", "Azure's gateways" },
	{ "list", CLIENT_IPV6, list, false, true, "RFC 9110 section 5.6.1",
	  "two proxies, with blanks around the comma" },
	{ "zone", CLIENT_HIDDEN, zone, false, false, "RFC 4007 section 11", "a client on the proxy's own link" },
	{ "bare-port", CLIENT_HIDDEN, bare_port, false, false, "RFC 5952 section 6",
	  "proxies that put a port behind any address: nobody can tell it from another address" },
	{ "unknown", CLIENT_HIDDEN, unknown, false, false, "RFC 7239 section 6.2", "Squid with forwarded_for off" },
	{ "hidden", CLIENT_HIDDEN, hidden, false, false, "RFC 7239 section 6.3", "proxies that hide their clients" },
};

static const struct form_row forwarded_rows[] = {
	{ "ipv4", CLIENT_IPV4, f_v4, true, true, "RFC 7239 section 6", "the measure of IPv4" },
	{ "ipv6", CLIENT_IPV6, f_v6, true, true, "RFC 7239 section 6", "the measure of IPv6: quoted, in brackets" },
	{ "ipv4-port", CLIENT_IPV4, f_v4_port, false, true, "RFC 7239 section 6", "a colon must be quoted" },
	{ "mapped", CLIENT_IPV4, f_mapped, false, true, "RFC 7239 section 6.1", "software on a dual-stack socket" },
	{ "mapped-hex", CLIENT_IPV4, f_mapped_hex, false, true, "RFC 7239 section 6.1", "the same without dots" },
	{ "upper", CLIENT_IPV6, f_upper, false, true, "RFC 7239 section 4",
	  "the parameter's name is of either case as well" },
	{ "uncompressed", CLIENT_IPV6, f_uncompressed, false, true, "RFC 7239 section 6.1", "Java's getHostAddress()" },
	{ "leading-zeros", CLIENT_IPV6, f_leading_zeros, false, true, "RFC 7239 section 6.1", "fixed width" },
	{ "port", CLIENT_IPV6, f_port, false, true, "RFC 7239 section 6", "a port behind the bracket" },
	{ "hidden-port", CLIENT_IPV6, f_hidden_port, false, true, "RFC 7239 section 6", "a port that is no number" },
	{ "escaped", CLIENT_IPV6, f_escaped, false, true, "RFC 9110 section 5.6.4",
	  "a quoted string may escape anything" },
	{ "parameters", CLIENT_IPV6, f_parameters, false, true, "RFC 7239 section 4",
	  "for= is not the first, and a quoted string holds a colon" },
	{ "list", CLIENT_IPV6, f_list, false, true, "RFC 7239 section 7.1",
	  "two proxies, with blanks around the comma" },
	{ "zone", CLIENT_HIDDEN, f_zone, false, false, "RFC 7239 section 6.1", "a client on the proxy's own link" },
	{ "unquoted", CLIENT_HIDDEN, f_unquoted, false, false, "RFC 7239 section 4", "brackets are no token" },
	{ "bare", CLIENT_HIDDEN, f_bare, false, false, "RFC 7239 section 6", "IPv4's way of writing, used for IPv6" },
	{ "bare-quoted", CLIENT_HIDDEN, f_bare_quoted, false, false, "RFC 7239 section 6",
	  "quoted, brackets forgotten" },
	{ "unknown", CLIENT_HIDDEN, f_unknown, false, true, "RFC 7239 section 6.2", "a proxy that does not know" },
	{ "hidden", CLIENT_HIDDEN, f_hidden, false, true, "RFC 7239 section 6.3", "a proxy that does not tell" },
};

static const struct {
	const char *header, *prefix;
	const struct form_row *rows;
	size_t n;
} headers[] = {
	{ "X-Forwarded-For", "x-forwarded-for", plain_rows, ARRAY_LEN(plain_rows) },
	{ "X-Real-IP", "x-real-ip", plain_rows, ARRAY_LEN(plain_rows) },
	{ "Forwarded", "forwarded", forwarded_rows, ARRAY_LEN(forwarded_rows) },
};

struct ip client_form_ip4(void) {
	return ip_from_v4(0xcb007107); /* 203.0.113.7 */
}

struct ip client_form_ip6(void) {
	return (struct ip){ UINT64_C(0x20010db800c0ffee), 0x1d };
}

void client_forms(struct ip ip4, struct ip ip6, struct arena *a, const struct client_form **ret_forms, size_t *ret_n) {
	const struct pair pair = { ip4, ip6, a };
	struct client_form *forms =
		arena_array(a, struct client_form, 1 + 2 * ARRAY_LEN(plain_rows) + ARRAY_LEN(forwarded_rows));
	size_t n = 0;

	forms[n++] = (struct client_form){
		.name = "none", .canonical = true, .legal = true, .rfc = "", .why = "the measure"
	};
	for (size_t h = 0; h < ARRAY_LEN(headers); h++) {
		for (size_t i = 0; i < headers[h].n; i++) {
			const struct form_row *row = &headers[h].rows[i];

			/* Only X-Forwarded-For is a list. */
			if (row->write == list && h != 0)
				continue;
			forms[n++] = (struct client_form){
				.name = arena_printf(a, "%s-%s", headers[h].prefix, row->name),
				.means = row->means,
				.canonical = row->canonical,
				.header = { str_of(headers[h].header), str_of(row->write(&pair)) },
				.legal = row->legal,
				.rfc = row->rfc,
				.why = row->why,
			};
		}
	}
	*ret_forms = forms;
	*ret_n = n;
}
