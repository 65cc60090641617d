/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two files (four bytes say how long the first one is), whatever their bytes are: a comparison ends, is empty of a file
 * with itself, and mirrored when the files change places; changes are disjoint, in order, and say what lookups say. The
 * same file is exported in every form, and no form has a byte that its readers would stumble over.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "geo/export.h"
#include "geo/mmdb_diff.h"
#include "geo/mmdb_value.h"

enum { CHANGES = 300, TEXT = 20000 };

struct changes {
	const struct mmdb_diff *diff;
	unsigned n;
	bool any;
	struct ip last;
	uint64_t sum; /* of all changes, in whatever order; mirrored with `mirror` */
	bool mirror;
};

/* The country at an address, "" when there is none; false when the file is broken there, or has no such family. */
static bool country_at(const struct mmdb *db, struct ip ip, char ret_code[3]) {
	struct prefix network;
	uint64_t offset;
	int r = mmdb_lookup(db, ip, &offset, &network, NULL);

	memset(ret_code, 0, 3);
	return r == 0 || (r == 1 && mmdb_country(db, offset, ret_code, NULL) >= 0);
}

static int see(const struct mmdb_change *c, void *user) {
	struct changes *s = user;
	const struct mmdb_answer *from = s->mirror ? &c->to : &c->from, *to = s->mirror ? &c->from : &c->to;
	struct ip first = prefix_first(c->network);
	bool v4 = prefix_family(c->network) == FAMILY_4;
	char code[3];

	if (s->any && ip_is_v4(s->last) == v4)
		CLAIM(ip_compare(s->last, first) < 0);
	if (s->any && ip_is_v4(s->last))
		CLAIM(v4 || !ip_is_v4(first));
	s->last = prefix_last(c->network);
	s->any = true;
	CLAIM(c->kind != MMDB_CHANGE_RECORD || !s->diff->country_only);
	CLAIM(c->kind != MMDB_CHANGE_COUNTRY || strcmp(from->country, to->country) != 0);
	if (c->kind != MMDB_CHANGE_ALIAS && (v4 || first.hi)) {
		CLAIM(!country_at(s->diff->from, first, code) || strcmp(code, c->from.country) == 0);
		CLAIM(!country_at(s->diff->to, first, code) || strcmp(code, c->to.country) == 0);
	}
	s->sum += (first.hi * 31 + first.lo + c->network.len) * 0x9e3779b97f4a7c15 ^
		  (unsigned)(from->country[0] * 7 + from->country[1] * 11 + to->country[0] * 13 + to->country[1] * 17);
	return ++s->n == CHANGES;
}

static int compare(const struct mmdb *from, const struct mmdb *to, bool country_only, bool mirror,
		   struct changes *ret_seen) {
	struct mmdb_fault fault = { NULL, 0 };
	const struct mmdb *broken = NULL;
	struct mmdb_diff diff = { from, to, country_only, see, ret_seen };
	int r;

	*ret_seen = (struct changes){ .diff = &diff, .mirror = mirror };
	r = mmdb_diff(&diff, &fault, &broken);
	CLAIM(r >= 0 || r == -EBADMSG);
	CLAIM(r != -EBADMSG || (fault.what && (broken == from || broken == to) && fault.offset <= broken->len));
	return r;
}

/* All of it, but no more than fits: a hostile file has no end of networks. */
static void export_all(const struct mmdb *db) {
	static char text[TEXT];
	size_t n;
	const struct geo_export_format *formats = geo_export_list(&n);

	for (size_t i = 0; i < n; i++) {
		struct geo_export e = { .db = db, .format = &formats[i], .out = fmemopen(text, TEXT, "w") };
		struct geo_export_stats stats;
		struct mmdb_fault fault = { NULL, 0 };
		int r;

		CLAIM(e.out != NULL);
		if (formats[i].by_country) {
			(void)fclose(e.out);
			continue;
		}
		setbuf(e.out, NULL);
		r = geo_export_write(&e, &stats, &fault);
		CLAIM(r <= 0 && (r != -EBADMSG || (fault.what && fault.offset <= db->len)));
		(void)fclose(e.out);
		for (const char *c = text; c < text + TEXT && *c; c++)
			CLAIM((*c >= ' ' && *c <= '~') || *c == '\n' || *c == '\t');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	uint32_t first;
	struct mmdb a, b;
	struct changes seen, mirrored;

	if (size < sizeof(first))
		return 0;
	first = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
	data += sizeof(first);
	size -= sizeof(first);
	if (first > size || mmdb_open(data, first, &a, NULL) < 0)
		return 0;
	if (compare(&a, &a, false, false, &seen) == 0)
		CLAIM(seen.n == 0);
	export_all(&a);
	if (mmdb_open(data + first, size - first, &b, NULL) < 0)
		return 0;
	for (unsigned only = 0; only < 2; only++) {
		int r = compare(&a, &b, only, false, &seen), again = compare(&b, &a, only, true, &mirrored);

		if (r == 0 && again == 0)
			CLAIM(seen.n == mirrored.n && seen.sum == mirrored.sum);
	}
	return 0;
}
