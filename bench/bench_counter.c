/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter alone: requests from 10 million IPv6 /64 networks, all of them within the window (20 in a minute), in
 * random order, by one thread; beside a plain table in the same run: uthash, a block from malloc for each network with
 * a ring of 20 times of 4 bytes, no limit, nothing ever forgotten. Then 2^32 networks of one /32 against a counter that
 * is full. Argument: how many networks, else 10 million.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <uthash.h>

#include "guard/counter.h"
#include "random.h"

enum { BATCH = 64, TIMES = 20, WINDOW_MS = 60000, PER_MS = 2000 };

static uint64_t seed = 1;

/* The processor time of this thread: others may be at work on the machine. */
static double now_s(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rss_mib(void) {
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long size = 0, rss = 0;

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &rss) != 2)
			rss = 0;
		(void)fclose(f);
	}
	return (double)rss * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* The i-th network: spread over 2001:db8::/32 and beyond, as random as addresses get. */
static struct ip network(uint64_t i) {
	uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return (struct ip){ UINT64_C(0x2000000000000000) | (z ^ z >> 27) >> 3, i };
}

struct run {
	struct counter *counter;
	uint64_t networks, events, first; /* first: the first so many events go through the networks in turn */
	double worst_batch_s;
};

static struct ip client(const struct run *r, uint64_t event) {
	return network(event < r->first ? event : random_next(&seed) % r->networks);
}

/* Events a second. */
static double count_events(struct run *r, uint64_t from, uint64_t events) {
	struct counter_key key[BATCH];
	struct ip ip[BATCH];
	double start = now_s(), batch = start, end = start;

	for (uint64_t at = from; at < from + events; at += BATCH) {
		for (unsigned i = 0; i < BATCH; i++) {
			ip[i] = client(r, at + i);
			key[i] = counter_key(r->counter, ip[i]);
			counter_prefetch(r->counter, key[i]);
		}
		for (unsigned i = 0; i < BATCH; i++)
			(void)counter_add(r->counter, key[i], ip[i], (int64_t)((at + i) / PER_MS));
		end = now_s();
		r->worst_batch_s = MAX(r->worst_batch_s, end - batch);
		batch = end;
	}
	return (double)events / (end - start);
}

static double bench_ours(uint64_t networks) {
	struct counter_config config = {
		.window_ms = WINDOW_MS, .count = TIMES, .len = 64, .child_len = 128, .memory = 1UL << 30
	};
	struct run r = { .networks = networks, .first = networks };
	double before = rss_mib(), fill, steady;
	struct counter_stats s;

	if (counter_new(&config, &r.counter) < 0)
		abort();
	(void)printf("counter, empty:           %9.3f MiB resident\n", rss_mib() - before);
	fill = count_events(&r, 0, networks);
	(void)printf("counter, networks enter:  %9.2f M events/s, longest of %d: %.2f ms\n", fill / 1e6, BATCH,
		     r.worst_batch_s * 1e3);
	r.worst_batch_s = 0;
	steady = count_events(&r, networks, networks * 4);
	s = counter_stats(r.counter);
	(void)printf("counter, random requests: %9.2f M events/s, longest of %d: %.2f ms\n", steady / 1e6, BATCH,
		     r.worst_batch_s * 1e3);
	(void)printf("counter, memory:          %9.1f MiB resident, %.1f bytes a network, %lu networks, %lu lost\n",
		     rss_mib() - before, (double)s.memory / (double)s.used, (unsigned long)s.used,
		     (unsigned long)s.takeovers);
	counter_free(r.counter);
	return steady;
}

struct plain {
	uint64_t key;
	uint32_t time[TIMES];
	uint32_t n;
	UT_hash_handle hh;
};

static double bench_plain(uint64_t networks) {
	double before = rss_mib(), start = 0;
	struct plain *head = NULL, *p, *next;
	uint64_t over = 0, events = networks * 2;

	for (uint64_t at = 0; at < networks + events; at++) {
		uint64_t key = network(at < networks ? at : random_next(&seed) % networks).hi;

		if (at == networks)
			start = now_s();
		HASH_FIND(hh, head, &key, sizeof(key), p);
		if (!p) {
			p = calloc(1, sizeof(*p));
			if (!p)
				abort();
			p->key = key;
			HASH_ADD(hh, head, key, sizeof(key), p);
		}
		over += p->n >= TIMES && (uint32_t)(at / PER_MS) - p->time[p->n % TIMES] < WINDOW_MS;
		p->time[p->n++ % TIMES] = (uint32_t)(at / PER_MS);
	}
	start = (double)events / (now_s() - start);
	(void)printf("uthash, random requests:  %9.2f M events/s\n", start / 1e6);
	(void)printf("uthash, memory:           %9.1f MiB resident (%lu over)\n", rss_mib() - before,
		     (unsigned long)over);
	HASH_ITER(hh, head, p, next) {
		HASH_DEL(head, p);
		free(p);
	}
	(void)malloc_trim(0);
	return start;
}

/* Everybody new, against 64 MiB. */
static void bench_flood(void) {
	struct counter_config config = {
		.window_ms = WINDOW_MS, .count = TIMES, .len = 64, .child_len = 128, .memory = 1UL << 26
	};
	struct run r = { .networks = UINT64_C(1) << 32, .first = 0 };
	double rate;

	if (counter_new(&config, &r.counter) < 0)
		abort();
	rate = count_events(&r, 0, 20 << 20);
	(void)printf("counter, 2^32 networks against 64 MiB: %.2f M events/s, longest of %d: %.2f ms, %lu takeovers\n",
		     rate / 1e6, BATCH, r.worst_batch_s * 1e3, (unsigned long)counter_stats(r.counter).takeovers);
	counter_free(r.counter);
}

int main(int argc, char **argv) {
	uint64_t networks = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
	double ours, plain;

	networks = networks / BATCH * BATCH;
	ours = bench_ours(networks);
	plain = bench_plain(networks);
	(void)printf("counter: %.1f times the plain table\n", ours / plain);
	bench_flood();
	return 0;
}
