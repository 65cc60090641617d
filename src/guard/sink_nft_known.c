/* SPDX-License-Identifier: Apache-2.0 */
/* A table with linear probing and backward-shift deletion, hashed with the process's secret: who is banned chooses the
 * keys. */
#include "guard/sink_nft_known.h"

#include "base/map.h"

struct nft_known_slot {
	struct ip key;
	int64_t until_ms;
	uint32_t set; /* + 1; 0: empty */
};

static size_t home_of(const struct nft_known *k, uint32_t set, struct ip key) {
	uint64_t bytes[3] = { key.hi, key.lo, set };

	return map_hash(bytes, sizeof(bytes)) & (k->slots - 1);
}

/* Where the element is, or the empty slot where it belongs. */
static size_t find(const struct nft_known *k, uint32_t set, struct ip key) {
	size_t i = home_of(k, set, key);

	while (k->slot[i].set && !(k->slot[i].set == set && ip_equal(k->slot[i].key, key)))
		i = (i + 1) & (k->slots - 1);
	return i;
}

static void grow(struct nft_known *k) {
	struct nft_known more = *k;

	more.slots = k->slots ? 2 * k->slots : 64;
	more.slot = calloc(more.slots, sizeof(*more.slot));
	if (!more.slot) {
		(void)fprintf(stderr, "hextet: out of memory (a table of %zu elements was needed)\n", more.slots);
		abort();
	}
	for (size_t i = 0; i < k->slots; i++)
		if (k->slot[i].set)
			more.slot[find(&more, k->slot[i].set, k->slot[i].key)] = k->slot[i];
	free(k->slot);
	*k = more;
}

void nft_known_put(struct nft_known *k, size_t set, struct ip key, int64_t until_ms) {
	struct nft_known_slot *s;

	if (4 * (k->used + 1) > 3 * k->slots)
		grow(k);
	s = &k->slot[find(k, (uint32_t)set + 1, key)];
	k->used += !s->set;
	*s = (struct nft_known_slot){ key, until_ms, (uint32_t)set + 1 };
}

/* Empties a slot: what was displaced over it moves back. */
static void release(struct nft_known *k, size_t hole) {
	size_t mask = k->slots - 1;

	k->used--;
	k->slot[hole].set = 0;
	for (size_t i = (hole + 1) & mask; k->slot[i].set; i = (i + 1) & mask) {
		size_t home = home_of(k, k->slot[i].set, k->slot[i].key);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		k->slot[hole] = k->slot[i];
		k->slot[i].set = 0;
		hole = i;
	}
}

void nft_known_remove(struct nft_known *k, size_t set, struct ip key) {
	size_t i;

	if (k->slots && k->slot[i = find(k, (uint32_t)set + 1, key)].set)
		release(k, i);
}

bool nft_known_has(const struct nft_known *k, size_t set, struct ip key, int64_t now_ms) {
	const struct nft_known_slot *s;

	if (!k->slots)
		return false;
	s = &k->slot[find(k, (uint32_t)set + 1, key)];
	return s->set && s->until_ms > now_ms;
}

void nft_known_each(struct nft_known *k, int64_t now_ms,
		    void (*fn)(size_t set, struct ip key, int64_t until_ms, void *user), void *user) {
	/* What moves into a slot that was emptied is looked at again; what moves over the end was seen, or is then. */
	for (size_t i = 0; i < k->slots;)
		if (k->slot[i].set && k->slot[i].until_ms <= now_ms)
			release(k, i);
		else
			i++;
	for (size_t i = 0; i < k->slots; i++)
		if (k->slot[i].set)
			fn(k->slot[i].set - 1, k->slot[i].key, k->slot[i].until_ms, user);
}

void nft_known_clear(struct nft_known *k) {
	free(k->slot);
	*k = (struct nft_known){ 0 };
}
