/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The buffer is filled, sorted in place by radix (extsort_radix.c) and written as one run; runs of a level stand behind
 * each other in one file. A merge reads a block of each run and keeps the runs in a heap by the first eight bytes of
 * their next record, which decide almost always. When there are more runs than blocks in the buffer, groups of them
 * are merged into the longer runs of another file first, as often as it takes; each time the older file is closed.
 * What was read is cut out of its file at once, so that little more than one copy of everything is on disk.
 */
#include "geo/extsort.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/vec.h"
#include "geo/extsort_radix.h"

enum { BLOCK = 128 * 1024, FEWEST = 16 /* records in the buffer, whatever was asked for */ };

struct run {
	uint64_t at, end; /* in the level's file: what is still to be read */
	uint8_t *block, *next, *stop;
};

struct head {
	uint64_t key; /* first bytes of the record as a number */
	uint32_t run;
};

struct extsort {
	char *folder;
	size_t len;                   /* of a record */
	uint8_t *buffer;              /* records while adding, blocks while merging */
	size_t size;                  /* of the buffer, in bytes */
	size_t cap, n, next;          /* records: room, used, already handed out */
	int fd;                       /* the level's file, or -1 */
	uint64_t file_len, file_held; /* bytes written to it; those whose room was not given back yet */
	VEC(struct run) runs;
	VEC(struct head) heap;
	uint64_t disk_now, disk;
	unsigned levels;
	bool merging, taken; /* taken: the record at the heap's top was handed out */
};

int temp_file_open(const char *folder) {
	char name[PATH_MAX];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd < 0 ? -errno : fd;
	if ((size_t)snprintf(name, sizeof(name), "%s/.hextet-XXXXXX", folder) >= sizeof(name))
		return -ENAMETOOLONG;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)unlink(name);
	return fd;
}

/* Pages that are never touched cost nothing: a sorter that gets few records may have a large buffer. */
static int map_buffer(struct extsort *s) {
	void *p = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	s->buffer = p;
	return 0;
}

int extsort_new(const char *folder, size_t record_len, size_t memory, struct extsort **ret_s) {
	struct extsort *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	s->len = record_len;
	s->size = MAX(memory, FEWEST * record_len);
	s->cap = s->size / record_len;
	s->folder = strdup(folder);
	r = s->folder ? map_buffer(s) : -ENOMEM;
	if (r < 0) {
		extsort_free(s);
		return r;
	}
	*ret_s = s;
	return 0;
}

void extsort_release(struct extsort *s) {
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	if (s->buffer)
		(void)munmap(s->buffer, s->size);
	s->buffer = NULL;
	vec_done(&s->runs);
	vec_done(&s->heap);
}

void extsort_free(struct extsort *s) {
	if (!s)
		return;
	extsort_release(s);
	free(s->folder);
	free(s);
}

/* Appends to a level's file. */
static int append(struct extsort *s, int fd, const void *bytes, size_t len) {
	int r = file_write_fd(fd, bytes, len);

	if (r < 0)
		return r;
	s->disk_now += len;
	s->disk = MAX(s->disk, s->disk_now);
	return 0;
}

/* Writes the buffer as a run. */
static int spill(struct extsort *s) {
	size_t bytes = s->n * s->len;
	int r;

	if (s->fd < 0) {
		s->fd = temp_file_open(s->folder);
		if (s->fd < 0)
			return s->fd;
		s->levels = 1;
	}
	radix_sort(s->buffer, s->n, s->len);
	r = append(s, s->fd, s->buffer, bytes);
	if (r < 0)
		return r;
	vec_push(&s->runs, (struct run){ .at = s->file_len, .end = s->file_len + bytes });
	s->file_len += bytes;
	s->file_held += bytes;
	s->n = 0;
	return 0;
}

int extsort_add(struct extsort *s, const void *record) {
	if (s->n == s->cap) {
		int r = spill(s);

		if (r < 0)
			return r;
	}
	memcpy(s->buffer + s->n++ * s->len, record, s->len);
	return 0;
}

static uint64_t key_of(const struct extsort *s, const uint8_t *record) {
	uint64_t key = 0;

	memcpy(&key, record, MIN(s->len, sizeof(key)));
	return be64toh(key);
}

/* Reads the run's next block: 1, 0 at its end, or -errno. Its room on disk is given back, where the file system can,
 * and what was not yet written there need not be. */
static int refill(struct extsort *s, struct run *run, size_t block) {
	size_t want = (size_t)MIN((uint64_t)block, run->end - run->at), have = 0;

	while (have < want) {
		ssize_t n = pread(s->fd, run->block + have, want - have, (off_t)(run->at + have));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		have += (size_t)n;
	}
	if (want && fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)run->at, (off_t)want) == 0) {
		s->disk_now -= want;
		s->file_held -= want;
	}
	run->at += want;
	run->next = run->block;
	run->stop = run->block + want;
	return want > 0;
}

