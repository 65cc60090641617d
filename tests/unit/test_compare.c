/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of answers as servers give them, and the findings that they must lead to: kind, family and words of the text.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "probe/compare.h"

/* Headers "A: b\n…"; hops "URL STATUS LOCATION\n…"; NULL: a plain 200. */
struct side {
	unsigned status;
	const char *headers, *body, *hops, *tls, *alpn;
	enum fetch_problem problem;
	const char *why;
	size_t body_len; /* 0: strlen */
	struct {
		const char *subject, *issuer, *names;
		int64_t until;
		uint8_t print;
	} certificate;
};

struct want {
	enum finding_kind kind;
	unsigned family;
	const char *words[4];
};

struct pair {
	const char *name;
	struct side v4, v6;
	struct want want[4]; /* up to the first without words */
	const char *ignore, *filter;
	bool json;
};

static void read_headers(struct fetched *f, const char *headers) {
	struct str rest = str_of(headers), line, name;

	while (rest.len && str_split(&rest, '\n', &line) && line.len) {
		assert_true(str_split(&line, ':', &name));
		vec_push(&f->headers, (struct fetch_header){ name, str_trim(line) });
	}
}

static void read_hops(struct fetched *f, const char *hops) {
	struct str rest = str_of(hops), line, url, status;

	while (rest.len && str_split(&rest, '\n', &line) && line.len) {
		assert_true(str_split(&line, ' ', &url));
		assert_true(str_split(&line, ' ', &status));
		vec_push(&f->hops, (struct fetch_hop){ .url = url,
						       .status = (unsigned)strtoul(status.s, NULL, 10),
						       .location = line.s ? line : STR("") });
	}
}

static void make(const struct side *s, struct fetched *ret) {
	const char *body = s->body ? s->body : "";
	const bool answered = s->problem == FETCH_OK || s->problem == FETCH_TOO_LARGE;

	*ret = (struct fetched){
		.problem = s->problem,
		.why = str_of(s->why ? s->why : ""),
		.status = answered ? s->status ? s->status : 200 : 0,
		.body = { body, s->body_len ? s->body_len : strlen(body) },
		.tls = str_of(s->tls ? s->tls : ""),
		.alpn = str_of(s->alpn ? s->alpn : ""),
	};
	read_headers(ret, s->headers ? s->headers : "");
	read_hops(ret, s->hops ? s->hops : "https://www.example.net/ 200");
	if (!s->certificate.subject)
		return;
	ret->certificate = (struct fetch_certificate){
		.has = true,
		.sha256 = { s->certificate.print },
		.subject = str_of(s->certificate.subject),
		.issuer = str_of(s->certificate.issuer),
		.names = str_of(s->certificate.names),
		.not_after = s->certificate.until,
	};
}

static void print_all(const struct findings *f) {
	for (size_t i = 0; i < f->list.n; i++)
		print_message("  %s %u: %s\n", finding_kind_to_str(f->list.v[i].kind), f->list.v[i].family,
			      f->list.v[i].detail.s);
}

static void check(const struct pair *p, const struct findings *got) {
	size_t n = 0;

	while (n < ARRAY_LEN(p->want) && p->want[n].words[0])
		n++;
	if (got->list.n != n) {
		print_all(got);
		fail_msg("%s: %zu findings, not %zu", p->name, got->list.n, n);
	}
	for (size_t i = 0; i < n; i++) {
		const struct finding *f = &got->list.v[i];
		const struct want *w = &p->want[i];

		if (f->kind != w->kind || f->family != w->family) {
			print_all(got);
			fail_msg("%s: finding %zu is %s %u", p->name, i, finding_kind_to_str(f->kind), f->family);
		}
		for (size_t k = 0; k < ARRAY_LEN(w->words) && w->words[k]; k++)
			if (!strstr(f->detail.s, w->words[k]))
				fail_msg("%s: \"%s\" lacks \"%s\"", p->name, f->detail.s, w->words[k]);
		assert_int_equal(utf8_check(f->detail.s, f->detail.len), f->detail.len);
		assert_null(memchr(f->detail.s, '\n', f->detail.len));
		if (f->kind != FINDING_UNREACHABLE && !p->v4.problem && !p->v6.problem)
			assert_true(f->diff.len > 0);
	}
}

