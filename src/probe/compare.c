/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the outside in: no answer at all, TLS, the way through redirects, the status, then headers and body. Each step
 * that explains the next ones ends the comparison, so that a broken listener is one finding and not ten.
 */
#include "probe/compare.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "probe/compare_parts.h"

enum { SHOWN_MAX = 100 };

static const char *const kinds[_FINDING_MAX] = {
	[FINDING_UNREACHABLE] = "unreachable", [FINDING_STATUS] = "status", [FINDING_REDIRECT] = "redirect",
	[FINDING_HEADER] = "header",           [FINDING_BODY] = "body",     [FINDING_CERTIFICATE] = "certificate",
	[FINDING_PROTOCOL] = "protocol",       [FINDING_TIME] = "time",     [FINDING_CLIENT] = "client",
};

const char *finding_kind_to_str(enum finding_kind k) {
	return kinds[k];
}

int finding_kind_from_str(struct str text, enum finding_kind *ret_k) {
	for (enum finding_kind k = 0; k < _FINDING_MAX; k++) {
		if (!str_is(text, kinds[k]))
			continue;
		*ret_k = k;
		return 0;
	}
	return -EINVAL;
}

struct finding *finding_add(struct findings *f, struct arena *a, enum finding_kind kind, unsigned family,
			    const char *fmt, ...) {
	struct finding new = { .kind = kind, .family = family };
	va_list ap;

	va_start(ap, fmt);
	new.detail = str_of(arena_vprintf(a, fmt, ap));
	va_end(ap);
	vec_push(&f->list, new);
	return &f->list.v[f->list.n - 1];
}

const char *compare_family(unsigned family) {
	return family == 4 ? "IPv4" : "IPv6";
}

const char *compare_shown(struct arena *a, struct str text) {
	struct text out = { 0 };
	const char *copy;
	size_t at = 0, n;
	bool harmless;

	text_char(&out, '"');
	for (; at < text.len && at < SHOWN_MAX; at += n) {
		n = utf8_next(text.s + at, text.len - at, &harmless);
		if (harmless)
			text_add(&out, text.s + at, n);
		else
			for (size_t i = at; i < at + n; i++)
				text_printf(&out, "\\x%02x", (unsigned char)text.s[i]);
	}
	text_puts(&out, at < text.len ? "…\"" : "\"");
	copy = arena_dup(a, out.v, out.n);
	text_done(&out);
	return copy;
}

struct str compare_line_diff(struct arena *a, const char *what, struct str old, struct str new) {
	static const char format[] = "--- IPv4 %s\n+++ IPv6 %s\n@@ -1 +1 @@\n-%.*s\n+%.*s\n";
	const int old_len = (int)MIN(old.len, (size_t)1000), new_len = (int)MIN(new.len, (size_t)1000);

	return str_of(
		arena_printf(a, format, what, what, old_len, old.len ? old.s : "", new_len, new.len ? new.s : ""));
}

struct str compare_header(const struct fetched *f, const char *name) {
	for (size_t i = 0; i < f->headers.n; i++)
		if (f->headers.v[i].name.len == strlen(name) &&
		    strncasecmp(f->headers.v[i].name.s, name, f->headers.v[i].name.len) == 0)
			return f->headers.v[i].value;
	return (struct str){ 0 };
}