static bool before(const struct extsort *s, const struct head *a, const struct head *b) {
	if (a->key != b->key)
		return a->key < b->key;
	return memcmp(s->runs.v[a->run].next, s->runs.v[b->run].next, s->len) < 0;
}

static void sift_down(struct extsort *s, size_t at) {
	struct head *heap = s->heap.v, moving = heap[at];
	size_t n = s->heap.n;

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && before(s, &heap[child + 1], &heap[child]))
			child++;
		if (!before(s, &heap[child], &moving))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

/* How many runs one merge takes, and the bytes of a block: the buffer has one for each and one for the output. */
static size_t fan_in(const struct extsort *s) {
	return MAX(s->size / BLOCK, (size_t)3) - 1;
}

static size_t block_size(const struct extsort *s, size_t runs) {
	return s->size / (runs + 1) / s->len * s->len;
}

/* Begins to merge the runs first … first + n - 1. */
static int merge_begin(struct extsort *s, size_t first, size_t n) {
	size_t block = block_size(s, n);

	s->heap.n = 0;
	for (size_t i = 0; i < n; i++) {
		struct run *run = &s->runs.v[first + i];
		int r;

		run->block = s->buffer + i * block;
		r = refill(s, run, block);
		if (r < 0)
			return r;
		vec_push(&s->heap, (struct head){ key_of(s, run->next), (uint32_t)(first + i) });
	}
	for (size_t i = n / 2; i-- > 0;)
		sift_down(s, i);
	return 0;
}

/* Takes the record at the top, which was used, off its run. */
static int merge_advance(struct extsort *s, size_t block) {
	struct head *top = &s->heap.v[0];
	struct run *run = &s->runs.v[top->run];

	run->next += s->len;
	if (run->next == run->stop) {
		int r = refill(s, run, block);

		if (r < 0)
			return r;
		if (r == 0)
			*top = s->heap.v[--s->heap.n];
		else
			top->key = key_of(s, run->next);
	} else {
		top->key = key_of(s, run->next);
	}
	if (s->heap.n)
		sift_down(s, 0);
	return 0;
}

/* Merges n runs into one at the end of `fd`. */
static int merge_group(struct extsort *s, size_t first, size_t n, int fd) {
	size_t block = block_size(s, n), used = 0;
	uint8_t *out = s->buffer + n * block;
	int r = merge_begin(s, first, n);

	while (r == 0 && s->heap.n) {
		memcpy(out + used, s->runs.v[s->heap.v[0].run].next, s->len);
		used += s->len;
		if (used + s->len > block) {
			r = append(s, fd, out, used);
			used = 0;
		}
		if (r == 0)
			r = merge_advance(s, block);
	}
	return r < 0 ? r : append(s, fd, out, used);
}

/* Makes fewer, longer runs of the level's. */
static int merge_level(struct extsort *s) {
	size_t total = s->runs.n, most = fan_in(s), made = 0;
	uint64_t at = 0, end;
	int r = 0, fd = temp_file_open(s->folder);

	if (fd < 0)
		return fd;
	for (size_t first = 0; first < total && r == 0; first += most) {
		size_t n = MIN(most, total - first);

		end = s->runs.v[first + n - 1].end;
		r = merge_group(s, first, n, fd);
		s->runs.v[made++] = (struct run){ .at = at, .end = end };
		at = end;
	}
	(void)close(s->fd);
	s->fd = fd;
	s->disk_now -= s->file_held;
	s->file_held = s->file_len;
	s->runs.n = made;
	s->levels++;
	return r;
}

int extsort_finish(struct extsort *s) {
	int r;

	if (!s->runs.n) {
		radix_sort(s->buffer, s->n, s->len);
		return 0;
	}
	r = s->n ? spill(s) : 0;
	s->merging = true;
	while (r == 0 && s->runs.n > fan_in(s))
		r = merge_level(s);
	return r < 0 ? r : merge_begin(s, 0, s->runs.n);
}

int extsort_next(struct extsort *s, const uint8_t **ret_record) {
	if (!s->merging) {
		if (s->next == s->n)
			return 0;
		*ret_record = s->buffer + s->next++ * s->len;
		return 1;
	}
	if (s->taken) {
		int r = merge_advance(s, block_size(s, s->runs.n));

		if (r < 0)
			return r;
	}
	s->taken = s->heap.n > 0;
	if (!s->taken)
		return 0;
	*ret_record = s->runs.v[s->heap.v[0].run].next;
	return 1;
}

uint64_t extsort_disk(const struct extsort *s) {
	return s->disk;
}

unsigned extsort_levels(const struct extsort *s) {
	return s->levels;
}