static void run(const struct pair *p) {
	const char *const ignore[] = { p->ignore, NULL };
	struct arena a = { 0 };
	struct body_filter *filters[2] = { 0 };
	const struct compare_options o = {
		.ignore = ignore, .filters = filters, .json = p->json, .now = INT64_C(1800000000)
	};
	struct findings got = { 0 };
	struct fetched v4, v6;
	const char *why;

	if (p->filter)
		assert_int_equal(body_filter_new(p->filter, &a, &filters[0], &why), 0);
	make(&p->v4, &v4);
	make(&p->v6, &v6);
	compare_answers(&o, &v4, &v6, &a, &got);
	check(p, &got);
	vec_done(&got.list);
	body_filter_free(filters[0]);
	vec_done(&v4.headers);
	vec_done(&v6.headers);
	vec_done(&v4.hops);
	vec_done(&v6.hops);
	arena_done(&a);
}

#define OLD(u, l) "https://www.example.net/a 302 " l "\n" u " 200"
#define CERT(s, i, u, p) .certificate = { s, i, "www.example.net", u, p }

static const struct pair pairs[] = {
	{ "equal", { .body = "x", .headers = "A: b" }, { .body = "x", .headers = "a: b" }, { { 0 } } },
	{ "no AAAA",
	  { .body = "x" },
	  { .problem = FETCH_UNRESOLVED, .why = "no address" },
	  { { FINDING_UNREACHABLE, 6, { "IPv6", "unresolved", "no address", "AAAA" } } } },
	{ "no listener",
	  { 0 },
	  { .problem = FETCH_REFUSED },
	  { { FINDING_UNREACHABLE, 6, { "refused", "listen [::]" } } } },
	{ "no IPv4 either",
	  { .problem = FETCH_CONNECT_TIME },
	  { .problem = FETCH_STALLED },
	  { { FINDING_UNREACHABLE, 4, { "IPv4" } }, { FINDING_UNREACHABLE, 6, { "IPv6", "MTU" } } } },
	{ "untrusted",
	  { 0 },
	  { .problem = FETCH_UNTRUSTED, .why = "self-signed" },
	  { { FINDING_CERTIFICATE, 6, { "self-signed" } } } },
	{ "loop", { 0 }, { .problem = FETCH_REDIRECT_LOOP }, { { FINDING_REDIRECT, 6, { "redirect-loop" } } } },
	{ "access list",
	  { .body = "hello" },
	  { .status = 403, .body = "<h1>no</h1>", .headers = "Server: x" },
	  { { FINDING_STATUS, 6, { "IPv4 200", "IPv6 403", "access list" } } } },
	{ "IPv4 fails", { .status = 502 }, { 0 }, { { FINDING_STATUS, 4, { "502", "backend" } } } },
	{ "default page, as an error",
	  { .body = "hello" },
	  { .status = 404, .body = "<title>Welcome to nginx!</title>" },
	  { { FINDING_STATUS, 6, { "nginx's default page" } } } },
	{ "default page",
	  { .body = "hello" },
	  { .body = "<html><title>Welcome to nginx!</title>" },
	  { { FINDING_BODY, 0, { "IPv6 serves nginx's default page" } } } },
	{ "redirect to another host",
	  { .hops = OLD("https://www.example.net/", "/"), .body = "a" },
	  { .hops = OLD("https://old.example.net/", "https://old.example.net/"), .body = "b" },
	  { { FINDING_REDIRECT, 0, { "hop 1", "another host", "old.example.net" } } } },
	{ "redirect out of TLS",
	  { .hops = OLD("https://www.example.net/", "/") },
	  { .hops = OLD("http://www.example.net/", "http://www.example.net/") },
	  { { FINDING_REDIRECT, 6, { "another scheme", "behind TLS" } } } },
	{ "redirect to another port",
	  { .hops = OLD("https://www.example.net/", "/") },
	  { .hops = OLD("https://www.example.net:8443/", "https://www.example.net:8443/") },
	  { { FINDING_REDIRECT, 0, { "another port", ":8443" } } } },
	{ "the same port, written or not",
	  { .hops = OLD("https://www.example.net/", "/") },
	  { .hops = OLD("https://WWW.example.net:443/", "https://www.example.net:443/") },
	  { { 0 } } },
	{ "redirect to another path",
	  { .hops = OLD("https://www.example.net/de", "/de") },
	  { .hops = OLD("https://www.example.net/en", "/en") },
	  { { FINDING_REDIRECT, 0, { "another path", "/de", "/en" } } } },
	{ "redirect to the server's own address",
	  { .hops = OLD("https://192.0.2.1/", "https://192.0.2.1/") },
	  { .hops = OLD("https://[2001:db8::1]/", "https://[2001:db8::1]/") },
	  { { FINDING_REDIRECT, 0, { "another host", "own address" } } } },
	{ "redirect to an IPv4 address",
	  { .hops = OLD("http://192.0.2.1/", "http://192.0.2.1/") },
	  { .problem = FETCH_UNRESOLVED, .hops = "https://www.example.net/ 302 http://192.0.2.1/" },
	  { { FINDING_REDIRECT, 6, { "192.0.2.1", "an IPv4 address that no IPv6 client reaches" } } } },
	{ "redirect in one family",
	  { .hops = OLD("https://www.example.net/de", "/de") },
	  { .hops = "https://www.example.net/a 200" },
	  { { FINDING_REDIRECT, 0, { "IPv4 is led to", "IPv6 is not" } } } },
	{ "moved for ever or for now",
	  { .hops = OLD("https://www.example.net/", "/") },
	  { .hops = "https://www.example.net/a 301 /\nhttps://www.example.net/ 200" },
	  { { FINDING_REDIRECT, 0, { "302", "301" } } } },
	{ "volatile headers",
	  { .headers = "Date: 1\nAge: 3\nX-Request-ID: a\nX-B3-TraceId: 1\nServer-Timing: a" },
	  { .headers = "Date: 2\nX-Request-ID: b\nX-B3-TraceId: 2\nExpires: 0" },
	  { { 0 } } },
	{ "order of headers",
	  { .headers = "A: 1\nB: 2\nVary: Accept, Origin\nCache-Control: private,  no-store" },
	  { .headers = "Cache-Control: No-Store, private\nVary: origin\nVary: accept\nb: 2\na: 1" },
	  { { 0 } } },
	{ "another server",
	  { .headers = "Server: nginx" },
	  { .headers = "Server: Apache" },
	  { { FINDING_HEADER, 0, { "\"Server\"", "nginx", "Apache", "two programs" } } } },
	{ "a header in one family",
	  { .headers = "Strict-Transport-Security: max-age=1" },
	  { 0 },
	  { { FINDING_HEADER, 6, { "Strict-Transport-Security", "none", "protection" } } } },
	{ "one value more",
	  { .headers = "X-A: 1\nX-A: 2" },
	  { .headers = "X-A: 1" },
	  { { FINDING_HEADER, 0, { "1, 2" } } } },
	{ "ignored",
	  { .headers = "X-Trace-A: 1" },
	  { .headers = "X-Trace-A: 2\nX-Trace-B: 1" },
	  { { 0 } },
	  "x-trace-*" },
	{ "sessions of two clients",
	  { .headers = "Set-Cookie: sid=1; Path=/; HttpOnly; Expires=Mon\nSet-Cookie: b=2" },
	  { .headers = "Set-Cookie: b=7\nSet-Cookie: sid=9; httponly; path=/; Expires=Tue" },
	  { { 0 } } },
	{ "a cookie that is not secure",
	  { .headers = "Set-Cookie: sid=1; Secure" },
	  { .headers = "Set-Cookie: sid=2" },
	  { { FINDING_HEADER, 0, { "sid=…; secure", "IPv6 \"sid=…\"" } } } },
	{ "the client's own address",
	  { .headers = "X-Client: 192.0.2.7" },
	  { .headers = "X-Client: 2001:db8::7" },
	  { { 0 } } },
	{ "nonces",
	  { .headers = "Content-Security-Policy: script-src 'nonce-abc' 'self'" },
	  { .headers = "Content-Security-Policy: script-src 'nonce-def' 'self'" },
	  { { 0 } } },
	{ "ETag of one body",
	  { .headers = "ETag: \"1-2\"", .body = "x" },
	  { .headers = "ETag: \"3-2\"", .body = "x" },
	  { { FINDING_HEADER, 0, { "ETag", "inode" } } } },
	{ "ETag of two bodies",
	  { .headers = "ETag: \"1\"", .body = "x" },
	  { .headers = "ETag: \"2\"", .body = "y" },
	  { { FINDING_BODY, 0, { "line 1", "\"x\"", "\"y\"" } } } },
	{ "a second line",
	  { .body = "same\nold line\n" },
	  { .body = "same\nnew line\n" },
	  { { FINDING_BODY, 0, { "line 2", "old line", "new line" } } } },
	{ "empty", { .body = "x" }, { 0 }, { { FINDING_BODY, 0, { "empty", "1 and 0 bytes" } } } },
	{ "filtered", { .body = "nonce=1 a" }, { .body = "nonce=2 a" }, { { 0 } }, NULL, "s/nonce=[0-9]/nonce/" },
	{ "the client's address in the body",
	  { .body = "<p>you are 192.0.2.7</p>" },
	  { .body = "<p>you are 2001:db8::7</p>" },
	  { { FINDING_BODY, 0, { "an address of each family", "--filter" } } } },
	{ "binary",
	  { .body = "\x7f"
		    "ELF\0\1abc",
	    .body_len = 9 },
	  { .body = "\x7f"
		    "ELF\0\2abc",
	    .body_len = 9 },
	  { { FINDING_BODY, 0, { "byte 5", "9 bytes" } } } },
	{ "JSON in another order",
	  { .headers = "Content-Type: application/json", .body = "{\"a\":1,\"b\":[1.0,2]}" },
	  { .headers = "Content-Type: application/json", .body = "{ \"b\": [1, 2e0], \"a\": 1 }\n" },
	  { { 0 } },
	  .json = true },
	{ "JSON as text",
	  { .headers = "Content-Type: application/json", .body = "{\"a\":1}" },
	  { .headers = "Content-Type: application/json", .body = "{\"a\": 1}" },
	  { { FINDING_BODY, 0, { "line 1" } } } },
	{ "JSON differs",
	  { .headers = "Content-Type: application/problem+json; charset=x",
	    .body = "{\"items\":[0,0,0,{\"ip\":\"192.0.2.1\"}],\"b c\":null,\"n\":[1]}" },
	  { .headers = "Content-Type: application/problem+json; charset=x",
	    .body = "{\"items\":[0,0,0,{\"ip\":\"\"}],\"n\":[1,2],\"x\":true}" },
	  { { FINDING_BODY,
	      0,
	      { "$.items[3].ip: IPv4 \"192.0.2.1\", IPv6 \"\"", "$[\"b c\"]: IPv4 null, IPv6 none",
		"$.n: IPv4 a list of 1, IPv6 a list of 2", "and 1 more" } } },
	  .json = true },
	{ "broken JSON",
	  { .headers = "Content-Type: application/json", .body = "{" },
	  { .headers = "Content-Type: application/json", .body = "}" },
	  { { FINDING_BODY, 0, { "line 1" } } },
	  .json = true },
	{ "one is too long",
	  { .body = "abc" },
	  { .body = "abcd", .problem = FETCH_TOO_LARGE },
	  { { FINDING_BODY, 6, { "IPv6 is longer than the 4 bytes", "--max-body" } } } },
	{ "both are too long",
	  { .body = "abcd", .problem = FETCH_TOO_LARGE },
	  { .body = "abcd", .problem = FETCH_TOO_LARGE },
	  { { FINDING_BODY, 0, { "first 4 bytes", "--max-body" } } } },
	{ "renewed on one side",
	  { CERT("CN=www", "CN=R3", 1810000000, 1) },
	  { CERT("CN=www", "CN=R3", 1799999999, 2) },
	  { { FINDING_CERTIFICATE, 6, { "renewed for one family only", "2027-05-11", "has expired" } } } },
	{ "another certificate",
	  { CERT("CN=www", "CN=R3", 1810000000, 1) },
	  { CERT("CN=localhost", "CN=localhost", 1810000000, 2) },
	  { { FINDING_CERTIFICATE, 6, { "CN=www", "CN=localhost", "issued by itself", "self-signed" } } } },
	{ "protocols",
	  { .tls = "TLSv1.3", .alpn = "h2" },
	  { .tls = "TLSv1.2", .alpn = "http/1.1" },
	  { { FINDING_PROTOCOL, 6, { "TLSv1.3", "TLSv1.2" } }, { FINDING_PROTOCOL, 6, { "ALPN", "h2" } } } },
	{ "hostile header",
	  { .headers = "X: a\033[31m\x80" },
	  { .headers = "X: \xe2\x80\xae" },
	  { { FINDING_HEADER, 0, { "a\\x1b[31m\\x80", "\\xe2\\x80\\xae" } } } },
};

