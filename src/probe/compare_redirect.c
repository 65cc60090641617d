/* SPDX-License-Identifier: Apache-2.0 */
/* Both ways are walked side by side up to the first step where they part; what comes later follows from it. */
#include <string.h>
#include <strings.h>

#include "probe/compare_parts.h"

/* A URL in its parts, as far as redirects differ in them. */
struct url_parts {
	struct str scheme, host, port, rest;
};

static bool same_text(struct str a, struct str b) {
	return a.len == b.len && (!a.len || strncasecmp(a.s, b.s, a.len) == 0);
}

static void split_authority(struct str authority, struct url_parts *ret) {
	const char *at = memrchr(authority.s, '@', authority.len), *end, *colon;

	if (at) {
		authority.len -= (size_t)(at + 1 - authority.s);
		authority.s = at + 1;
	}
	end = authority.len && authority.s[0] == '[' ? memchr(authority.s, ']', authority.len) : authority.s;
	colon = end ? memrchr(end, ':', authority.len - (size_t)(end - authority.s)) : NULL;
	ret->host = authority;
	if (!colon)
		return;
	ret->host.len = (size_t)(colon - authority.s);
	ret->port = (struct str){ colon + 1, authority.len - ret->host.len - 1 };
}

/* A reference without a scheme is all rest. */
static struct url_parts split_url(struct str url) {
	struct url_parts p = { STR(""), STR(""), STR(""), url };
	const char *colon = url.len ? memmem(url.s, url.len, "://", 3) : NULL;
	struct str authority;
	size_t n = 0;

	if (!colon)
		return p;
	p.scheme = (struct str){ url.s, (size_t)(colon - url.s) };
	authority = (struct str){ colon + 3, url.len - p.scheme.len - 3 };
	while (n < authority.len && !strchr("/?#", authority.s[n]))
		n++;
	p.rest = (struct str){ authority.s + n, authority.len - n };
	authority.len = n;
	split_authority(authority, &p);
	if (!p.port.len)
		p.port = same_text(p.scheme, STR("https")) ? STR("443") : STR("80");
	if (!p.rest.len)
		p.rest = STR("/");
	return p;
}

/* The family of a host that is an address, 0 for a name. */
static unsigned literal_family(struct str host) {
	struct ip ip;

	if (host.len > 2 && host.s[0] == '[' && host.s[host.len - 1] == ']')
		return ip_parse(host.s + 1, host.len - 2, &ip, NULL) == 0 ? ip_family(ip) : 0;
	return ip_parse(host.s, host.len, &ip, NULL) == 0 ? ip_family(ip) : 0;
}

/* What the two URLs differ in; NULL: in nothing. */
static const char *part_that_differs(struct str a, struct str b) {
	const struct url_parts x = split_url(a), y = split_url(b);

	if (!same_text(x.scheme, y.scheme))
		return "another scheme";
	if (!same_text(x.host, y.host))
		return "another host";
	if (!same_text(x.port, y.port))
		return "another port";
	return str_eq(x.rest, y.rest) ? NULL : "another path";
}

/* Where hop i leads: the next URL, or of the last one its Location as it came. */
static struct str target_of(const struct fetched *f, size_t i) {
	return i + 1 < f->hops.n ? f->hops.v[i + 1].url : f->hops.v[i].location;
}

static const char *redirect_hint(struct str to4, struct str to6, unsigned *ret_family) {
	const struct url_parts p4 = split_url(to4), p6 = split_url(to6);
	const unsigned in4 = literal_family(p4.host), in6 = literal_family(p6.host);

	*ret_family = 0;
	if (in4 && in6)
		return "; the redirect is made of the server's own address: use the name that was asked for";
	if (in4 || in6)
		*ret_family = in6 ? 6 : 4;
	if (in4 || in6)
		return "; a literal address fits no certificate and only one family: use the name";
	if (same_text(p4.scheme, STR("https")) && same_text(p6.scheme, STR("http")))
		*ret_family = 6;
	return *ret_family ? "; the IPv6 listener does not know that it is behind TLS" : "";
}

static void add_parting(const struct comparing *c, size_t i) {
	const struct fetch_hop *h4 = &c->v4->hops.v[i], *h6 = &c->v6->hops.v[i];
	const struct str to4 = target_of(c->v4, i), to6 = target_of(c->v6, i);
	const char *part = part_that_differs(to4, to6), *hint;
	struct finding *f;
	unsigned family;

	if (!to4.len || !to6.len) {
		family = (h4->status >= 400) == (h6->status >= 400) ? 0 : h6->status >= 400 ? 6 : 4;
		f = finding_add(c->ret, c->a, FINDING_REDIRECT, family, "hop %zu: %s is led to %s (%u), %s is not (%u)",
				i + 1, to4.len ? "IPv4" : "IPv6", compare_shown(c->a, to4.len ? to4 : to6),
				to4.len ? h4->status : h6->status, to4.len ? "IPv6" : "IPv4",
				to4.len ? h6->status : h4->status);
	} else if (part) {
		hint = redirect_hint(to4, to6, &family);
		f = finding_add(c->ret, c->a, FINDING_REDIRECT, family, "hop %zu: %s: IPv4 to %s, IPv6 to %s%s", i + 1,
				part, compare_shown(c->a, to4), compare_shown(c->a, to6), hint);
	} else {
		f = finding_add(c->ret, c->a, FINDING_REDIRECT, 0, "hop %zu: IPv4 with status %u, IPv6 with %u, to %s",
				i + 1, h4->status, h6->status, compare_shown(c->a, to4));
	}
	f->diff = compare_line_diff(c->a, "Location", to4, to6);
}

void compare_redirects(const struct comparing *c) {
	const size_t n4 = c->v4->hops.n, n6 = c->v6->hops.n;

	for (size_t i = 0; i < MIN(n4, n6); i++) {
		const bool last4 = i + 1 == n4, last6 = i + 1 == n6;
		const struct str to4 = target_of(c->v4, i), to6 = target_of(c->v6, i);

		if (last4 && last6 && !to4.len && !to6.len)
			return;
		if (part_that_differs(to4, to6) || last4 != last6 ||
		    (!last4 && c->v4->hops.v[i].status != c->v6->hops.v[i].status)) {
			add_parting(c, i);
			return;
		}
	}
}

bool compare_same_end(const struct comparing *c) {
	const size_t n4 = c->v4->hops.n, n6 = c->v6->hops.n;

	return !n4 || !n6 ||
	       ((n4 == 1) == (n6 == 1) && !part_that_differs(c->v4->hops.v[n4 - 1].url, c->v6->hops.v[n6 - 1].url));
}

/* The hop that failed may have been recorded or not: then it is where the last one leads. */
bool compare_literal_redirect(const struct comparing *c, unsigned family) {
	const struct fetched *f = family == 4 ? c->v4 : c->v6;
	const struct fetch_hop *last = f->hops.n ? &f->hops.v[f->hops.n - 1] : NULL;
	struct str url;
	unsigned literal;

	if (!last || (f->hops.n < 2 && !last->location.len))
		return false;
	url = last->location.len ? last->location : last->url;
	literal = literal_family(split_url(url).host);
	if (!literal || literal == family)
		return false;
	(void)finding_add(c->ret, c->a, FINDING_REDIRECT, family,
			  "%s: a redirect leads to %s, an %s address that no %s client reaches: redirect to the name",
			  compare_family(family), compare_shown(c->a, url), compare_family(literal),
			  compare_family(family));
	return true;
}