/* What comes with software before anybody has set it up: that another server than the one meant answers. */
const char *compare_known_page(const struct fetched *f) {
	static const struct {
		const char *part, *is;
	} pages[] = {
		{ "<title>Welcome to nginx!</title>", "nginx's default page" },
		{ "<title>Apache2 Debian Default Page", "Apache's default page" },
		{ "<title>Apache2 Ubuntu Default Page", "Apache's default page" },
		{ "<html><body><h1>It works!</h1></body></html>", "Apache's default page" },
		{ "<h1>503 Service Unavailable</h1>\nNo server is available", "HAProxy's answer without a server" },
		{ "<h1>403 Forbidden</h1>\nRequest forbidden by administrative rules", "HAProxy's refusal by a rule" },
		{ "<title>503 Backend fetch failed</title>", "Varnish's answer without a backend" },
		{ "<title>Test Page for the", "a distribution's test page" },
		{ "If you're seeing this, we've failed to route", "Tomcat's default page" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (f->body.len &&
		    memmem(f->body.s, MIN(f->body.len, (size_t)65536), pages[i].part, strlen(pages[i].part)))
			return pages[i].is;
	return NULL;
}

/* What is likely when a family has no answer. */
static const char *problem_hint(const struct fetched *f, unsigned family) {
	static const char *const hints[_FETCH_PROBLEM_MAX][2] = {
		[FETCH_UNRESOLVED] = { "publish an A record, or test this name over IPv6 only",
				       "publish an AAAA record, or test straight at the addresses with --direct" },
		[FETCH_NO_ROUTE] = { "this machine has no way there: run the trial from one that has IPv4",
				     "this machine has no way there: run the trial from one that has IPv6" },
		[FETCH_REFUSED] = { "nothing listens there over IPv4, or a firewall rejects it",
				    "nothing listens there over IPv6 (\"listen [::]:…\", \"bind :::…\"), or a firewall "
				    "rejects it" },
		[FETCH_CONNECT_TIME] = { "the address is on no machine, or a firewall drops IPv4",
					 "the address is on no machine, or a firewall drops IPv6" },
		[FETCH_TLS] = { "this listener speaks another protocol, or has no certificate",
				"the IPv6 listener lacks what the IPv4 one has (\"ssl\", a certificate, protocol "
				"versions)" },
		[FETCH_STALLED] = { "connected, then silence: packets above the path MTU may be lost (ICMP filtered)",
				    "connected, then silence: packets above the path MTU may be lost (let ICMPv6 "
				    "\"packet too big\" pass)" },
		[FETCH_TIME] = { "it answers, but too slowly", "it answers, but too slowly" },
	};
	const char *hint = hints[f->problem][family == 6];

	return hint ? hint : "";
}

static void add_problem(const struct comparing *c, const struct fetched *f, unsigned family) {
	const char *hint = problem_hint(f, family);
	enum finding_kind kind = f->problem == FETCH_REDIRECT_LOOP ? FINDING_REDIRECT
				 : f->problem == FETCH_UNTRUSTED   ? FINDING_CERTIFICATE
								   : FINDING_UNREACHABLE;

	if (compare_literal_redirect(c, family))
		return;
	(void)finding_add(c->ret, c->a, kind, family, "%s: %s: %.*s%s%s", compare_family(family),
			  fetch_problem_to_str(f->problem), (int)MIN(f->why.len, (size_t)300),
			  f->why.len ? f->why.s : "", *hint ? "; " : "", hint);
}

/* A body that is too long is an answer all the same. */
static bool has_answer(const struct fetched *f) {
	return f->problem == FETCH_OK || f->problem == FETCH_TOO_LARGE;
}

static const char *status_hint(unsigned status) {
	static const struct {
		unsigned status;
		const char *hint;
	} hints[] = {
		{ 400, "something in the request breaks the server, often the client's address that a proxy hands on" },
		{ 401, "an access list (\"allow\", \"satisfy any\") may lack the other family's networks" },
		{ 403, "an access list may lack this family's networks" },
		{ 404, "another site or an older release answers: see which server block listens in this family" },
		{ 407, "a proxy in between asks for a password" },
		{ 421, "the connection's certificate or name is not this site's" },
		{ 429, "a rate limit counts this family in one lump" },
		{ 451, "the geo database puts this family's client in another country" },
		{ 500, "the application fails on this family, often on the client's address (length, colons)" },
		{ 502, "the proxy does not reach its backend this way" },
		{ 503, "the proxy has no backend for this family" },
		{ 504, "the proxy's backend does not answer this way" },
	};

	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].status == status)
			return hints[i].hint;
	return NULL;
}

/* Whose status is the worse: an error, or none at all against one. */
static unsigned status_fault(unsigned v4, unsigned v6) {
	if ((v4 >= 400) != (v6 >= 400))
		return v6 >= 400 ? 6 : 4;
	return 0;
}

static void compare_status(const struct comparing *c) {
	const unsigned fault = status_fault(c->v4->status, c->v6->status);
	const struct fetched *bad = fault == 4 ? c->v4 : c->v6;
	const char *page = fault ? compare_known_page(bad) : NULL, *hint = fault ? status_hint(bad->status) : NULL;
	const char *old = arena_printf(c->a, "status %u", c->v4->status);
	const char *new = arena_printf(c->a, "status %u", c->v6->status);
	struct finding *f = finding_add(c->ret, c->a, FINDING_STATUS, fault, "IPv4 %u, IPv6 %u%s%s%s%s", c->v4->status,
					c->v6->status, hint ? ": " : "", hint ? hint : "",
					page ? "; what answers is " : "", page ? page : "");

	f->diff = compare_line_diff(c->a, "status", str_of(old), str_of(new));
}

void compare_answers(const struct compare_options *o, const struct fetched *v4, const struct fetched *v6,
		     struct arena *a, struct findings *ret) {
	const struct comparing c = { o, v4, v6, a, ret };

	if (!has_answer(v4))
		add_problem(&c, v4, 4);
	if (!has_answer(v6))
		add_problem(&c, v6, 6);
	if (!has_answer(v4) || !has_answer(v6))
		return;
	compare_certificates(&c);
	compare_protocols(&c);
	compare_redirects(&c);
	if (!compare_same_end(&c))
		return;
	if (v4->status != v6->status)
		compare_status(&c);
	else
		compare_headers(&c, compare_bodies(&c));
}
