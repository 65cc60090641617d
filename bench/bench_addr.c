/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address texts against glibc, longest-prefix lookups against a sorted array, first free subnets: each pair on the same
 * random input in one run. A time is the best of several rounds, so that a busy machine changes it little.
 *
 * The sorted array is the usual opponent: disjoint ranges, each with the prefix that answers for it, and one binary
 * search a lookup.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "addr/plan.h"
#include "addr/trie.h"
#include "addr/wide.h"
#include "random.h"

enum { TEXTS = 1 << 14, ROUNDS = 25, STRIDE = 48 };

static uint64_t seed = 1;
static volatile uint64_t sink; /* so that nothing is optimised away */

static double now_ns(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct sample {
	char text[TEXTS][STRIDE];
	uint8_t len[TEXTS];
	struct ip ip[TEXTS];
	uint8_t bytes[TEXTS][16];
	int family;
};

/* Best time a call, over the rounds. */
static double measure(const struct sample *s, uint64_t (*fn)(const struct sample *s)) {
	double best = 1e18;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns(), took;

		sink += fn(s);
		took = now_ns() - start;
		best = MIN(best, took);
	}
	return best / TEXTS;
}

static uint64_t our_parse(const struct sample *s) {
	uint64_t sum = 0;

	for (int i = 0; i < TEXTS; i++) {
		struct ip ip = { 0, 0 };

		(void)ip_parse(s->text[i], s->len[i], &ip, NULL);
		sum += ip.lo;
	}
	return sum;
}

static uint64_t glibc_parse(const struct sample *s) {
	uint64_t sum = 0;

	for (int i = 0; i < TEXTS; i++) {
		uint8_t b[16] = { 0 };

		(void)inet_pton(s->family, s->text[i], b);
		sum += b[3];
	}
	return sum;
}

static uint64_t our_print(const struct sample *s) {
	uint64_t sum = 0;
	char text[IP_TEXT_MAX];

	for (int i = 0; i < TEXTS; i++)
		sum += ip_format(s->ip[i], text) + (unsigned char)text[2];
	return sum;
}

static uint64_t glibc_print(const struct sample *s) {
	uint64_t sum = 0;
	char text[IP_TEXT_MAX];

	for (int i = 0; i < TEXTS; i++)
		sum += (unsigned char)inet_ntop(s->family, s->bytes[i], text, sizeof(text))[2];
	return sum;
}

static struct ip random_full(void) {
	struct ip ip = { random_next(&seed), random_next(&seed) };

	return ip;
}

/* As servers have them: a /32, a site, a subnet, a low host number. */
static struct ip random_server(void) {
	return (struct ip){ UINT64_C(0x20010db8) << 32 | random_below(&seed, 4096) << 16 | random_below(&seed, 256),
			    random_below(&seed, 1U << (4 * (1 + random_below(&seed, 4)))) };
}

/* ::1, fe80::1, 2001:db8::53 */
static struct ip random_short(void) {
	static const uint64_t heads[] = { 0, UINT64_C(0xfe80) << 48, UINT64_C(0x20010db8) << 32 };

	return (struct ip){ heads[random_below(&seed, 3)], random_below(&seed, 256) };
}

static struct ip random_mixed(void) {
	switch (random_below(&seed, 3)) {
	case 0:
		return random_full();
	case 1:
		return random_server();
	default:
		return random_short();
	}
}

static struct ip random_v4(void) {
	return ip_from_v4((uint32_t)random_next(&seed));
}

static void bench_texts(const char *name, int family, struct ip (*make)(void)) {
	struct sample *s = calloc(1, sizeof(*s));
	double ours, theirs;

	if (!s)
		abort();
	s->family = family;
	for (int i = 0; i < TEXTS; i++) {
		uint8_t b[16];

		s->ip[i] = make();
		ip_to_bytes(s->ip[i], b);
		memcpy(s->bytes[i], family == AF_INET ? b + 12 : b, family == AF_INET ? 4 : 16);
		s->len[i] = (uint8_t)strlen(inet_ntop(family, s->bytes[i], s->text[i], STRIDE));
	}
	ours = measure(s, our_parse);
	theirs = measure(s, glibc_parse);
	(void)printf("parse %-16s %7.1f ns   inet_pton %7.1f ns   %5.1f times as fast\n", name, ours, theirs,
		     theirs / ours);
	ours = measure(s, our_print);
	theirs = measure(s, glibc_print);
	(void)printf("print %-16s %7.1f ns   inet_ntop %7.1f ns   %5.1f times as fast\n", name, ours, theirs,
		     theirs / ours);
	free(s);
}

/* The opponent of the trie. */
struct segment {
	struct ip first, last;
	const struct prefix *answer; /* NULL: a hole */
};

struct table {
	VEC(struct segment) v;
};

static void put_segment(struct table *t, struct ip first, struct ip last, const struct prefix *answer) {
	if (ip_compare(first, last) <= 0)
		vec_push(&t->v, (struct segment){ first, last, answer });
}

static int compare_prefixes(const void *a, const void *b) {
	return prefix_compare(*(const struct prefix *)a, *(const struct prefix *)b);
}

