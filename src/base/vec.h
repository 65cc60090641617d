/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing array of any type: `VEC(int) v = {0}; vec_push(&v, 3); v.v[0]; v.n; vec_done(&v);`
 *
 * The elements live on the heap and move when the array grows: keep indexes, not pointers, while it grows. Out of
 * memory aborts, as in the arena. vec_freeze() copies the finished array into an arena.
 */
#pragma once

#include <string.h>

#include "base/arena.h"

#define VEC(type)                                                                                                      \
	struct {                                                                                                       \
		type *v;                                                                                               \
		size_t n;                                                                                              \
		size_t cap;                                                                                            \
	}

/* Appends one element. */
#define vec_push(vec, ...)                                                                                             \
	do {                                                                                                           \
		if ((vec)->n == (vec)->cap)                                                                            \
			(vec)->v = vec_grow((vec)->v, &(vec)->cap, sizeof(*(vec)->v));                                 \
		if (!(vec)->v)                                                                                         \
			__builtin_unreachable(); /* room for an element is an array */                                 \
		(vec)->v[(vec)->n++] = (__VA_ARGS__);                                                                  \
	} while (0)

/* Frees the elements; the vector is empty and usable again. */
#define vec_done(vec)                                                                                                  \
	do {                                                                                                           \
		free((vec)->v);                                                                                        \
		(vec)->v = NULL;                                                                                       \
		(vec)->n = (vec)->cap = 0;                                                                             \
	} while (0)

/* Returns a copy of the elements in the arena (never NULL) and frees the vector; `n` must be read before. */
#define vec_freeze(vec, arena)                                                                                         \
	({                                                                                                             \
		__typeof__((vec)->v) _f =                                                                              \
			(__typeof__((vec)->v))(void *)arena_dup((arena), (vec)->v, (vec)->n * sizeof(*(vec)->v));      \
		vec_done(vec);                                                                                         \
		_f;                                                                                                    \
	})

static inline void *vec_grow(void *v, size_t *cap, size_t item_size) {
	size_t more = *cap ? *cap * 2 : 8;
	void *p = reallocarray(v, more, item_size);

	if (!p) {
		(void)fprintf(stderr, "hextet: out of memory (%zu items of %zu bytes were needed)\n", more, item_size);
		abort();
	}
	*cap = more;
	return p;
}
