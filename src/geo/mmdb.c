/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is: the tree (node_count nodes of two records), 16 zero bytes, the data section, a marker, the metadata map.
 * Only the metadata says where the parts end, so everything is derived from it and checked once, in mmdb_open(): a node
 * number below node_count may then be read without a check. What records and values point at is checked at each use.
 *
 * No walk can be endless: each takes one bit of the address a step.
 */
#include "geo/mmdb.h"

#include <errno.h>
#include <string.h>

#include "geo/mmdb_value.h"

enum { SEPARATOR = 16 };

static const char marker[] = "\xab\xcd\xefMaxMind.com";
#define MARKER_LEN (sizeof(marker) - 1)

static int fail(struct mmdb_fault *fault, const char *what, uint64_t offset) {
	if (fault)
		*fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

/* --- records --- */

uint64_t mmdb_record(const struct mmdb *db, uint32_t node, unsigned bit) {
	uint32_t records[2];

	mmdb_node(db, node, records);
	return records[bit];
}

uint64_t mmdb_record_offset(const struct mmdb *db, uint32_t node, unsigned bit) {
	return (uint64_t)node * (db->record_bits / 4) + (bit && db->record_bits != 28 ? db->record_bits / 8 : 0);
}

int mmdb_record_data(const struct mmdb *db, uint64_t record, uint64_t *ret_offset) {
	uint64_t at = record - db->node_count - SEPARATOR;

	if (record < (uint64_t)db->node_count + SEPARATOR || at >= db->data_len)
		return -EBADMSG;
	*ret_offset = db->data_start + at;
	return 0;
}

static inline unsigned bit_of(struct ip ip, unsigned n) {
	return (unsigned)((n < 64 ? ip.hi : ip.lo) >> (63 - n % 64)) & 1;
}

/* Follows the bits of an address from `depth` to `end` (of 128), while there are nodes. */
static uint32_t follow(const struct mmdb *db, uint32_t record, struct ip bits, unsigned *depth, unsigned end) {
	unsigned at = *depth;

	for (; at < end && record < db->node_count; at++)
		record = (uint32_t)mmdb_record(db, record, bit_of(bits, at));
	*depth = at;
	return record;
}

uint64_t mmdb_descend(const struct mmdb *db, struct ip bits, unsigned len, unsigned *ret_depth) {
	unsigned top = db->ip_version == 4 ? 96 : 0, depth = top;
	uint32_t record = follow(db, 0, bits, &depth, top + MIN(len, 128 - top));

	*ret_depth = depth - top;
	return record;
}

/* --- metadata --- */

/* The numbers that the metadata must have. */
struct numbers {
	uint64_t major, node_count, record_bits, ip_version, epoch;
};

static int read_number(const struct mmdb *db, const char *key, uint64_t *ret_n, struct mmdb_fault *fault) {
	struct mmdb_value v = { 0 };
	int r = mmdb_get(db, db->meta_start, (const char *const[]){ key, NULL }, &v, fault);

	if (r < 0)
		return r;
	if (r == 0)
		return fail(fault, "the metadata lacks a number that no reader can do without", db->meta_start);
	if (v.type != MMDB_UINT16 && v.type != MMDB_UINT32 && v.type != MMDB_UINT64)
		return fail(fault, "a number in the metadata is no unsigned integer", v.content);
	*ret_n = v.lo;
	return 0;
}

static int read_numbers(const struct mmdb *db, struct numbers *n, struct mmdb_fault *fault) {
	const struct {
		const char *key;
		uint64_t *to;
	} rows[] = {
		{ "binary_format_major_version", &n->major },
		{ "node_count", &n->node_count },
		{ "record_size", &n->record_bits },
		{ "ip_version", &n->ip_version },
		{ "build_epoch", &n->epoch },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows) && r == 0; i++)
		r = read_number(db, rows[i].key, rows[i].to, fault);
	return r;
}

/* `before` is what the file has before db's bytes. */
static int check_numbers(const struct mmdb *db, uint64_t before, const struct numbers *n, struct mmdb_fault *fault) {
	uint64_t marker_at = db->meta_start - MARKER_LEN;

	if (n->major != 2)
		return fail(fault, "the format's major version is not 2", db->meta_start);
	if (n->record_bits != 24 && n->record_bits != 28 && n->record_bits != 32)
		return fail(fault, "record_size is not 24, 28 or 32", db->meta_start);
	if (n->ip_version != 4 && n->ip_version != 6)
		return fail(fault, "ip_version is not 4 or 6", db->meta_start);
	if (n->node_count == 0 || n->node_count > UINT32_MAX)
		return fail(fault, "node_count is not between 1 and 2^32 - 1", db->meta_start);
	if (n->node_count * (n->record_bits / 4) + SEPARATOR > before + marker_at)
		return fail(fault,
			    "the tree of node_count nodes and its separator end behind the start of the metadata",
			    marker_at);
	return 0;
}

