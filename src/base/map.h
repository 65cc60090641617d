/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes → pointer. Hashing is SipHash-2-4 with a random key per process, so that somebody who chooses the keys cannot
 * choose the collisions; for the same reason nothing may depend on the order of a walk, and there is none.
 *
 * Keys are not copied: they must live as long as the map. Entries live in the arena given at init; map_done() frees the
 * table itself.
 */
#pragma once

#include "base/arena.h"

struct map_entry;

struct map {
	struct arena *arena;
	struct map_entry *head;
};

void map_init(struct map *m, struct arena *a);
void map_done(struct map *m);

/* The value stored under the key, or NULL. */
void *map_get(const struct map *m, const void *key, size_t len);

/* Stores value (not NULL) unless the key is taken. Returns the value that is in the map afterwards. */
void *map_add(struct map *m, const void *key, size_t len, void *value);

size_t map_count(const struct map *m);

/* The keyed hash itself, for tables of another shape. The same within one process only. */
uint32_t map_hash(const void *key, size_t len);