static void test_pairs(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		run(&pairs[i]);
}

static void fill(struct fetch_times *t, size_t n, uint32_t connect_us, uint32_t rest_us) {
	for (uint32_t i = 0; i < n; i++)
		t[i] = (struct fetch_times){ .dns_us = 1000,
					     .connect_us = 1000 + connect_us,
					     .first_byte_us = 2000 + connect_us,
					     .total_us = 2000 + connect_us + rest_us + i * 10 };
}

static void test_times(void **state) {
	static const struct {
		uint32_t connect4, connect6, rest4, rest6;
		size_t n;
		unsigned finding, note;
		const char *words;
	} rows[] = {
		{ 1000, 1000, 1000, 1000, 10, 0, 0, "" },
		{ 1000, 201000, 1000, 1000, 10, 6, 0, "mostly in connecting" },
		{ 1000, 1000, 301005, 1000, 10, 4, 0, "mostly in the body" },
		{ 1000, 201000, 1000, 1000, 3, 0, 6, "--repeat" },
		{ 1000, 31000, 1000, 1000, 10, 0, 0, "" },     /* below the floor */
		{ 900000, 1000000, 1000, 1005, 10, 0, 0, "" }, /* below the factor */
	};
	struct fetch_times t4[10], t6[10];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena a = { 0 };
		struct findings got = { 0 };
		struct str note;
		double p = 0;

		fill(t4, rows[i].n, rows[i].connect4, rows[i].rest4);
		fill(t6, rows[i].n, rows[i].connect6, rows[i].rest6);
		for (size_t k = 0; k < rows[i].n; k++)
			t6[k].total_us += 5; /* no ties */
		p = compare_times(&(struct compare_options){ 0 }, t4, rows[i].n, t6, rows[i].n, &a, &got, &note);
		assert_int_equal(got.list.n, rows[i].finding != 0);
		assert_int_equal(note.len != 0, rows[i].note != 0);
		assert_true(p >= 0 && p <= 1);
		if (got.list.n) {
			assert_int_equal(got.list.v[0].family, rows[i].finding);
			assert_int_equal(got.list.v[0].kind, FINDING_TIME);
			assert_non_null(strstr(got.list.v[0].detail.s, rows[i].words));
		}
		if (note.len)
			assert_non_null(strstr(note.s, rows[i].words));
		vec_done(&got.list);
		arena_done(&a);
	}
}

static void test_no_samples(void **state) {
	struct arena a = { 0 };
	struct findings got = { 0 };
	struct fetch_times t[1] = { { .total_us = 5 } };
	struct str note;
	double p;

	(void)state;
	p = compare_times(&(struct compare_options){ 0 }, NULL, 0, t, 1, &a, &got, &note);
	assert_true(isnan(p));
	assert_int_equal(got.list.n + note.len, 0);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_no_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
