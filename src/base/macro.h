/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Language helpers that every room uses. Cleanup attributes follow the fixed vocabulary of ARCHITECTURE.md:
 * new/free own heap, init/done own content, open/close own a descriptor.
 *
 *     _cleanup_(filep_close) FILE *f = fopen(path, "r");
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* Both evaluate their arguments twice. */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Hands a pointer over: yields its value and leaves NULL behind, so that the cleanup does nothing. */
#define TAKE_PTR(p)                                                                                                    \
	({                                                                                                             \
		__typeof__(p) _p = (p);                                                                                \
		(p) = NULL;                                                                                            \
		_p;                                                                                                    \
	})

static inline void freep(void *p) {
	free(*(void **)p);
}

static inline void filep_close(FILE **f) {
	if (*f)
		(void)fclose(*f);
}

static inline void fdp_close(const int *fd) {
	if (*fd >= 0)
		(void)close(*fd);
}
