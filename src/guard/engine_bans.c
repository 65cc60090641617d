/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table by network, chained, since few records share one. Whether a network is inside a ban is asked for each
 * request of an attacker who goes on: bans come in few lengths, so there is one look for each length that there is.
 */
#include <errno.h>

#include "base/map.h"
#include "guard/engine_state.h"

enum { BUCKETS_MIN = 64 };

static uint32_t *bucket_of(const struct ban_table *t, struct prefix network) {
	uint64_t key[3] = { network.ip.hi, network.ip.lo, network.len };

	return &t->bucket[map_hash(key, sizeof(key)) & (t->bucket_count - 1)];
}

void bans_done(struct ban_table *t) {
	for (size_t i = 0; i < t->records.n; i++)
		free(t->records.v[i].comment);
	vec_done(&t->records);
	free(t->bucket);
	*t = (struct ban_table){ 0 };
}

static void enter(struct ban_table *t, size_t index) {
	struct ban_record *b = &t->records.v[index];
	uint32_t *bucket = bucket_of(t, b->network);

	b->next_one = *bucket;
	*bucket = (uint32_t)index + 1;
	t->length[prefix_family(b->network) == FAMILY_4 ? 0 : 1][b->network.len / 64] |= UINT64_C(1)
											 << b->network.len % 64;
}

/* Makes room for so many records and enters those that are there anew. Without memory for it chains get longer. */
static void rebuild(struct ban_table *t, size_t records) {
	size_t count = BUCKETS_MIN;
	uint32_t *bucket;

	while (count < records)
		count *= 2;
	bucket = calloc(count, sizeof(*bucket));
	if (bucket) {
		free(t->bucket);
		t->bucket = bucket;
		t->bucket_count = count;
	} else {
		memset(t->bucket, 0, t->bucket_count * sizeof(*t->bucket));
	}
	memset(t->length, 0, sizeof(t->length));
	for (size_t i = 0; i < t->records.n; i++)
		enter(t, i);
}

int bans_init(struct ban_table *t) {
	*t = (struct ban_table){ .bucket = calloc(BUCKETS_MIN, sizeof(*t->bucket)), .bucket_count = BUCKETS_MIN };
	return t->bucket ? 0 : -ENOMEM;
}

static const struct ban_record *next_of(const struct ban_table *t, uint32_t one) {
	return one ? &t->records.v[one - 1] : NULL;
}

static const struct ban_record *first_of(const struct ban_table *t, struct prefix network) {
	return next_of(t, *bucket_of(t, network));
}

struct ban_record *bans_find(const struct ban_table *t, struct prefix network, unsigned rule) {
	for (const struct ban_record *b = first_of(t, network); b; b = next_of(t, b->next_one))
		if (b->rule == rule && prefix_equal(b->network, network))
			return &t->records.v[b - t->records.v];
	return NULL;
}

struct ban_record *bans_add(struct ban_table *t, struct prefix network, unsigned rule) {
	if (t->records.n >= t->bucket_count)
		rebuild(t, t->records.n + 1);
	vec_push(&t->records, (struct ban_record){ .network = network, .rule = (uint16_t)rule });
	enter(t, t->records.n - 1);
	return &t->records.v[t->records.n - 1];
}

static const struct ban_record *active_of(const struct ban_table *t, struct prefix network, int64_t at_ms) {
	const struct ban_record *best = NULL;

	for (const struct ban_record *b = first_of(t, network); b; b = next_of(t, b->next_one))
		if (prefix_equal(b->network, network) && ban_is_active(b, at_ms) &&
		    (!best || b->until_ms > best->until_ms))
			best = b;
	return best;
}

const struct ban_record *bans_over(const struct ban_table *t, struct prefix network, int64_t at_ms) {
	const uint64_t *length = t->length[prefix_family(network) == FAMILY_4 ? 0 : 1];
	const struct ban_record *best = NULL, *b;

	for (unsigned word = 0; word < 3; word++) {
		for (uint64_t left = length[word]; left; left &= left - 1) {
			unsigned len = word * 64 + (unsigned)__builtin_ctzll(left);

			if (len > network.len)
				return best;
			b = active_of(t, prefix_around(network.ip, len), at_ms);
			if (b && (!best || b->until_ms > best->until_ms))
				best = b;
		}
	}
	return best;
}

void bans_sweep(struct ban_table *t, bool (*gone)(const struct ban_record *b, const void *user), const void *user) {
	size_t kept = 0;

	for (size_t i = 0; i < t->records.n; i++) {
		if (gone(&t->records.v[i], user))
			free(t->records.v[i].comment);
		else
			t->records.v[kept++] = t->records.v[i];
	}
	if (kept == t->records.n)
		return;
	t->records.n = kept;
	rebuild(t, kept);
}
