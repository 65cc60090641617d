/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lifetime, one arena: everything a compile or a batch allocates is freed in one go.
 *
 * Memory comes zeroed and aligned for any type. Allocation never returns NULL: when the system has no memory left the
 * program says so on stderr and aborts, because nothing that a compiler could do next would be right. Freed and unused
 * bytes are poisoned under ASan. An arena belongs to one thread.
 *
 *     struct arena a = {0};
 *     char *name = arena_dup(&a, "fe01", 4);
 *     arena_done(&a);
 */
#pragma once

#include <stdarg.h>

#include "base/macro.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
	struct arena_chunk *spare; /* the largest one released, for the next need, or NULL */
	size_t used;               /* bytes taken from the newest chunk */
	size_t total;              /* bytes obtained from the system, for reports */
};

/* A point in the arena's life to go back to. */
struct arena_mark {
	struct arena_chunk *chunk;
	size_t used;
};

/* Returns `size` zeroed bytes aligned for any type; size 0 gives a valid unique-enough pointer. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull, malloc));

/* The same for `n` items of `size` bytes. */
void *arena_alloc_array(struct arena *a, size_t size, size_t n) __attribute__((returns_nonnull, malloc));

/* Returns a zero-terminated copy of `len` bytes (which may hold zeros themselves). */
char *arena_dup(struct arena *a, const void *bytes, size_t len) __attribute__((returns_nonnull));

/* sprintf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3) __attribute__((returns_nonnull));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) _printf_(2, 0)
	__attribute__((returns_nonnull, nonnull));

/* Frees everything allocated since the mark was taken. */
struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark mark);

/* Frees all; the arena is empty and usable again. */
void arena_done(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc_array((a), sizeof(type), (n)))
