/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads MaxMind DB files, format 2.0 (MaxMind-DB-spec.md), from memory. Nothing is trusted: every access is checked
 * against the buffer, in 64 bits, and no function allocates, recurses without bound or prints. The bytes are borrowed
 * and must stay as they are; so callers read a file into private memory and never map it.
 *
 * Limits: 4 GiB a section, depth 512 (as libmaxminddb), node count below 2^32.
 */
#pragma once

#include "addr/prefix.h"

/* Larger files are not read, as all of a file is in memory. */
#define MMDB_FILE_MAX (UINT64_C(4) << 30)
#define MMDB_FILE_MAX_HINT "4 GiB is the most that is read"

/* Why bytes are not what the format says; `offset` counts from the start of the file. */
struct mmdb_fault {
	const char *what; /* static, lower case, no full stop */
	uint64_t offset;
};

struct mmdb {
	const uint8_t *bytes;
	size_t len;
	uint32_t node_count;
	unsigned record_bits; /* 24, 28 or 32 */
	unsigned ip_version;  /* 4 or 6 */
	uint64_t build_epoch; /* seconds since 1970 */
	struct str database_type;
	uint64_t tree_len;             /* bytes; the 16 zero bytes follow */
	uint64_t data_start, data_len; /* in the file */
	uint64_t meta_start, meta_len; /* of the metadata map, behind its marker */
	uint32_t v4_root;              /* record at ::/96, see mmdb_record(); 0 in an IPv4 file */
	unsigned v4_root_depth;        /* 96, or less when a record above ::/96 is no node; 96 in an IPv4 file */
};

/* Reads the metadata and finds the IPv4 entry. 0, or -EBADMSG and why. */
int mmdb_open(const void *bytes, size_t len, struct mmdb *ret_db, struct mmdb_fault *ret_fault);

/*
 * Only the metadata, from the end of a file of file_len bytes: `len` of them, of which MMDB_TAIL are enough. Offsets
 * count from the start of the tail; what it says may be read, and mmdb_get() works below meta_start. Nothing else may
 * be asked. As mmdb_open().
 */
enum { MMDB_TAIL = 128 << 10 };
int mmdb_open_tail(const void *tail, size_t len, uint64_t file_len, struct mmdb *ret_db, struct mmdb_fault *ret_fault);

/* The record of a node below node_count: bit 0 is left. < node_count: a node; == node_count: empty; else data. */
uint64_t mmdb_record(const struct mmdb *db, uint32_t node, unsigned bit);

/* The record that decides the first `len` bits of a 128-bit address (of 32, in the low half, in an IPv4 file), and how
 * many of them it took: less than len when it is no node. */
uint64_t mmdb_descend(const struct mmdb *db, struct ip bits, unsigned len, unsigned *ret_depth);

/* Both records of a node at once, for passes over many. The 8 bytes are there: the separator follows the last node. */
static inline void mmdb_node(const struct mmdb *db, uint32_t node, uint32_t ret_records[static 2]) {
	uint64_t both;

	__builtin_memcpy(&both, db->bytes + (uint64_t)node * (db->record_bits / 4), sizeof(both));
	both = __builtin_bswap64(both);
	if (db->record_bits == 24) {
		ret_records[0] = (uint32_t)(both >> 40);
		ret_records[1] = (uint32_t)(both >> 16) & 0xffffff;
	} else if (db->record_bits == 28) {
		ret_records[0] = (uint32_t)(both >> 40) | ((uint32_t)(both >> 36) & 15) << 24;
		ret_records[1] = (uint32_t)(both >> 8) & 0xfffffff;
	} else {
		ret_records[0] = (uint32_t)(both >> 32);
		ret_records[1] = (uint32_t)both;
	}
}

/* Where a record stands in the file; of the 7 bytes of a node with 28-bit records, both begin at the first. */
uint64_t mmdb_record_offset(const struct mmdb *db, uint32_t node, unsigned bit);

/* Where a data record points: the offset in the file. -EBADMSG when it points outside the data section (node_count and
 * below is no data record). */
int mmdb_record_data(const struct mmdb *db, uint64_t record, uint64_t *ret_offset);

/*
 * Finds an address. IPv4 is searched from the IPv4 entry only. Returns 1 and the value's offset when there is one, 0
 * when there is none; either way the largest network around the address with that answer. -EAFNOSUPPORT: an IPv6
 * address in an IPv4 file. -EBADMSG and the fault: a broken file.
 */
int mmdb_lookup(const struct mmdb *db, struct ip ip, uint64_t *ret_offset, struct prefix *ret_network,
		struct mmdb_fault *ret_fault);

/*
 * Calls fn for each network with a value (has_value) and, when `gaps` is set, each without, in address order, IPv4 as
 * IPv4 (of ::/96) first and then IPv6; ::/96, ::ffff:0:0/96 (both are IPv4) and the aliases of IPv4 (records elsewhere
 * that are the IPv4 entry) are left out of IPv6. Shared subtrees are visited as often as they are met: a hostile file
 * of a few nodes can have 2^128 networks, so either count (mmdb_verify.h) or stop. A non-zero result of fn stops and is
 * returned; -EBADMSG and the fault for a broken file.
 */
struct mmdb_network {
	struct prefix prefix;
	uint64_t offset; /* of the value, in the file */
	bool has_value;
};
int mmdb_each(const struct mmdb *db, bool gaps, int (*fn)(const struct mmdb_network *n, void *user), void *user,
	      struct mmdb_fault *ret_fault);

/* Which places of the IPv6 space are the IPv4 tree: bits of enum geo_alias (tree.h). */
unsigned mmdb_aliases(const struct mmdb *db);
