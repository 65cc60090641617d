/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines as the servers write them, of clients who know how they are read: whatever they put into the fields that they
 * choose, the parser gives the values back. The escapes are written here a second time, from the servers' manuals;
 * addresses and times are glibc's.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <time.h>

#include "log_line.h"
#include "random.h"

enum { ROUNDS = 20000, TEXT_MAX = 400, LINE_MAX_LEN = 8 * TEXT_MAX };

static uint64_t seed;

struct text {
	char s[LINE_MAX_LEN];
	size_t len;
};

static void add(struct text *t, const char *s, size_t len) {
	assert_true(t->len + len < sizeof(t->s));
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = 0;
}

static void addf(struct text *t, const char *fmt, ...) _printf_(2, 3);
static void addf(struct text *t, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, ap);
	va_end(ap);
	assert_true(t->len < sizeof(t->s));
}

/* What breaks parsers that search: separators, escapes that are none, whole pieces of lines. */
static void add_hostile(struct text *t, bool blanks) {
	static const char *const pieces[] = {
		"\"",
		"\\",
		"\\\"",
		"\\x22",
		"#22",
		"#",
		"{",
		"|",
		"}",
		"[",
		"]",
		"-",
		":",
		"/",
		"//",
		"%2f",
		"a",
		"login",
		"192.0.2.66",
		"2001:db8::66",
		"\\u0022",
		"'",
		"\t",
		"\r",
		"\n",
		"\x01",
		"\x7f",
		"\xff",
		"\xc3\xa9",
		"HTTP/1.1",
		" ",
		" - ",
		" - - ",
		" [23/Nov/2026:06:14:11 +0000] \"",
		"\" 200 1 \"",
		"] \"GET /fake HTTP/1.1\" 200 ",
		" [23/Nov/2026:06:14:11.441] a b/c 0/0/0/0/0 200 0 - - ---- 1/1/1/1/0 0/0 \"GET /fake HTTP/1.1\"",
	};

	for (unsigned n = random_below(&seed, 8); n; n--) {
		const char *p = pieces[random_below(&seed, ARRAY_LEN(pieces))];

		if ((blanks || !strchr(p, ' ')) && t->len + 100 < TEXT_MAX)
			add(t, p, strlen(p));
	}
}

static bool is_plain(unsigned char c) {
	return c >= 0x20 && c < 0x7f;
}

static void add_nginx(struct text *t, const struct text *v) {
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->s[i];

		addf(t, is_plain(c) && c != '"' && c != '\\' ? "%c" : "\\x%02X", c);
	}
}

static void add_nginx_json(struct text *t, const struct text *v) {
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->s[i];

		if (c == '"' || c == '\\')
			addf(t, "\\%c", c);
		else if (c == '\n')
			addf(t, "\\n");
		else if (c == '\r')
			addf(t, "\\r");
		else if (c == '\t')
			addf(t, "\\t");
		else
			addf(t, c >= 0x20 ? "%c" : "\\u%04X", c);
	}
}

/* Apache and varnishncsa. */
static void add_backslashed(struct text *t, const struct text *v) {
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->s[i];

		if (c == '"' || c == '\\')
			addf(t, "\\%c", c);
		else if (c == '\n')
			addf(t, "\\n");
		else if (c == '\r')
			addf(t, "\\r");
		else if (c == '\t')
			addf(t, "\\t");
		else
			addf(t, is_plain(c) ? "%c" : "\\x%02x", c);
	}
}

static void add_haproxy(struct text *t, const struct text *v, const char *also) {
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->s[i];

		addf(t, is_plain(c) && !strchr(also, c) ? "%c" : "#%02X", c);
	}
}

/* What a client sends. */
struct request {
	char addr[INET6_ADDRSTRLEN];
	struct ip ip;
	unsigned port, status;
	time_t time;
	char clf[32];
	const char *method;
	struct text user, path, query, agent, cookie, header;
};

