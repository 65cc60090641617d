/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address → two letters, for reading only: a multibit trie that is one block of private memory.
 *
 * Built from runs in address order; client_trie_find4() and _find6() (client_find.h) then answer with the two letters
 * as a number (client_code()), 0 for none, or CLIENT_AS_V4 + n: the address is IPv4 in disguise, whose 32 bits begin at
 * bit n. No call aborts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_AS_V4 0x8000U

/* An address, left-aligned: IPv4 is the upper half of hi. */
struct client_key {
	uint64_t hi, lo;
};

/* Two ASCII letters, the first in the lower byte. */
static inline uint16_t client_code(const char letters[static 2]) {
	return (uint16_t)((uint8_t)letters[0] | (uint8_t)letters[1] << 8);
}

struct client_trie {
	uint32_t *root4, *root6; /* a cell for each value of the first 16 bits */
	const uint8_t *pool;     /* nodes */
	size_t memory;           /* bytes of the block, whose start is root4 */
};

struct client_builder;

/* NULL when out of memory. */
struct client_builder *client_builder_new(void);
void client_builder_free(struct client_builder *b);

/* All addresses up to and with `last` that had no call yet have this code; `last` has ones in the bits that the family
 * does not have. 0, -ENOMEM, or -EFBIG above 2^25 runs of a family. */
int client_builder_add(struct client_builder *b, bool is_v4, struct client_key last, uint16_t code);

/* What was not added has no code. 0, -ENOMEM, or -EFBIG above 2 GiB. */
int client_builder_finish(struct client_builder *b, struct client_trie *ret_trie);
void client_trie_done(struct client_trie *t);

/* The answers to n addresses, n at most CLIENT_BATCH: while one waits for memory, others go on. */
enum { CLIENT_BATCH = 32 };
void client_trie_batch4(const struct client_trie *t, const uint32_t *addresses, size_t n, uint16_t *ret_codes);
void client_trie_batch6(const struct client_trie *t, const struct client_key *addresses, size_t n, uint16_t *ret_codes);
