/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of access logs to records, on one core:
 *
 *     bench_logs                 lines of each server, half IPv4 and half IPv6, 1000 of them a second
 *     bench_logs FORMAT FILE     the lines of a file, by a format as `hextet guard parse` takes it
 *     bench_logs FORMAT -        prints the lines of a server's own format instead (to give them to others)
 *
 * "scan" is the two passes that every line gets: for its end, and for its quotes and blanks. The peer is glibc's
 * regexec() with the pattern that such lines are usually read with, on a part of the same lines. A time is the best of
 * several rounds, so that a busy machine changes it little.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "logs/format.h"
#include "logs/scan.h"
#include "random.h"

enum { LINES = 1000000, ROUNDS = 7, PEER_LINES = 20000, PER_SECOND = 1000 };

static volatile uint64_t sink; /* so that nothing is optimised away */

static double now_ns(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What one request is made of. */
struct request {
	char addr[IP_TEXT_MAX];
	time_t time;
	unsigned ms, port, status, bytes;
	const char *method, *path, *agent;
	char query[24];
};

static struct request random_request(uint64_t *seed, size_t n) {
	static const char *const paths[] = { "/", "/login", "/api/v1/stream/segments", "/static/app.3f2a9c.js",
					     "/watch/season-2/episode-4" };
	static const char *const agents[] = {
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 "
		"Safari/537.36",
		"curl/7.88.1",
	};
	static const unsigned status[] = { 200, 200, 200, 206, 304, 401, 404 };
	struct request r = {
		.time = (time_t)(1795414451 + n / PER_SECOND),
		.ms = (unsigned)(n % PER_SECOND),
		.port = 1024 + random_below(seed, 60000),
		.status = status[random_below(seed, ARRAY_LEN(status))],
		.bytes = random_below(seed, 1 << 20),
		.method = random_below(seed, 5) ? "GET" : "POST",
		.path = paths[random_below(seed, ARRAY_LEN(paths))],
		.agent = agents[random_below(seed, ARRAY_LEN(agents))],
	};
	struct ip ip = { UINT64_C(0x20010db8) << 32 | (random_next(seed) & 0xffffffff), random_next(seed) };

	(void)ip_format(random_below(seed, 2) ? ip : ip_from_v4((uint32_t)random_next(seed)), r.addr);
	(void)snprintf(r.query, sizeof(r.query), random_below(seed, 2) ? "?q=%u" : "", random_below(seed, 100000));
	return r;
}

static void write_nginx(const struct request *r, const char *time, FILE *out) {
	(void)fprintf(out, "%s - - [%s +0000] \"%s %s%s HTTP/1.1\" %u %u \"https://www.example.net/\" \"%s\"\n",
		      r->addr, time, r->method, r->path, r->query, r->status, r->bytes, r->agent);
}

static void write_haproxy(const struct request *r, const char *time, FILE *out) {
	(void)fprintf(out,
		      "%s:%u [%s.%03u] web web/fe%u 0/0/1/%u/%u %u %u - - ---- %u/%u/0/0/0 0/0 \"%s %s%s HTTP/1.1\"\n",
		      r->addr, r->port, time, r->ms, r->port % 8, r->ms, r->ms + 2, r->status, r->bytes, r->port % 900,
		      r->port % 700, r->method, r->path, r->query);
}

static void write_varnish(const struct request *r, const char *time, FILE *out) {
	(void)fprintf(out, "%s - - [%s +0000] \"%s http://www.example.net%s%s HTTP/1.1\" %u %u \"-\" \"%s\"\n", r->addr,
		      time, r->method, r->path, r->query, r->status, r->bytes, r->agent);
}

static void write_json(const struct request *r, const char *time, FILE *out) {
	(void)time;
	(void)fprintf(out,
		      "{\"addr\":\"%s\",\"time\":%lld.%03u,\"method\":\"%s\",\"path\":\"%s%s\",\"status\":%u,"
		      "\"bytes\":%u,\"host\":\"www.example.net\",\"agent\":\"%s\"}\n",
		      r->addr, (long long)r->time, r->ms, r->method, r->path, r->query, r->status, r->bytes, r->agent);
}

static const struct kind {
	const char *name, *format;
	void (*write)(const struct request *r, const char *time, FILE *out);
} kinds[] = {
	{ "nginx", "nginx", write_nginx },
	{ "haproxy", "haproxy", write_haproxy },
	{ "varnish", "varnish", write_varnish },
	{ "json", "json:addr=addr,time=time,method=method,path=path,status=status,bytes=bytes,host=host,agent=agent",
	  write_json },
};

static void generate(const struct kind *k, size_t lines, FILE *out) {
	uint64_t seed = 1;

	for (size_t i = 0; i < lines; i++) {
		struct request r = random_request(&seed, i);
		struct tm tm;
		char time[32];

		(void)strftime(time, sizeof(time), "%d/%b/%Y:%H:%M:%S", gmtime_r(&r.time, &tm));
		k->write(&r, time, out);
	}
}

struct log {
	const char *s;
	size_t len, lines;
};

static double scan(const struct log *l, scan_fill_fn *fill) {
	double start = now_ns();
	struct scan c;

	for (const char *s = l->s, *end = l->s + l->len; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((newline ? newline : end) - s);

		scan_begin(&c, s, len, '"', '\\', fill);
		sink += c.quote[0];
		s += len + 1;
	}
	return now_ns() - start;
}

static double parse(const struct log *l, struct log_parser *p, size_t *ret_parsed) {
	double start = now_ns();
	struct log_record r;
	size_t at, parsed = 0;

	for (const char *s = l->s, *end = l->s + l->len; s < end;) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((newline ? newline : end) - s);

		parsed += log_parse(p, s, len, &r, &at) == LOG_OK;
		sink += r.addr.lo + r.status;
		s += len + 1;
	}
	*ret_parsed = parsed;
	return now_ns() - start;
}