/* Sweeps sorted prefixes with the stack of those that are open. */
static void table_build(struct table *t, const struct prefix *p, size_t n) {
	const struct prefix *open[129];
	unsigned depth = 0;
	struct ip at = { 0, 0 };

	for (size_t i = 0; i <= n; i++) {
		while (depth && (i == n || !prefix_covers(*open[depth - 1], p[i]))) {
			struct ip last = prefix_last(*open[--depth]);

			put_segment(t, at, last, open[depth]);
			at = ip_next(last);
		}
		if (i == n)
			break;
		if (ip_compare(at, p[i].ip) < 0) {
			put_segment(t, at, ip_previous(p[i].ip), depth ? open[depth - 1] : NULL);
			at = p[i].ip;
		}
		open[depth++] = &p[i];
	}
	put_segment(t, at, (struct ip){ UINT64_MAX, UINT64_MAX }, NULL);
}

static const struct prefix *table_lookup(const struct table *t, struct ip ip) {
	size_t low = 0, high = t->v.n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (ip_compare(t->v.v[mid].first, ip) <= 0)
			low = mid;
		else
			high = mid;
	}
	return t->v.v[low].answer;
}

/* As in a routing table: lengths 32 to 64, most of them 48, under a few hundred /20 blocks. */
static struct prefix random_route(void) {
	uint64_t hi = UINT64_C(0x2000) << 48 | (uint64_t)random_below(&seed, 400) << 44 | random_next(&seed) >> 20;
	unsigned len = random_below(&seed, 2) ? 48 : 32 + random_below(&seed, 33);

	return prefix_around((struct ip){ hi, 0 }, len);
}

enum { LOOKUPS = 1 << 18 };

static double lookups_trie(const struct trie *t, const struct ip *asked) {
	double start = now_ns();

	for (int i = 0; i < LOOKUPS; i++)
		sink += (uintptr_t)trie_lookup(t, asked[i], NULL) & 1;
	return (now_ns() - start) / LOOKUPS;
}

static double lookups_table(const struct table *t, const struct ip *asked) {
	double start = now_ns();

	for (int i = 0; i < LOOKUPS; i++)
		sink += (uintptr_t)table_lookup(t, asked[i]) & 1;
	return (now_ns() - start) / LOOKUPS;
}

static size_t make_routes(struct prefix *p, size_t n) {
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		p[i] = random_route();
	qsort(p, n, sizeof(*p), compare_prefixes);
	for (size_t i = 0; i < n; i++)
		if (!kept || !prefix_equal(p[kept - 1], p[i]))
			p[kept++] = p[i];
	return kept;
}

static void bench_lookups(size_t n) {
	struct prefix *p = calloc(n, sizeof(*p));
	struct ip *asked = calloc(LOOKUPS, sizeof(*asked));
	struct table table = { 0 };
	struct arena a = { 0 };
	struct trie trie;
	double ours = 1e18, theirs = 1e18, start, built;

	if (!p || !asked)
		abort();
	n = make_routes(p, n);
	trie_init(&trie, &a);
	start = now_ns();
	for (size_t i = 0; i < n; i++)
		(void)trie_add(&trie, p[i], &p[i]);
	built = now_ns() - start;
	table_build(&table, p, n);
	for (int i = 0; i < LOOKUPS; i++) {
		asked[i] = p[random_below(&seed, (unsigned)n)].ip;
		asked[i].hi |= random_below(&seed, 65536);
		asked[i].lo = random_next(&seed);
		if (trie_lookup(&trie, asked[i], NULL) != table_lookup(&table, asked[i]))
			abort();
	}
	for (int round = 0; round < 5; round++) {
		double t = lookups_trie(&trie, asked), u = lookups_table(&table, asked);

		ours = MIN(ours, t);
		theirs = MIN(theirs, u);
	}
	(void)printf("trie %8zu prefixes %7.1f ns   sorted array %7.1f ns   %5.2f times as fast; %.0f ns an insert, "
		     "%.0f bytes a prefix\n",
		     n, ours, theirs, theirs / ours, built / (double)n, (double)a.total / (double)n);
	arena_done(&a);
	vec_done(&table.v);
	free(p);
	free(asked);
}

static void bench_first_free(void) {
	struct prefix base = prefix_around((struct ip){ UINT64_C(0x20010db8) << 32, 0 }, 32), p = { .len = 0 };
	struct prefix_set taken = PREFIX_SET_INIT;
	double first = 1e18, sparse = 1e18;

	/* Every second address range of the first 20 000 /80: nothing merges, all must be stepped over. */
	for (uint64_t n = 0; n < 10000; n++) {
		(void)plan_subnet(base, 80, (struct ip){ 0, n }, &p);
		prefix_set_add(&taken, prefix_around(p.ip, 96));
	}
	prefix_set_normalise(&taken);
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns(), t;

		(void)plan_first_free(base, 80, &taken, &p);
		sink += p.ip.lo;
		t = now_ns() - start;
		first = MIN(first, t);
		start = now_ns();
		(void)plan_first_free_sparse(base, 80, &taken, &p);
		sink += p.ip.lo;
		t = now_ns() - start;
		sparse = MIN(sparse, t);
	}
	(void)printf("first free /80 in a /32, 10000 taken: %.3f ms, in RFC 3531 order %.3f ms\n", first / 1e6,
		     sparse / 1e6);
	prefix_set_done(&taken);
}

int main(void) {
	bench_texts("IPv6 full", AF_INET6, random_full);
	bench_texts("IPv6 server", AF_INET6, random_server);
	bench_texts("IPv6 short", AF_INET6, random_short);
	bench_texts("IPv6 mixed", AF_INET6, random_mixed);
	bench_texts("IPv4", AF_INET, random_v4);
	bench_lookups(1000);
	bench_lookups(100000);
	bench_lookups(1000000);
	bench_first_free();
	return 0;
}
