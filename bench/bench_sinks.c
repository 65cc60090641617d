/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bans into the kernel, beside `nft` and `ip` doing the same in the same run: in bulk, one by one, and reconciled. In a
 * network namespace of its own, so that it needs root (or a user namespace) and harms nobody.
 *
 * The networks are random /64s. The opponents get the kindest form: one file, one set, no comments.
 */
#include "guard/sink.h"

#include <errno.h>
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "random.h"

enum { BANS = 100000, SINGLES = 2000, PEER_SINGLES = 30, ROUNDS = 3, SKIPPED = 77, LEFT_MS = 3600000 };

extern char **environ;

static uint64_t seed = 1;
static bool failed;
static struct sink_change changes[BANS + SINGLES];
static struct sink_entry entries[BANS];
static struct prefix_set allow;

static double now(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep_best(double *best, double value) {
	*best = MIN(*best, value);
}

static void die(const char *what, const char *why, int r) {
	(void)fprintf(stderr, "bench_sinks: %s: %s\n", what, why ? why : strerror(-r));
	exit(1);
}

static void say(const char *what, double value, const char *unit, double goal, bool at_least) {
	bool held = goal == 0 || (at_least ? value >= goal : value <= goal);

	failed |= !held;
	(void)printf("  %-46s %12.1f %s", what, value, unit);
	if (goal != 0)
		(void)printf("  (%s %.0f%s)", at_least ? "at least" : "at most", goal, held ? "" : ": NOT HELD");
	(void)putchar('\n');
}

/* Seconds that a program took. */
static double run(const char *const argv[]) {
	double start = now();
	int status, r;
	pid_t pid;

	r = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ);
	if (r)
		die(argv[0], NULL, -r);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die(argv[0], "it failed", 0);
	return now() - start;
}

static double nft(const char *command) {
	return run((const char *const[]){ "nft", command, NULL });
}

static void apply(struct ban_sink *s, const struct sink_change *c, size_t n) {
	char *why = NULL;
	int r = ban_sink_apply(s, c, n, &why);

	if (r < 0)
		die("apply", why, r);
}

/* Seconds for all bans in batches of one size. */
static double bulk(struct ban_sink *s, size_t batch) {
	double start = now();

	for (size_t i = 0; i < BANS; i += batch)
		apply(s, changes + i, MIN(batch, BANS - i));
	return now() - start;
}

static double reconcile(struct ban_sink *s, size_t n) {
	double start = now();
	char *why = NULL;
	int r = ban_sink_reconcile(s, entries, n, 1, &why);

	if (r < 0)
		die("reconcile", why, r);
	return now() - start;
}