/* The last marker in the last 128 KiB: the metadata and the marker fit in there. */
static int find_metadata(const uint8_t *bytes, size_t len, uint64_t *ret_start) {
	size_t lowest = len > MMDB_TAIL ? len - MMDB_TAIL : 0;

	if (len < MARKER_LEN)
		return -EBADMSG;
	for (size_t at = len - MARKER_LEN + 1; at-- > lowest;) {
		if (bytes[at] == (uint8_t)marker[0] && memcmp(bytes + at, marker, MARKER_LEN) == 0) {
			*ret_start = at + MARKER_LEN;
			return 0;
		}
	}
	return -EBADMSG;
}

static int read_metadata(struct mmdb *db, uint64_t before, struct mmdb_fault *fault) {
	struct mmdb_value v = { 0 };
	struct numbers n = { 0 };
	int r = mmdb_value(db, db->meta_start, &v, fault);

	if (r < 0)
		return r;
	if (v.type != MMDB_MAP)
		return fail(fault, "the metadata is no map", db->meta_start);
	r = read_numbers(db, &n, fault);
	if (r == 0)
		r = check_numbers(db, before, &n, fault);
	if (r < 0)
		return r;
	r = mmdb_get(db, db->meta_start, (const char *const[]){ "database_type", NULL }, &v, fault);
	if (r < 0)
		return r;
	if (r == 0 || v.type != MMDB_STRING)
		return fail(fault, "the metadata has no text database_type", db->meta_start);
	db->database_type = v.text;
	db->node_count = (uint32_t)n.node_count;
	db->record_bits = (unsigned)n.record_bits;
	db->ip_version = (unsigned)n.ip_version;
	db->build_epoch = n.epoch;
	return 0;
}

/* Finds and reads the metadata. */
static int open_metadata(struct mmdb *db, uint64_t before, struct mmdb_fault *fault) {
	if (find_metadata(db->bytes, db->len, &db->meta_start) < 0)
		return fail(fault,
			    "no metadata marker in the last 128 KiB: this is no MaxMind DB, or its end is missing",
			    db->len);
	db->meta_len = db->len - db->meta_start;
	return read_metadata(db, before, fault);
}

int mmdb_open_tail(const void *tail, size_t len, uint64_t file_len, struct mmdb *ret_db, struct mmdb_fault *ret_fault) {
	struct mmdb db = { .bytes = tail, .len = len };
	int r = open_metadata(&db, file_len - len, ret_fault);

	if (r == 0)
		*ret_db = db;
	return r;
}

int mmdb_open(const void *bytes, size_t len, struct mmdb *ret_db, struct mmdb_fault *ret_fault) {
	struct mmdb db = { .bytes = bytes, .len = len };
	int r = open_metadata(&db, 0, ret_fault);

	if (r < 0)
		return r;
	db.tree_len = (uint64_t)db.node_count * (db.record_bits / 4);
	db.data_start = db.tree_len + SEPARATOR;
	db.data_len = db.meta_start - MARKER_LEN - db.data_start;
	db.v4_root_depth = db.ip_version == 4 ? 96 : 0;
	db.v4_root = follow(&db, 0, (struct ip){ 0, 0 }, &db.v4_root_depth, 96);
	*ret_db = db;
	return 0;
}

/* --- lookup --- */

/* The place of the record that decided `depth` (of 128) bits. */
static uint64_t record_place(const struct mmdb *db, struct ip bits, unsigned depth) {
	unsigned at = db->ip_version == 4 ? 96 : 0;
	uint32_t node = follow(db, 0, bits, &at, depth - 1);

	return mmdb_record_offset(db, node, bit_of(bits, at));
}

int mmdb_lookup(const struct mmdb *db, struct ip ip, uint64_t *ret_offset, struct prefix *ret_network,
		struct mmdb_fault *ret_fault) {
	bool v4 = ip_is_v4(ip);
	unsigned depth = v4 ? db->v4_root_depth : 0;
	struct ip bits = v4 ? (struct ip){ 0, ip.lo & UINT32_MAX } : ip;
	uint64_t offset = 0;
	uint32_t record;

	if (!v4 && db->ip_version == 4)
		return -EAFNOSUPPORT;
	record = follow(db, v4 ? db->v4_root : 0, bits, &depth, 128);
	if (record < db->node_count)
		return fail(ret_fault, "the tree goes on behind the last bit of an address",
			    record_place(db, bits, depth));
	if (record > db->node_count && mmdb_record_data(db, record, &offset) < 0)
		return fail(ret_fault, "a record of the tree points outside the data section",
			    record_place(db, bits, depth));
	*ret_network = prefix_around(ip, v4 ? MAX(depth, 96U) : depth);
	if (record == db->node_count)
		return 0;
	*ret_offset = offset;
	return 1;
}
