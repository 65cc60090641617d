/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared libraries that only some commands need (libpq, libcurl, libmicrohttpd) are loaded when they are used: linked,
 * they would cost every `hextet check` 6 ms and 7 MB, and every host their packages.
 *
 *     static struct { __typeof__(&PQconnectdb) connectdb; … } pq;
 *     static const struct library_symbol symbols[] = { LIBRARY_SYMBOL(&pq.connectdb, "PQconnectdb"), … {0} };
 *     static const struct library libpq = { "libpq.so.5", "libpq5", symbols };
 *     int r = library_load(&libpq, &why);
 */
#pragma once

#include "base/macro.h"

struct library_symbol {
	void **place; /* gets the function's address */
	const char *name;
};
#define LIBRARY_SYMBOL(place, name)                                                                                    \
	{ (void **)(place), (name) }

struct library {
	const char *file;                     /* "libpq.so.5" */
	const char *package;                  /* Debian's, for the message */
	const struct library_symbol *symbols; /* ends with a NULL name */
};

/*
 * Loads the library, once; later calls are cheap and safe from any thread. It is never unloaded. 0; -ENOENT when it is
 * not installed, -ENOSYS when it lacks a symbol, and *ret_why a sentence that names the package to install (static
 * storage of this library's own; never freed). No symbol is set on failure.
 */
int library_load(const struct library *l, const char **ret_why);
