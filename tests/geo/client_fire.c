/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_fire ROUNDS SEED: reload under fire. Threads look addresses up without a pause, signals interrupt them with
 * lookups of their own, and meanwhile the file that a watch and calls of hextet_geo_reload() follow is replaced by
 * smaller and larger ones, overwritten in place with pauses, truncated, damaged, deleted and made again.
 *
 * The k-th good file answers "xy" for block y of either family, where x tells k; a bad one would say "Zy". So each
 * answer shows which file it comes from, and a batch over all blocks whether it comes from one: it must be a file that
 * was complete before the answer, and never one older than what the thread has seen already.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hextet-geo.h"
#include "random_mmdb.h"

enum { BLOCKS = 16, LETTERS = 20, READERS = 3, PAD_MAX = 150 };

static char folder[] = "/tmp/hextet-geo-fire-XXXXXX", path[64], temporary[64];
static struct hextet_geo *geo;
static _Atomic uint64_t complete; /* the number of the newest file that was complete */
static _Atomic bool over;
static _Atomic uint64_t lookups;

/* The file whose first letter is given. `pad` prefixes make it larger without changing an answer. */
static void make_file(struct bytes *f, char letter, unsigned pad, uint64_t *seed) {
	static struct random_tree t;

	t.bits = 128;
	t.count = 1;
	t.record[0][0] = t.record[0][1] = RANDOM_EMPTY;
	for (uint32_t y = 0; y < BLOCKS; y++)
		*random_place(&t, (wide)y << 124, 4) = RANDOM_VALUE | y;
	for (uint32_t y = 0; y < BLOCKS; y++)
		*random_place(&t, (wide)y << 28, 100) = RANDOM_VALUE | y;
	while (pad--)
		(void)random_place(&t, (wide)random_next(seed) << 64 | random_next(seed), 12 + pad % 60);
	random_put_tree(&t, 24, f);
	for (unsigned y = 0; y < BLOCKS; y++)
		random_put_value(f, "country", (char[]){ letter, (char)('A' + y), 0 });
	put_meta(f, t.count, 24, 6);
}

static void wrong(const char *what, const char *code) {
	errx(1, "%s: '%s'; the newest complete file has '%c'", what, code, (char)('A' + complete % LETTERS));
}

static void look_in_handler(int signal) {
	const struct in_addr address = { htonl(0x50000000) }; /* block 5 */
	char code[3];

	(void)signal;
	if (hextet_geo_country4(geo, address, code) != 1 || code[1] != 'F' || code[0] >= 'A' + LETTERS)
		wrong("in a signal handler", code);
}

/* Which file an answer is of: the first from `seen` on that has the letter. */
static uint64_t which(char letter, uint64_t seen) {
	uint64_t k = seen;

	while ((char)('A' + k % LETTERS) != letter)
		if (++k > seen + LETTERS)
			return UINT64_MAX;
	return k;
}

static void *reader(void *user) {
	uint64_t seed = (uint64_t)(uintptr_t)user, seen = 1, done = 0;
	struct in_addr v4[BLOCKS];
	struct in6_addr v6[BLOCKS];
	char codes[2][BLOCKS][3], one[3];

	while (!over) {
		uint64_t any = random_next(&seed), k;

		for (unsigned y = 0; y < BLOCKS; y++) {
			uint8_t bytes[16];

			for (unsigned i = 0; i < 16; i++)
				bytes[i] = (uint8_t)random_next(&seed);
			bytes[0] = (uint8_t)(y << 4 | (bytes[0] & 15) | (y == 0));
			memcpy(&v6[y], bytes, 16);
			bytes[0] = (uint8_t)(y << 4 | (bytes[0] & 15));
			memcpy(&v4[y], bytes, 4);
		}
		if (any & 1)
			(void)hextet_geo_countries4(geo, v4, BLOCKS, codes[0]);
		else
			(void)hextet_geo_countries6(geo, v6, BLOCKS, codes[0]);
		k = which(codes[0][0][0], seen);
		if (k > complete)
			wrong("not of a file that was complete, or of an older one again", codes[0][0]);
		seen = k;
		for (unsigned y = 0; y < BLOCKS; y++)
			if (codes[0][y][0] != codes[0][0][0] || codes[0][y][1] != (char)('A' + y))
				wrong("a mixture, or the wrong block", codes[0][y]);
		(void)hextet_geo_country6(geo, &v6[any >> 8 & 15], one);
		k = which(one[0], seen);
		if (k > complete || one[1] != (char)('A' + (any >> 8 & 15)))
			wrong("singly", one);
		seen = k;
		done += BLOCKS + 1;
	}
	lookups += done;
	return NULL;
}

static void pause_ms(unsigned ms) {
	(void)usleep(ms * 1000);
}

static void write_all(int fd, const uint8_t *bytes, size_t len) {
	if (write(fd, bytes, len) != (ssize_t)len)
		err(2, "write");
}

static int open_file(const char *name, int flags) {
	int fd = open(name, O_WRONLY | flags, 0600);

	if (fd < 0)
		err(2, "open");
	return fd;
}

