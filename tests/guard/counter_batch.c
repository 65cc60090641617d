/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives counters by lines, for the comparison with plain lists in test_counter.py. Standard input:
 *
 *     n WINDOW COUNT CHILDREN RATIO LEN CHILD_LEN MEMORY    another counter
 *     a HI LO TIME    counter_add; HI and LO are the address, hexadecimal
 *     t HI LO TIME    counter_total
 *     l HI LO         counter_look
 *     f HI LO         counter_forget
 *     b TIME          counter_step_back
 *     r               saved, and loaded into a new counter that takes its place
 *     s               counter_stats
 *
 * Standard output, for a and l: "COUNT ERROR CHILDREN RATIO FIRST NEWEST LATE OVER"; for s: "SLOTS USED TAKEOVERS LATE
 * MEMORY".
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "guard/counter.h"

static _Noreturn void fail(const char *what) {
	(void)fprintf(stderr, "counter_batch: %s\n", what);
	exit(1);
}

static struct counter *make(const struct counter_config *config) {
	struct counter *c;

	if (counter_new(config, &c) < 0)
		fail("counter_new");
	return c;
}

static struct counter *reload(struct counter *c, const struct counter_config *config) {
	struct counter *next = make(config);
	char *bytes = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&bytes, &size);

	if (!f || counter_save(c, f) < 0 || fclose(f) != 0)
		fail("counter_save");
	f = fmemopen(bytes, size, "r");
	if (!f || counter_load(next, f) < 0 || getc(f) != EOF)
		fail("counter_load");
	(void)fclose(f);
	free(bytes);
	counter_free(c);
	return next;
}

static void show(struct counter_result r) {
	(void)printf("%" PRIu32 " %" PRIu32 " %" PRIu32 " %.17g %" PRId64 " %" PRId64 " %d %d\n", r.count, r.error,
		     r.children, r.ratio, r.first_ms, r.newest_ms, r.late, r.over);
}

static void show_stats(struct counter_stats s) {
	(void)printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu\n", s.slots, s.used, s.takeovers, s.late,
		     s.memory);
}

static void read_config(char *p, struct counter_config *ret_config) {
	ret_config->window_ms = strtoll(p, &p, 10);
	ret_config->count = (uint32_t)strtoul(p, &p, 10);
	ret_config->children = (uint32_t)strtoul(p, &p, 10);
	ret_config->ratio = strtod(p, &p);
	ret_config->len = (uint8_t)strtoul(p, &p, 10);
	ret_config->child_len = (uint8_t)strtoul(p, &p, 10);
	ret_config->memory = strtoul(p, &p, 10);
}

int main(void) {
	struct counter_config config = { 0 };
	struct counter *c = NULL;
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		struct ip ip = { 0, 0 };
		char *p = line + 1;

		if (*line == 'n') {
			counter_free(c);
			read_config(p, &config);
			c = make(&config);
			continue;
		}
		if (!c)
			fail("no counter");
		if (strchr("atlf", *line)) {
			ip.hi = strtoull(p, &p, 16);
			ip.lo = strtoull(p, &p, 16);
		}
		if (*line == 'a') {
			struct counter_key key = counter_key(c, ip);

			counter_prefetch(c, key);
			show(counter_add(c, key, ip, strtoll(p, NULL, 10)));
		} else if (*line == 't') {
			counter_total(c, counter_key(c, ip), strtoll(p, NULL, 10));
		} else if (*line == 'l') {
			show(counter_look(c, counter_key(c, ip)));
		} else if (*line == 'f') {
			counter_forget(c, counter_key(c, ip));
		} else if (*line == 'b') {
			counter_step_back(c, strtoll(p, NULL, 10));
		} else if (*line == 'r') {
			c = reload(c, &config);
		} else if (*line == 's') {
			show_stats(counter_stats(c));
		}
	}
	counter_free(c);
	return 0;
}
