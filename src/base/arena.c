/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of chunks, each twice the size of the one before up to a limit; allocation moves an offset. Large requests get
 * a chunk of their own size. Chunks come from calloc, so a fresh one costs no memset; a released one is cleared when
 * its bytes are handed out again (`dirty`).
 */
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { CHUNK_MIN = 16 * 1024, CHUNK_MAX = 4 * 1024 * 1024, ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size;  /* bytes in data */
	size_t dirty; /* bytes from the start that have been handed out before */
	_Alignas(16) unsigned char data[];
};

static void out_of_memory(size_t size) {
	(void)fprintf(stderr, "hextet: out of memory (%zu bytes more were needed)\n", size);
	abort();
}

static void chunk_push(struct arena *a, size_t need) {
	size_t size = a->chunk ? MIN(a->chunk->size * 2, (size_t)CHUNK_MAX) : (size_t)CHUNK_MIN;
	struct arena_chunk *c;

	size = MAX(size, need);
	if (a->spare && a->spare->size >= need) {
		c = TAKE_PTR(a->spare);
	} else {
		c = calloc(1, sizeof(*c) + size);
		if (!c)
			out_of_memory(size);
		c->size = size;
		a->total += size;
	}
	c->next = a->chunk;
	a->chunk = c;
	a->used = 0;
	ASAN_POISON_MEMORY_REGION(c->data, c->size);
}

static void chunk_free(struct arena *a, struct arena_chunk *c) {
	a->total -= c->size;
	ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
	free(c);
}

static size_t round_up(size_t size) {
	return MAX((size + ALIGN - 1) & ~(size_t)(ALIGN - 1), (size_t)ALIGN);
}

void *arena_alloc(struct arena *a, size_t size) {
	size_t rounded;
	void *p;

	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	rounded = round_up(size);
	if (!a->chunk || a->chunk->size - a->used < rounded)
		chunk_push(a, rounded);
	p = a->chunk->data + a->used;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	if (a->used < a->chunk->dirty)
		memset(p, 0, size);
	a->used += rounded;
	a->chunk->dirty = MAX(a->chunk->dirty, a->used);
	return p;
}

void *arena_alloc_array(struct arena *a, size_t size, size_t n) {
	size_t bytes;

	return arena_alloc(a, __builtin_mul_overflow(size, n, &bytes) ? SIZE_MAX : bytes);
}

char *arena_dup(struct arena *a, const void *bytes, size_t len) {
	char *p = arena_alloc(a, len + 1);

	if (len)
		memcpy(p, bytes, len);
	return p;
}

/* Most texts fit into what is left of the chunk: they are formatted once, in place. */
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) {
	size_t left = a->chunk ? a->chunk->size - a->used : 0;
	char *p = left ? (char *)a->chunk->data + a->used : NULL;
	va_list again;
	int n;

	va_copy(again, ap);
	if (left)
		ASAN_UNPOISON_MEMORY_REGION(p, left);
	n = vsnprintf(p, left, fmt, ap);
	n = MAX(n, 0);
	if (left) {
		a->chunk->dirty = MAX(a->chunk->dirty, a->used + MIN((size_t)n + 1, left));
		ASAN_POISON_MEMORY_REGION(p, left);
	}
	if ((size_t)n < left) {
		a->used += MIN(round_up((size_t)n + 1), left);
		ASAN_UNPOISON_MEMORY_REGION(p, (size_t)n + 1);
	} else {
		p = arena_alloc(a, (size_t)n + 1);
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

struct arena_mark arena_mark(const struct arena *a) {
	return (struct arena_mark){ .chunk = a->chunk, .used = a->used };
}

void arena_release(struct arena *a, struct arena_mark mark) {
	while (a->chunk != mark.chunk) {
		struct arena_chunk *c = a->chunk;

		a->chunk = c->next;
		/* The largest one is kept: what is released in a loop is soon needed again. */
		if (a->spare && a->spare->size >= c->size) {
			chunk_free(a, c);
			continue;
		}
		if (a->spare)
			chunk_free(a, a->spare);
		a->spare = c;
		ASAN_POISON_MEMORY_REGION(c->data, c->size);
	}
	a->used = mark.used;
	if (a->chunk)
		ASAN_POISON_MEMORY_REGION(a->chunk->data + a->used, a->chunk->size - a->used);
}

void arena_done(struct arena *a) {
	arena_release(a, (struct arena_mark){ 0 });
	if (a->spare)
		chunk_free(a, a->spare);
	a->spare = NULL;
}