static struct request random_request(void) {
	static const char *const methods[] = { "GET", "POST", "PROPFIND", "M-SEARCH" };
	struct request r = { .port = random_below(&seed, 65536),
			     .status = 100 + random_below(&seed, 500),
			     .method = methods[random_below(&seed, ARRAY_LEN(methods))],
			     .time = 1795414451 + random_below(&seed, 3) };
	uint8_t bytes[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	bool mapped = random_below(&seed, 2);
	struct tm tm;

	for (int i = 4; i < 16; i++)
		bytes[i] = random_below(&seed, 3) ? 0 : (uint8_t)random_next(&seed);

	if (mapped) {
		memset(bytes, 0, 10);
		memset(bytes + 10, 0xff, 2);
	}
	r.ip = ip_from_bytes(bytes);
	if (mapped && random_below(&seed, 2))
		assert_non_null(inet_ntop(AF_INET, bytes + 12, r.addr, sizeof(r.addr)));
	else
		assert_non_null(inet_ntop(AF_INET6, bytes, r.addr, sizeof(r.addr)));
	(void)strftime(r.clf, sizeof(r.clf), "%d/%b/%Y:%H:%M:%S", gmtime_r(&r.time, &tm));
	add_hostile(&r.user, true);
	add(&r.path, "/", 1);
	add_hostile(&r.path, true);
	add(&r.path, "z", 1);
	if (random_below(&seed, 2)) {
		add(&r.query, "?", 1);
		add_hostile(&r.query, true);
		add(&r.query, "?z", 2);
	}
	add_hostile(&r.agent, true);
	add(&r.cookie, "c=", 2);
	add_hostile(&r.cookie, true);
	for (size_t i = 0; i < r.cookie.len; i++)
		if (!is_plain((unsigned char)r.cookie.s[i])) /* a captured cookie has no controls */
			r.cookie.s[i] = ' ';
	add_hostile(&r.header, true);
	return r;
}

static void show(const char *what, const struct text *line, size_t at) {
	fail_msg("%s (at %zu) in: %.*s", what, at, (int)line->len, line->s);
}

static bool is_text(struct str is, const struct text *want) {
	return is.s && is.len == want->len && memcmp(is.s, want->s, want->len) == 0;
}

/* One line gives back what the request was. */
static void check(struct line_reader *reader, const struct text *line, const struct request *r, bool agent) {
	struct log_record got;
	enum log_reason reason = line_read(reader, (struct str){ line->s, line->len }, &got);

	if (reason != LOG_OK)
		show(log_reason_text(reason), line, reader->at);
	if (!ip_equal(got.addr, r->ip))
		show("another address", line, 0);
	if (got.time_ms / 1000 != r->time || got.status != r->status || !str_is(got.method, r->method))
		show("another time, status or method", line, 0);
	if (!is_text(got.path, &r->path))
		show("another path", line, 0);
	if (agent && (str_is((struct str){ r->agent.s, r->agent.len }, "-") ? got.agent.s != NULL
									    : !is_text(got.agent, &r->agent)))
		show("another agent", line, 0);
}

static void run(const char *format, void (*write)(struct text *line, const struct request *r), bool agent) {
	struct line_reader reader = { .parser = line_parser(format, NULL) };

	seed = 4;
	for (int i = 0; i < ROUNDS; i++) {
		struct request r = random_request();
		struct text line = { .len = 0 };

		write(&line, &r);
		check(&reader, &line, &r, agent);
	}
	line_reader_done(&reader);
}

/* addr - user [time] "request" status bytes "referer" "agent", with one escape throughout. */
static void write_combined(struct text *line, const struct request *r, const char *host,
			   void (*escape)(struct text *t, const struct text *v), const char *empty_user) {
	addf(line, "%s - ", r->addr);
	if (r->user.len)
		escape(line, &r->user);
	else
		addf(line, "%s", empty_user);
	addf(line, " [%s +0000] \"%s %s", r->clf, r->method, host);
	escape(line, &r->path);
	escape(line, &r->query);
	addf(line, " HTTP/1.1\" %u 12 \"", r->status);
	escape(line, &r->header);
	addf(line, "\" \"");
	escape(line, &r->agent);
	addf(line, "\"");
}

static void write_nginx(struct text *line, const struct request *r) {
	write_combined(line, r, "", add_nginx, "-");
}

static void write_varnish(struct text *line, const struct request *r) {
	write_combined(line, r, "http://example.net:80", add_backslashed, "-");
}

static void write_apache(struct text *line, const struct request *r) {
	write_combined(line, r, "", add_backslashed, "\"\"");
}

static void write_json(struct text *line, const struct request *r) {
	addf(line, "{\"user\":\"");
	add_nginx_json(line, &r->user);
	addf(line, "\",\"addr\":\"%s\",\"t\":%lld.123,\"status\":%u,\"agent\":\"", r->addr, (long long)r->time,
	     r->status);
	add_nginx_json(line, &r->agent);
	addf(line, "\",\"req\":\"%s ", r->method);
	add_nginx_json(line, &r->path);
	add_nginx_json(line, &r->query);
	addf(line, " HTTP/1.1\"}");
}

static void haproxy_head(struct text *line, const struct request *r) {
	addf(line, "%s:%u [%s.441] web~ web/fe1 0/0/1/22/23 %u 512 ", r->addr, r->port, r->clf, r->status);
}

static void haproxy_tail(struct text *line, const struct request *r) {
	addf(line, " - --VN 1/1/0/0/0 0/0 {");
	add_haproxy(line, &r->header, "\"#{|}");
	addf(line, "|} \"%s ", r->method);
	add_haproxy(line, &r->path, "\"#");
	add_haproxy(line, &r->query, "\"#");
	addf(line, " HTTP/1.1\"");
}

static void write_haproxy(struct text *line, const struct request *r) {
	haproxy_head(line, r);
	addf(line, "-");
	haproxy_tail(line, r);
}

static void write_haproxy_cookie(struct text *line, const struct request *r) {
	haproxy_head(line, r);
	add(line, r->cookie.s, r->cookie.len);
	haproxy_tail(line, r);
}

static void test_nginx(void **state) {
	(void)state;
	run("nginx", write_nginx, true);
}

static void test_nginx_json(void **state) {
	(void)state;
	run("log_format j escape=json '{\"user\":\"$remote_user\",\"addr\":\"$remote_addr\",\"t\":$msec,'"
	    "'\"status\":$status,\"agent\":\"$http_user_agent\",\"req\":\"$request\"}';",
	    write_json, true);
}

static void test_varnish(void **state) {
	(void)state;
	run("varnish", write_varnish, true);
}

static void test_apache(void **state) {
	(void)state;
	run("apache", write_apache, true);
}

static void test_haproxy(void **state) {
	(void)state;
	run("haproxy", write_haproxy, false);
	run("haproxy", write_haproxy_cookie, false);
}

/* Cut anywhere behind the bytes, a line still says who, when and what came of it; and of the path only what was there.
 */
static void test_haproxy_cut(void **state) {
	struct line_reader reader = { .parser = line_parser("haproxy", NULL) };

	(void)state;
	seed = 5;
	for (int i = 0; i < ROUNDS; i++) {
		struct request r = random_request();
		struct text line = { .len = 0 };
		struct log_record got;
		size_t head;

		haproxy_head(&line, &r);
		head = line.len;
		addf(&line, "-");
		haproxy_tail(&line, &r);
		line.len = head + random_below(&seed, (unsigned)(line.len - head));
		if (line_read(&reader, (struct str){ line.s, line.len }, &got) != LOG_OK)
			show("refused", &line, reader.at);
		if (!ip_equal(got.addr, r.ip) || got.time_ms / 1000 != r.time || got.status != r.status)
			show("another address, time or status", &line, 0);
		if (got.path.s && got.path.len > r.path.len + strlen(" HTTP/1.1"))
			show("a longer path", &line, 0);
	}
	line_reader_done(&reader);
}

/* Any bytes at all: nothing is read past the end (ASan), and what is refused is refused at a place in the line. */
static void test_noise(void **state) {
	static const char *const formats[] = { "nginx", "haproxy", "varnish", "apache" };

	(void)state;
	seed = 6;
	for (size_t f = 0; f < ARRAY_LEN(formats); f++) {
		struct line_reader reader = { .parser = line_parser(formats[f], NULL) };

		for (int i = 0; i < ROUNDS; i++) {
			struct request r = random_request();
			struct text line = { .len = 0 };
			struct log_record got;

			(f == 1 ? write_haproxy : write_nginx)(&line, &r);
			for (unsigned n = random_below(&seed, 6); n; n--)
				line.s[random_below(&seed, (unsigned)line.len)] = (char)random_next(&seed);
			line.len = random_below(&seed, (unsigned)line.len + 1);
			if (line_read(&reader, (struct str){ line.s, line.len }, &got) != LOG_OK)
				assert_true(reader.at <= line.len);
		}
		line_reader_done(&reader);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nginx),  cmocka_unit_test(test_nginx_json), cmocka_unit_test(test_varnish),
		cmocka_unit_test(test_apache), cmocka_unit_test(test_haproxy),    cmocka_unit_test(test_haproxy_cut),
		cmocka_unit_test(test_noise),
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