static void report(const char *name, const struct log *l, double ns) {
	(void)printf("%-18s %7.2f M lines/s  %6.1f ns a line  %5.2f GB/s", name, (double)l->lines / ns * 1e3,
		     ns / (double)l->lines, (double)l->len / ns);
}

static double bench_parse(const char *name, const char *format, const struct log *l) {
	const struct log_options options = { .now_ms = INT64_C(1795414451000) };
	struct log_parser *p = NULL;
	char *why = NULL;
	double best = 1e18;
	size_t parsed = 0;

	if (log_parser_new(str_of(format), &options, &p, &why) < 0) {
		(void)printf("%-18s %s\n", name, why ? why : "no memory");
		free(why);
		return 0;
	}
	for (int i = 0; i < ROUNDS; i++) {
		double ns = parse(l, p, &parsed);

		best = MIN(best, ns);
	}
	report(name, l, best);
	(void)printf("  %zu of %zu lines parsed\n", parsed, l->lines);
	log_parser_free(p);
	return best;
}

static void bench_scan(const char *name, const struct log *l, scan_fill_fn *fill) {
	double best = 1e18;

	for (int i = 0; i < ROUNDS; i++) {
		double ns = scan(l, fill);

		best = MIN(best, ns);
	}
	report(name, l, best);
	(void)printf("\n");
}

/* The usual regular expression, on the first lines. */
static void bench_peer(const struct log *l, double ours) {
	static const char pattern[] =
		"^([^ ]+) - [^ ]+ \\[([^]]+)\\] \"([A-Z]+) ([^ ]+) [^\"]+\" ([0-9]+) ([0-9]+) \"[^\"]*\" \"([^\"]*)\"$";
	regmatch_t match[8];
	regex_t regex;
	const char *s = l->s;
	double start, ns;
	size_t n = 0;

	if (regcomp(&regex, pattern, REG_EXTENDED) != 0)
		abort();
	start = now_ns();
	for (; n < PEER_LINES && n < l->lines; n++) {
		const char *newline = strchr(s, '\n');

		match[0] = (regmatch_t){ 0, (regoff_t)(newline - s) };
		sink += (uint64_t)regexec(&regex, s, ARRAY_LEN(match), match, REG_STARTEND);
		s = newline + 1;
	}
	ns = (now_ns() - start) / (double)n;
	regfree(&regex);
	(void)printf("nginx, regexec()   %7.2f M lines/s  %6.1f ns a line; ours is %.0f times as fast\n", 1e3 / ns, ns,
		     ns / (ours / (double)l->lines));
}

static int bench_all(size_t lines) {
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *text = NULL;
		struct log l = { .lines = lines };
		FILE *out = open_memstream(&text, &l.len);
		double ns;

		if (!out)
			return 3;
		generate(&kinds[i], lines, out);
		if (fclose(out) != 0)
			return 3;
		l.s = text;
		if (i == 0) {
			(void)printf("%zu lines, %.0f bytes each\n", lines, (double)l.len / (double)lines);
			bench_scan("scan", &l, scan_fill_best());
			bench_scan("scan, portable", &l, scan_fill_portable);
		}
		ns = bench_parse(kinds[i].name, kinds[i].format, &l);
		if (i == 0 && ns > 0)
			bench_peer(&l, ns);
		free(text);
	}
	return 0;
}

static int bench_file(const char *format, const char *path) {
	struct log l = { .lines = 0 };
	struct arena a = { 0 };
	char *text;
	int r = file_read(&a, path, SIZE_MAX / 2, &text, &l.len);

	if (r < 0) {
		(void)fprintf(stderr, "bench_logs: %s: %s\n", path, strerror(-r));
		arena_done(&a);
		return 3;
	}
	l.s = text;
	for (size_t i = 0; i < l.len; i++)
		l.lines += text[i] == '\n';
	(void)bench_parse(format, format, &l);
	arena_done(&a);
	return 0;
}

int main(int argc, char **argv) {
	if (argc == 3 && strcmp(argv[2], "-") != 0)
		return bench_file(argv[1], argv[2]);
	for (size_t i = 0; argc == 3 && i < ARRAY_LEN(kinds); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			generate(&kinds[i], LINES, stdout);
			return 0;
		}
	if (argc != 1) {
		(void)fprintf(stderr, "usage: bench_logs [FORMAT FILE | nginx|haproxy|varnish|json -]\n");
		return 2;
	}
	return bench_all(LINES);
}
