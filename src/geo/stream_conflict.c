/* SPDX-License-Identifier: Apache-2.0 */
/* A record has the two running numbers first, then the prefix: the same pair's follow each other, the first prefix
 * first. */
#include "geo/stream_conflict.h"

#include <endian.h>
#include <string.h>

enum { MEMORY = 1 << 20 };

struct record {
	uint64_t loser_be, winner_be;
	uint64_t hi_be, lo_be; /* the prefix */
	uint64_t loser_id, winner_id;
	uint32_t loser_value, winner_value;
	uint64_t len;
};
_Static_assert(sizeof(struct record) <= EXTSORT_RECORD_MAX, "the sorter takes it");

int stream_conflicts_add(struct stream_conflicts *c, const char *folder, const struct stream_conflict *what) {
	const struct record record = {
		.loser_be = htobe64(what->loser.row),
		.winner_be = htobe64(what->winner.row),
		.hi_be = htobe64(what->prefix.ip.hi),
		.lo_be = htobe64(what->prefix.ip.lo),
		.len = what->prefix.len,
		.loser_id = what->loser.id,
		.winner_id = what->winner.id,
		.loser_value = what->loser.value,
		.winner_value = what->winner.value,
	};
	int r = c->sorter ? 0 : extsort_new(folder, sizeof(record), MEMORY, &c->sorter);

	return r < 0 ? r : extsort_add(c->sorter, &record);
}

int stream_conflicts_each(struct stream_conflicts *c,
			  void (*fn)(const struct stream_conflict *what, uint64_t i, void *user), void *user) {
	struct record last, record;
	const uint8_t *bytes;
	uint64_t pairs = 0;
	int r = c->sorter ? extsort_finish(c->sorter) : 0;

	while (c->sorter && r >= 0 && (r = extsort_next(c->sorter, &bytes)) > 0) {
		memcpy(&record, bytes, sizeof(record));
		if (pairs && last.loser_be == record.loser_be && last.winner_be == record.winner_be)
			continue;
		fn(
			&(struct stream_conflict){
				.loser = { be64toh(record.loser_be), record.loser_id, record.loser_value },
				.winner = { be64toh(record.winner_be), record.winner_id, record.winner_value },
				.prefix = { { be64toh(record.hi_be), be64toh(record.lo_be) }, (uint8_t)record.len },
			},
			pairs++, user);
		last = record;
	}
	return r;
}

void stream_conflicts_done(struct stream_conflicts *c) {
	extsort_free(c->sorter);
	c->sorter = NULL;
}
