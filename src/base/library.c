/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dlopen, once a library: a list of those that are loaded, under one lock. Symbols are looked up into an array first
 * and copied when all are there, so that a library that lacks one leaves no half-filled table behind. The sentences
 * are kept in the list too: they live as long as the program, one for each library however often it is asked for.
 */
#include "base/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { LIBRARY_MAX = 16, SYMBOL_MAX = 64, WHY_MAX = 256 };

static struct entry {
	const struct library *library;
	int result; /* 0 or -errno; failures are tried again */
	char why[WHY_MAX];
} entries[LIBRARY_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static __attribute__((nonnull)) int load(const struct library *l, char why[static WHY_MAX]) {
	void *address[SYMBOL_MAX];
	void *handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
	size_t n = 0;

	if (!handle) {
		(void)snprintf(why, WHY_MAX, "cannot load %s (%s); install the package %s", l->file, dlerror(),
			       l->package);
		return -ENOENT;
	}
	for (; l->symbols[n].name; n++) {
		if (n < SYMBOL_MAX && (address[n] = dlsym(handle, l->symbols[n].name)))
			continue;
		(void)snprintf(why, WHY_MAX, "%s has no function %s; install a newer version of the package %s",
			       l->file, l->symbols[n].name, l->package);
		(void)dlclose(handle);
		return -ENOSYS;
	}
	for (size_t i = 0; i < n; i++)
		memcpy(l->symbols[i].place, &address[i], sizeof(address[i]));
	return 0;
}

static struct entry *entry_of(const struct library *l) {
	for (size_t i = 0; i < LIBRARY_MAX; i++)
		if (!entries[i].library || entries[i].library == l)
			return &entries[i];
	return NULL;
}

int library_load(const struct library *l, const char **ret_why) {
	struct entry *e;
	int r;

	(void)pthread_mutex_lock(&lock);
	e = entry_of(l);
	if (!e) {
		*ret_why = "too many libraries are loaded (LIBRARY_MAX in library.c)";
		r = -ENFILE;
	} else {
		if (!e->library || e->result < 0)
			e->result = load(l, e->why);
		e->library = l;
		r = e->result;
		if (r < 0)
			*ret_why = e->why;
	}
	(void)pthread_mutex_unlock(&lock);
	return r;
}
