/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses are found by walking down the tree at random, and seldom into a half that is empty: so deep networks are
 * met as well as wide ones, which addresses drawn from all 2^128 would never show. The same tree gives the same walk.
 */
#include "geo/second_reader.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <string.h>

enum { V4_DEPTH = 96 };

static uint64_t splitmix(uint64_t *state) {
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Where a walk ended. */
struct sample {
	uint8_t bytes[16]; /* in the 128-bit tree */
	uint32_t record;
	unsigned depth;
};

static struct sample walk(const struct geo_tree *t, uint32_t record, unsigned depth, uint64_t *random) {
	struct sample s = { .record = record, .depth = depth };
	uint64_t host[2];

	for (; s.depth < 128 && geo_is_node(s.record); s.depth++) {
		uint64_t r = splitmix(random);
		unsigned bit = r & 1;

		if (t->node[s.record][bit] == GEO_EMPTY && r >> 1 & 7)
			bit ^= 1;
		s.record = t->node[s.record][bit];
		s.bytes[s.depth / 8] |= (uint8_t)(bit << (7 - s.depth % 8));
	}
	/* The bits behind the network do not matter: any will do. */
	host[0] = splitmix(random);
	host[1] = splitmix(random);
	for (unsigned d = s.depth; d < 128; d++)
		s.bytes[d / 8] |= (uint8_t)((host[d / 64] >> d % 64 & 1) << (7 - d % 8));
	return s;
}

static MMDB_lookup_result_s look_up(const MMDB_s *db, const struct sample *s, bool v4, int *ret_error) {
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memcpy(&in4.sin_addr, s->bytes + 12, 4);
	memcpy(&in6.sin6_addr, s->bytes, 16);
	return MMDB_lookup_sockaddr(db, v4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6, ret_error);
}

static int differs(struct diags *diags, const struct sample *s, bool v4, const char *how) {
	struct ip ip = ip_from_bytes(s->bytes);
	char text[IP_TEXT_MAX];

	(void)ip_format(v4 ? ip_from_v4((uint32_t)ip.lo) : ip, text);
	diag_error(diags, "geo-second-reader", (struct loc){ 0 }, "this is a fault of hextet; please report it",
		   "libmaxminddb %s for %s", how, text);
	return -EBADMSG;
}

static int check_sample(const struct second_reading *r, const MMDB_s *db, const struct sample *s, bool v4,
			struct diags *diags) {
	int error = MMDB_SUCCESS;
	MMDB_lookup_result_s found = look_up(db, s, v4, &error);
	bool leaf = geo_is_leaf(s->record);

	if (error != MMDB_SUCCESS)
		return differs(diags, s, v4, MMDB_strerror(error));
	if (found.found_entry != leaf)
		return differs(diags, s, v4, leaf ? "finds nothing" : "finds a record where there is none");
	if (leaf && found.entry.offset != r->value_offset[s->record - GEO_LEAF])
		return differs(diags, s, v4, "finds another record");
	if (found.netmask != s->depth)
		return differs(diags, s, v4, "finds another network");
	return 0;
}

static int check_samples(const struct second_reading *r, const MMDB_s *db, struct diags *diags) {
	uint64_t random = 0;

	for (unsigned i = 0; i < 2 * SECOND_READER_SAMPLES; i++) {
		bool v4 = i & 1;
		struct sample s = walk(r->tree, v4 ? r->v4_root : r->root, v4 ? V4_DEPTH : 0, &random);
		int e;

		/* What an alias answers is what IPv4 answers. Without a node at ::/96 IPv4 has no network of its own.
		 */
		if (s.record == GEO_ALIAS4 || (v4 && !geo_is_node(r->v4_root)))
			continue;
		e = check_sample(r, db, &s, v4, diags);
		if (e < 0)
			return e;
	}
	return 0;
}

static int check_metadata(const struct second_reading *r, const MMDB_s *db, struct diags *diags) {
	const MMDB_metadata_s *m = &db->metadata;
	const char *what = NULL;

	if (m->node_count != r->stats->nodes)
		what = "another number of nodes";
	else if (m->record_size != r->stats->record_bits)
		what = "another record size";
	else if (m->ip_version != 6)
		what = "another IP version";
	else if (m->build_epoch != r->meta->build_epoch)
		what = "another build epoch";
	else if (strcmp(m->database_type, r->meta->database_type) != 0)
		what = "another database type";
	if (!what)
		return 0;
	diag_error(diags, "geo-second-reader", (struct loc){ 0 }, "this is a fault of hextet; please report it",
		   "libmaxminddb reads %s", what);
	return -EBADMSG;
}

int second_reader_check(const struct second_reading *s, struct diags *diags) {
	char path[32];
	MMDB_s db;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	r = MMDB_open(path, MMDB_MODE_MMAP, &db);
	if (r != MMDB_SUCCESS) {
		diag_error(diags, "geo-second-reader", (struct loc){ 0 }, NULL, "libmaxminddb cannot open the file: %s",
			   MMDB_strerror(r));
		return -EBADMSG;
	}
	r = check_metadata(s, &db, diags);
	if (r == 0 && s->tree)
		r = check_samples(s, &db, diags);
	MMDB_close(&db);
	return r;
}
