/* SPDX-License-Identifier: Apache-2.0 */
/* However the bytes come in, the rows and the mistakes are the same; every row is a range of one family. */
#include "fuzz.h"

#include <string.h>

#include "geo/csv.h"

struct seen {
	struct geo_sink sink;
	uint64_t rows, sum;
};

static uint64_t mix(uint64_t sum, uint64_t n) {
	return (sum ^ n) * UINT64_C(0x9e3779b97f4a7c15) + (sum >> 29);
}

static int add(struct geo_sink *sink, const struct geo_row *row) {
	struct seen *seen = (struct seen *)sink;
	const struct range *r = &row->range;

	CLAIM(ip_compare(r->first, r->last) <= 0 && ip_family(r->first) == ip_family(r->last));
	CLAIM(row->id_is_line && row->id >= 1 && row->value < 251);
	CLAIM(!row->mapped || ip_is_v4(r->first));
	seen->rows++;
	seen->sum = mix(mix(mix(seen->sum, r->first.hi ^ r->first.lo), r->last.hi ^ r->last.lo), row->id);
	seen->sum = mix(mix(seen->sum, row->value + row->mapped), (uint64_t)row->created);
	return 0;
}

static uint64_t parse(const uint8_t *data, size_t size, size_t portion) {
	struct arena a = { 0 };
	struct sources sources;
	struct diags diags;
	struct seen seen = { .sink = { .add = add, .diags = &diags } };
	struct csv c;

	sources_init(&sources, &a);
	diags_init(&diags, &a, &sources);
	csv_init(&c, &seen.sink, sources_add(&sources, "input", NULL, 0));
	for (size_t at = 0, n, room; at < size; at += n) {
		char *to = csv_room(&c, &room);

		n = MIN(MIN(portion, room), size - at);
		memcpy(to, data + at, n);
		CLAIM(csv_take(&c, n) == 0);
	}
	CLAIM(csv_end(&c) == 0);
	csv_done(&c);
	CLAIM(diags.list.n <= 4 * GEO_TEXT_SHOWN + 3 && (diags.list.n > 0) == (c.text.wrong > 0));
	for (size_t i = 0; i < diags.list.n; i++) {
		CLAIM(strlen(diags.list.v[i].message) < 1024);
		CLAIM(!strpbrk(diags.list.v[i].message, "\n\r\033"));
		seen.sum = mix(seen.sum, diags.list.v[i].loc.line + ((uint64_t)diags.list.v[i].loc.col << 32));
	}
	diags_done(&diags);
	sources_done(&sources);
	arena_done(&a);
	return mix(seen.sum, seen.rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint64_t whole = parse(data, size, SIZE_MAX);

	CLAIM(whole == parse(data, size, 1 + size / 3));
	if (size < 4096)
		CLAIM(whole == parse(data, size, 1));
	return 0;
}