static int by_value(const void *a, const void *b) {
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double single(struct ban_sink *s, double *ret_p99, const struct sink_change *c) {
	static double took[SINGLES];

	for (size_t i = 0; i < SINGLES; i++) {
		double start = now();

		apply(s, c + i, 1);
		took[i] = now() - start;
	}
	qsort(took, SINGLES, sizeof(*took), by_value);
	*ret_p99 = took[SINGLES * 99 / 100];
	return took[SINGLES / 2];
}

static struct ban_sink *open_sink(const char *spec) {
	struct ban_sink_config c = { .allow = &allow };
	struct ban_sink *s = NULL;
	char *why = NULL;
	int r = ban_sink_open(spec, &c, &s, &why);

	if (r < 0)
		die(spec, why, r);
	return s;
}

/* A file with all networks, each with something before and behind it. Returns its name. */
static const char *write_file(const char *head, const char *before, const char *behind, const char *tail) {
	static char path[] = "/tmp/bench-sinks-XXXXXX";
	char text[PREFIX_TEXT_MAX];
	FILE *f;
	int fd;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	fd = mkstemp(path);
	if (fd < 0 || !(f = fdopen(fd, "w")))
		die(path, NULL, -errno);
	(void)fputs(head, f);
	for (size_t i = 0; i < BANS; i++) {
		(void)prefix_format(entries[i].network, text);
		if (strchr(behind, '{') || strchr(head, '{'))
			*strchrnul(text, '/') = '\0';
		(void)fprintf(f, "%s%s%s", before, text, behind);
	}
	(void)fputs(tail, f);
	if (fclose(f) != 0)
		die(path, NULL, -errno);
	return path;
}

static void bench_nft(void) {
	struct ban_sink *s = open_sink("nft:hextet_guard");
	double best[3] = { 1e9, 1e9, 1e9 }, p50, p99, again, again99, empty = 1e9, same = 1e9, some = 1e9, peer = 1e9;
	static const size_t batch[] = { 1, 100, 1000 };
	const char *path;

	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ARRAY_LEN(batch); i++) {
			(void)nft("flush ruleset");
			(void)reconcile(s, 0);
			keep_best(&best[i], bulk(s, batch[i]));
		}
	p50 = single(s, &p99, changes + BANS);
	again = single(s, &again99, changes);
	for (int round = 0; round < ROUNDS; round++) {
		(void)nft("flush ruleset");
		keep_best(&empty, reconcile(s, BANS));
		keep_best(&same, reconcile(s, BANS));
		for (size_t i = 0; i < SINGLES; i++)
			changes[i].remove = true;
		apply(s, changes, SINGLES / 2);
		for (size_t i = 0; i < SINGLES; i++)
			changes[i].remove = false;
		apply(s, changes + BANS, SINGLES / 2);
		keep_best(&some, reconcile(s, BANS));
	}
	for (int round = 0; round < ROUNDS; round++) {
		(void)nft("flush ruleset");
		(void)nft("add table inet peer");
		(void)nft("add set inet peer b { type ipv6_addr; flags timeout; }");
		path = write_file("add element inet peer b {\n", "", " timeout 1h,\n", "}\n");
		keep_best(&peer, run((const char *const[]){ "nft", "-f", path, NULL }));
		(void)unlink(path);
	}
	(void)printf("nft, %d bans of random /64:\n", BANS);
	say("one a batch", BANS / best[0], "bans/s", 20000, true);
	say("100 a batch", BANS / best[1], "bans/s", 20000, true);
	say("1000 a batch", BANS / best[2], "bans/s", 20000, true);
	say("nft -f, one file", BANS / peer, "bans/s", 0, true);
	say("1000 a batch : nft -f", peer / best[2], "times", 0, true);
	say("reconcile after flush ruleset", empty * 1e3, "ms", 2000, false);
	say("reconcile, nothing differs", same * 1e3, "ms", 2000, false);
	say("reconcile, 1000 missing and 1000 foreign", some * 1e3, "ms", 2000, false);
	say("one more ban, p50", p50 * 1e6, "us", 0, false);
	say("one more ban, p99", p99 * 1e6, "us", 0, false);
	say("one ban renewed, p50", again * 1e6, "us", 0, false);
	say("one ban renewed, p99", again99 * 1e6, "us", 0, false);

	peer = 1e9;
	for (int i = 0; i < PEER_SINGLES; i++) {
		char command[128];

		(void)snprintf(command, sizeof(command), "add element inet peer b { 2001:db8:%x:: timeout 1h }", i);
		keep_best(&peer, nft(command));
	}
	say("nft add element, the best of 30", peer * 1e6, "us", 0, false);
	say("nft add element : one more ban, p50", peer / p50, "times", 0, true);
	ban_sink_close(s);
}

static void flush_table(const char *table) {
	(void)run((const char *const[]){ "ip", "-6", "route", "flush", "table", table, NULL });
}

static void bench_route(void) {
	double bulk_s = 1e9, empty = 1e9, same = 1e9, peer = 1e9, p50, p99;
	struct ban_sink *s = open_sink("route:1066");
	const char *path;

	apply(s, changes, 1); /* there is no table without a route, and ip complains */
	for (int round = 0; round < ROUNDS; round++) {
		/* A new one each time: this kind remembers what it holds. */
		flush_table("1066");
		ban_sink_close(s);
		s = open_sink("route:1066");
		keep_best(&bulk_s, bulk(s, 1000));
		keep_best(&same, reconcile(s, BANS));
		flush_table("1066");
		keep_best(&empty, reconcile(s, BANS));
		path = write_file("", "route add blackhole ", " table 1067\n", "");
		keep_best(&peer, run((const char *const[]){ "ip", "-6", "-batch", path, NULL }));
		(void)unlink(path);
		flush_table("1067");
	}
	p50 = single(s, &p99, changes + BANS);
	(void)printf("route, %d bans of random /64:\n", BANS);
	say("1000 a batch", BANS / bulk_s, "bans/s", 20000, true);
	say("ip -batch, one file", BANS / peer, "bans/s", 0, true);
	say("1000 a batch : ip -batch", peer / bulk_s, "times", 0, true);
	say("reconcile after a flush", empty * 1e3, "ms", 2000, false);
	say("reconcile, nothing differs", same * 1e3, "ms", 2000, false);
	say("one more ban, p50", p50 * 1e6, "us", 0, false);
	say("one more ban, p99", p99 * 1e6, "us", 0, false);
	ban_sink_close(s);
}

int main(void) {
	(void)setenv("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", 1);
	if (unshare(CLONE_NEWNET) < 0) {
		(void)fprintf(stderr, "bench_sinks: a network namespace of its own takes root: %s\n", strerror(errno));
		return SKIPPED;
	}
	prefix_set_add(&allow, prefix_host(ip_from_v4(0x7f000001)));
	prefix_set_normalise(&allow);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct ip ip = { UINT64_C(0x2000000000000000) | random_next(&seed) >> 4, 0 };
		struct sink_entry e = { prefix_around(ip, 64), LEFT_MS };

		changes[i] = (struct sink_change){ e, false };
		if (i < BANS)
			entries[i] = e;
	}
	bench_nft();
	bench_route();
	prefix_set_done(&allow);
	return failed;
}
