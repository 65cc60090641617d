/* SPDX-License-Identifier: Apache-2.0 */
/* uthash, with a keyed hash in place of its unseeded one and abort() in place of its exit(). Named only here. */
#include "base/map.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_setup(void) {
	if (sodium_init() < 0)
		abort();
	crypto_shorthash_keygen(hash_key);
}

static unsigned hash_bytes(const void *p, size_t len) {
	uint64_t h;

	_Static_assert(crypto_shorthash_BYTES == sizeof(h), "SipHash gives 64 bits");
	(void)crypto_shorthash((unsigned char *)&h, p, len, hash_key);
	return (unsigned)(h ^ (h >> 32));
}

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_bytes((keyptr), (keylen)))
#define uthash_fatal(msg)                                                                                              \
	do {                                                                                                           \
		(void)fprintf(stderr, "hextet: %s\n", msg);                                                            \
		abort();                                                                                               \
	} while (0)
#include <uthash.h>

struct map_entry {
	const void *key;
	void *value;
	UT_hash_handle hh;
};

void map_init(struct map *m, struct arena *a) {
	(void)pthread_once(&hash_once, hash_setup);
	*m = (struct map){ .arena = a };
}

void map_done(struct map *m) {
	HASH_CLEAR(hh, m->head);
}

void *map_get(const struct map *m, const void *key, size_t len) {
	struct map_entry *e = NULL;

	HASH_FIND(hh, m->head, key, (unsigned)len, e);
	return e ? e->value : NULL;
}

void *map_add(struct map *m, const void *key, size_t len, void *value) {
	struct map_entry *e = NULL;
	unsigned h = hash_bytes(key, len);

	HASH_FIND_BYHASHVALUE(hh, m->head, key, (unsigned)len, h, e);
	if (e)
		return e->value;
	e = arena_new(m->arena, struct map_entry);
	e->key = key;
	e->value = value;
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, m->head, e->key, (unsigned)len, h, e);
	return value;
}

size_t map_count(const struct map *m) {
	return HASH_COUNT(m->head);
}

uint32_t map_hash(const void *key, size_t len) {
	(void)pthread_once(&hash_once, hash_setup);
	return hash_bytes(key, len);
}
