/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in an array, found by chains of a keyed hash, since the keys are what strangers were banned as. A removed row is
 * replaced by the last one.
 */
#include "guard/ban_table.h"

#include "base/map.h"

enum { SLOTS_MIN = 64 };

void ban_table_done(struct ban_table *t) {
	vec_done(&t->rows);
	free(t->slots);
	*t = (struct ban_table){ 0 };
}

static uint32_t *slot_of(const struct ban_table *t, struct prefix p) {
	const uint64_t key[3] = { p.ip.hi, p.ip.lo, p.len };

	return &t->slots[map_hash(key, sizeof(key)) & (t->slot_count - 1)];
}

/* What points to the row of this network: a slot or another row. */
static uint32_t *link_of(const struct ban_table *t, struct prefix p) {
	uint32_t *link = slot_of(t, p);

	while (*link && !prefix_equal(t->rows.v[*link - 1].network, p))
		link = &t->rows.v[*link - 1].next;
	return link;
}

static size_t *count_of(struct ban_table *t, struct prefix p) {
	return &t->count[prefix_family(p) == FAMILY_6][p.len];
}

static void grow(struct ban_table *t) {
	size_t count = t->slot_count ? 2 * t->slot_count : SLOTS_MIN;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		abort(); /* as vec.h does */
	free(t->slots);
	t->slots = slots;
	t->slot_count = count;
	for (size_t i = 0; i < t->rows.n; i++) {
		uint32_t *slot = slot_of(t, t->rows.v[i].network);

		t->rows.v[i].next = *slot;
		*slot = (uint32_t)i + 1;
	}
}

bool ban_table_put(struct ban_table *t, struct prefix network, int64_t ends_ms, bool replace) {
	uint32_t *link;

	if (t->rows.n >= t->slot_count)
		grow(t);
	link = link_of(t, network);
	if (*link) {
		struct ban_table_row *row = &t->rows.v[*link - 1];

		if (row->ends_ms == ends_ms || (row->ends_ms > ends_ms && !replace))
			return false;
		row->ends_ms = ends_ms;
	} else {
		/* Growing the rows may move what the link lies in. */
		vec_push(&t->rows, (struct ban_table_row){ network, ends_ms, 0 });
		*link_of(t, network) = (uint32_t)t->rows.n;
		(*count_of(t, network))++;
	}
	if (t->rows.n == 1 || ends_ms < t->soonest_ms)
		t->soonest_ms = ends_ms;
	return true;
}

bool ban_table_remove(struct ban_table *t, struct prefix network) {
	uint32_t *link = t->slot_count ? link_of(t, network) : NULL, row, last = (uint32_t)t->rows.n;

	if (!link || !*link)
		return false;
	(*count_of(t, network))--;
	row = *link;
	*link = t->rows.v[row - 1].next;
	if (row != last) {
		*link_of(t, t->rows.v[last - 1].network) = row;
		t->rows.v[row - 1] = t->rows.v[last - 1];
	}
	t->rows.n--;
	return true;
}

void ban_table_expire(struct ban_table *t, int64_t now_ms, void (*fn)(struct prefix network, void *user), void *user) {
	int64_t soonest = INT64_MAX;

	if (!t->rows.n || t->soonest_ms > now_ms)
		return;
	for (size_t i = 0; i < t->rows.n;) {
		struct prefix network = t->rows.v[i].network;

		if (t->rows.v[i].ends_ms > now_ms) {
			soonest = MIN(soonest, t->rows.v[i].ends_ms);
			i++;
			continue;
		}
		(void)ban_table_remove(t, network);
		fn(network, user);
	}
	t->soonest_ms = soonest;
}

const struct ban_table_row *ban_table_find(const struct ban_table *t, struct prefix network) {
	uint32_t row = t->slot_count ? *link_of(t, network) : 0;

	return row ? &t->rows.v[row - 1] : NULL;
}

const struct ban_table_row *ban_table_around(const struct ban_table *t, struct prefix network) {
	unsigned first = prefix_family(network) == FAMILY_4 ? 96 : 0;

	for (unsigned len = network.len + 1U; len-- > first;) {
		const struct ban_table_row *row = ban_table_find(t, prefix_around(network.ip, len));

		if (row)
			return row;
	}
	return NULL;
}
