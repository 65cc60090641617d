/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The batch goes one step with each address in turn and asks for the memory of the next step ahead, so that as many
 * cache misses are under way at once as the processor can take, and no branch depends on what an address finds: what
 * looks roundabout here (a mask for a condition) keeps compilers from making one, which costs half of the gain.
 */
#include <stdlib.h>

#include "geo/client_find.h"

/* Asks for what the next step from this cell reads: a cell of a table, or the beginning of a leaf. */
static inline void prefetch(const struct client_trie *t, uint32_t cell, uint64_t rest) {
	uint64_t index = (rest >> (63 - inner_bits(cell)) >> 1) & -(uint64_t)is_inner(cell);

	__builtin_prefetch(t->pool + (size_t)(cell & CELL_OFFSET) * CELL_ALIGN + index * sizeof cell);
}

/* `open` lists who has steps to take; it is compacted without a branch, since no branch could be foretold. */
void client_trie_batch4(const struct client_trie *t, const uint32_t *addresses, size_t n, uint16_t *ret_codes) {
	uint32_t cell[CLIENT_BATCH], rest[CLIENT_BATCH];
	uint8_t lists[2][CLIENT_BATCH + 1], *open = lists[0], *next = lists[1], *swap;
	size_t waiting = 0, still;

	for (size_t i = 0; i < n; i++) {
		cell[i] = t->root4[addresses[i] >> 16];
		rest[i] = addresses[i] << 16;
		prefetch(t, cell[i], (uint64_t)rest[i] << 32);
		open[waiting] = (uint8_t)i;
		waiting += is_inner(cell[i]);
	}
	for (; waiting > 0; waiting = still) {
		still = 0;
		for (size_t w = 0; w < waiting; w++) {
			size_t i = open[w];

			cell[i] = step4(t, cell[i], &rest[i]);
			prefetch(t, cell[i], (uint64_t)rest[i] << 32);
			next[still] = (uint8_t)i;
			still += is_inner(cell[i]);
		}
		swap = open;
		open = next;
		next = swap;
	}
	for (size_t i = 0; i < n; i++)
		ret_codes[i] = leaf4(t, cell[i], rest[i]);
}

void client_trie_batch6(const struct client_trie *t, const struct client_key *addresses, size_t n,
			uint16_t *ret_codes) {
	uint32_t cell[CLIENT_BATCH];
	uint64_t hi[CLIENT_BATCH], lo[CLIENT_BATCH];
	uint8_t lists[2][CLIENT_BATCH + 1], *open = lists[0], *next = lists[1], *swap;
	size_t waiting = 0, still;

	for (size_t i = 0; i < n; i++) {
		struct client_key rest = key_shift(addresses[i], 16);

		cell[i] = t->root6[addresses[i].hi >> 48];
		hi[i] = rest.hi;
		lo[i] = rest.lo;
		prefetch(t, cell[i], rest.hi);
		open[waiting] = (uint8_t)i;
		waiting += is_inner(cell[i]);
	}
	for (; waiting > 0; waiting = still) {
		still = 0;
		for (size_t w = 0; w < waiting; w++) {
			size_t i = open[w];
			struct client_key rest = { hi[i], lo[i] };

			cell[i] = step6(t, cell[i], &rest);
			hi[i] = rest.hi;
			lo[i] = rest.lo;
			prefetch(t, cell[i], rest.hi);
			next[still] = (uint8_t)i;
			still += is_inner(cell[i]);
		}
		swap = open;
		open = next;
		next = swap;
	}
	for (size_t i = 0; i < n; i++)
		ret_codes[i] = leaf6(t, cell[i], (struct client_key){ hi[i], lo[i] });
}

void client_trie_done(struct client_trie *t) {
	free(t->root4);
	*t = (struct client_trie){ 0 };
}