static void put_beside_and_rename(const struct bytes *f, size_t len) {
	int fd = open_file(temporary, O_CREAT | O_TRUNC);

	write_all(fd, f->b, len);
	(void)close(fd);
	if (rename(temporary, path) < 0)
		err(2, "rename");
}

/* In two parts with a pause between; the file is complete with the second. Before, its tree may be right and its values
 * half old, half new: nothing in it is broken. */
static void write_in_place(const struct bytes *f, int flags, uint64_t number, uint64_t *seed) {
	unsigned near = random_below(seed, 2) ? 600 : (unsigned)f->n;
	size_t half = f->n - random_below(seed, near);
	int fd = open_file(path, flags);

	pause_ms(random_below(seed, 3));
	write_all(fd, f->b, half);
	pause_ms(random_below(seed, 50));
	if (ftruncate(fd, (off_t)f->n) < 0)
		err(2, "ftruncate");
	write_all(fd, f->b + half, f->n - half);
	complete = number;
	(void)close(fd);
}

/* Makes a good file one that no reader should accept; its length. */
static size_t spoil(struct bytes *f, uint64_t *seed) {
	switch (random_below(seed, 4)) {
	case 0: /* a part of it */
		return random_below(seed, (unsigned)f->n);
	case 1: /* a hole in the tree, as a crash may leave it: nodes that lead to the root */
		memset(f->b + (size_t)random_below(seed, 80) * 6, 0, 12);
		return f->n;
	case 2:
		memset(memmem(f->b, f->n, "MaxMind.com", 11), 0, 11);
		return f->n;
	default: /* records that point behind the data */
		memset(f->b + 7 * 6, 0xff, 6);
		return f->n;
	}
}

static void damage_in_place(uint64_t *seed) {
	struct stat s;
	int fd = open_file(path, 0);

	if (fstat(fd, &s) < 0)
		err(2, "fstat");
	if (random_below(seed, 2)) {
		if (ftruncate(fd, s.st_size ? random_below(seed, (unsigned)s.st_size) : 0) < 0)
			err(2, "ftruncate");
	} else {
		static const uint8_t zeros[24];

		if (pwrite(fd, zeros, sizeof zeros, random_below(seed, 60) * 6) < 0)
			err(2, "pwrite");
	}
	pause_ms(random_below(seed, 15));
	(void)close(fd);
}

static void round_of(uint64_t number, uint64_t *seed) {
	static struct bytes f;
	unsigned what = random_below(seed, 7);
	char letter = what == 4 ? 'Z' : (char)('A' + number % LETTERS);

	make_file(&f, letter, random_below(seed, 2) ? random_below(seed, PAD_MAX) : 0, seed);
	switch (what) {
	case 0:
	case 1:
		complete = number;
		put_beside_and_rename(&f, f.n);
		break;
	case 2:
		write_in_place(&f, O_CREAT | (random_below(seed, 2) ? O_TRUNC : 0), number, seed);
		break;
	case 3:
		(void)unlink(path);
		pause_ms(random_below(seed, 5));
		write_in_place(&f, O_CREAT | O_EXCL, number, seed);
		break;
	case 4:
		put_beside_and_rename(&f, spoil(&f, seed));
		break;
	default:
		damage_in_place(seed);
		break;
	}
}

int main(int argc, char **argv) {
	struct hextet_geo_status status;
	pthread_t threads[READERS];
	char why[HEXTET_GEO_MESSAGE];
	static struct bytes f;
	uint64_t seed, rounds;

	if (argc != 3)
		errx(2, "usage: client_fire ROUNDS SEED");
	rounds = strtoull(argv[1], NULL, 10);
	seed = strtoull(argv[2], NULL, 10);
	if (!mkdtemp(folder))
		err(2, "mkdtemp");
	(void)snprintf(path, sizeof path, "%s/geo.mmdb", folder);
	(void)snprintf(temporary, sizeof temporary, "%s/geo.mmdb.new", folder);
	make_file(&f, 'B', 0, &seed);
	complete = 1;
	put_beside_and_rename(&f, f.n);
	if (hextet_geo_open(path, HEXTET_GEO_WATCH, &geo, why) < 0)
		errx(2, "%s", why);
	(void)signal(SIGUSR1, look_in_handler);
	for (uintptr_t i = 0; i < READERS; i++)
		if (pthread_create(&threads[i], NULL, reader, (void *)(i + 1)) != 0)
			errx(2, "pthread_create");
	for (uint64_t number = 2; number < rounds + 2; number++) {
		round_of(number, &seed);
		pause_ms(random_below(&seed, 12));
		(void)pthread_kill(threads[number % READERS], SIGUSR1);
		if (random_below(&seed, 4) == 0)
			(void)hextet_geo_reload(geo, NULL);
	}
	over = true;
	for (unsigned i = 0; i < READERS; i++)
		(void)pthread_join(threads[i], NULL);
	hextet_geo_status(geo, &status);
	printf("%ju rounds: %ju files taken, %ju refused, %ju lookups, no wrong answer\n", (uintmax_t)rounds,
	       (uintmax_t)status.reloads, (uintmax_t)status.refused, (uintmax_t)lookups);
	hextet_geo_close(geo);
	(void)unlink(path);
	(void)rmdir(folder);
	return 0;
}
