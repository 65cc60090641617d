/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "probe/compare_parts.h"

static const char *day(struct arena *a, int64_t seconds) {
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return "?";
	return arena_printf(a, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static bool is_own(const struct fetch_certificate *c) {
	return c->subject.len && str_eq(c->subject, c->issuer);
}

/* "CN=www (DNS:www.example.net), issued by CN=…, until 2027-01-31" */
static const char *describe(struct arena *a, const struct fetch_certificate *c) {
	return arena_printf(a, "%s for %s, issued by %s, until %s", compare_shown(a, c->subject),
			    compare_shown(a, c->names), is_own(c) ? "itself" : compare_shown(a, c->issuer),
			    day(a, c->not_after));
}

static bool has_expired(const struct comparing *c, const struct fetch_certificate *x) {
	return c->o->now && x->not_after < c->o->now;
}

/* The one that ends earlier was not replaced. */
static void add_renewed(const struct comparing *c, const struct fetch_certificate *c4,
			const struct fetch_certificate *c6) {
	const unsigned old = c4->not_after < c6->not_after ? 4 : c4->not_after > c6->not_after ? 6 : 0;
	const char *expired = has_expired(c, old == 4 ? c4 : c6) ? " and has expired" : "";

	if (!old)
		(void)finding_add(c->ret, c->a, FINDING_CERTIFICATE, 0,
				  "two certificates of the same names, issuer and end (%s): two machines answer, each "
				  "with its own",
				  day(c->a, c4->not_after));
	else
		(void)finding_add(c->ret, c->a, FINDING_CERTIFICATE, old,
				  "renewed for one family only: IPv4 until %s, IPv6 until %s; what serves %s still has "
				  "the old one%s: reload it, or copy the new one there",
				  day(c->a, c4->not_after), day(c->a, c6->not_after), compare_family(old), expired);
}

static void add_other(const struct comparing *c, const struct fetch_certificate *c4,
		      const struct fetch_certificate *c6) {
	const unsigned fault = is_own(c4) == is_own(c6) ? 0 : is_own(c6) ? 6 : 4;

	(void)finding_add(c->ret, c->a, FINDING_CERTIFICATE, fault, "IPv4 shows %s; IPv6 shows %s%s",
			  describe(c->a, c4), describe(c->a, c6),
			  fault ? "; the self-signed one is a server's default: the site's own server block, or its "
				  "name (SNI), is missing there"
				: "; another server, or another site's block, answers");
}

void compare_certificates(const struct comparing *c) {
	const struct fetch_certificate *c4 = &c->v4->certificate, *c6 = &c->v6->certificate;
	struct finding *f;

	if (!c4->has || !c6->has || !compare_same_end(c) || memcmp(c4->sha256, c6->sha256, sizeof(c4->sha256)) == 0)
		return;
	if (str_eq(c4->subject, c6->subject) && str_eq(c4->issuer, c6->issuer) && str_eq(c4->names, c6->names))
		add_renewed(c, c4, c6);
	else
		add_other(c, c4, c6);
	f = &c->ret->list.v[c->ret->list.n - 1];
	f->diff = compare_line_diff(c->a, "certificate", str_of(describe(c->a, c4)), str_of(describe(c->a, c6)));
}

/* "TLSv1.2" < "TLSv1.3", "http/1.1" < "h2" < "h3": the shorter text wins, then the later one. */
static unsigned older_family(struct str v4, struct str v6, bool longer_is_older) {
	int r = v4.len && v6.len ? memcmp(v4.s, v6.s, MIN(v4.len, v6.len)) : 0;

	if (longer_is_older && v4.len != v6.len)
		return v4.len > v6.len ? 4 : 6;
	return r < 0 ? 4 : r > 0 ? 6 : 0;
}

static void add_protocol(const struct comparing *c, const char *what, struct str v4, struct str v6, unsigned fault,
			 const char *hint) {
	struct finding *f =
		finding_add(c->ret, c->a, FINDING_PROTOCOL, fault, "%s: IPv4 %s, IPv6 %s; %s", what,
			    v4.len ? compare_shown(c->a, v4) : "none", v6.len ? compare_shown(c->a, v6) : "none", hint);

	f->diff = compare_line_diff(c->a, what, v4, v6);
}

void compare_protocols(const struct comparing *c) {
	const struct fetched *v4 = c->v4, *v6 = c->v6;

	if (!compare_same_end(c))
		return;
	if (!str_eq(v4->tls, v6->tls))
		add_protocol(c, "TLS", v4->tls, v6->tls, older_family(v4->tls, v6->tls, false),
			     "the two listeners allow other versions");
	if (!str_eq(v4->alpn, v6->alpn))
		add_protocol(c, "ALPN", v4->alpn, v6->alpn, older_family(v4->alpn, v6->alpn, true),
			     "HTTP/2 is switched on at one listener only (\"listen [::]:443 ssl http2\", \"alpn "
			     "h2,http/1.1\")");
}
