/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree as networks. In an IPv6 file IPv4 hangs at ::/96, and writers let further places name the same node: those
 * are recognised by its number, or, where IPv4 is one record for all, by their place.
 *
 * In a tree without sharing a walk meets node_count nodes, and in a shared one each node has a network below it. A file
 * that shares subtrees which have none can have 2^128 of them. Some nodes that had none are remembered and not entered
 * again; where that is not enough, as in a file made for it, the steps between two networks show it.
 */
#include "geo/mmdb.h"

#include <errno.h>

#include "geo/tree.h"

static const struct {
	enum geo_alias alias;
	struct prefix place; /* as numbers: ::ffff:0:0/96 is no IPv4 here */
} places[] = {
	{ GEO_ALIAS_MAPPED, { { 0, IP4_MAPPED_LO }, 96 } },
	{ GEO_ALIAS_6TO4, { { UINT64_C(0x2002) << 48, 0 }, 16 } },
	{ GEO_ALIAS_TEREDO, { { UINT64_C(0x20010000) << 32, 0 }, 32 } },
};

/* Whether the record of a place is the IPv4 tree: its node, or the one value that all of IPv4 has. */
static bool is_alias(const struct mmdb *db, struct prefix place, uint64_t record) {
	if (record != db->v4_root || db->v4_root_depth != 96 || record == db->node_count)
		return false;
	if (record < db->node_count)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (prefix_equal(place, places[i].place))
			return true;
	return false;
}

unsigned mmdb_aliases(const struct mmdb *db) {
	unsigned found = 0;

	for (size_t i = 0; db->ip_version == 6 && i < ARRAY_LEN(places); i++) {
		unsigned depth;
		uint64_t record = mmdb_descend(db, places[i].place.ip, places[i].place.len, &depth);

		if (depth == places[i].place.len && is_alias(db, places[i].place, record))
			found |= places[i].alias;
	}
	return found;
}

enum { BARREN = 1024 };

struct walk {
	const struct mmdb *db;
	bool gaps, v6;
	int (*fn)(const struct mmdb_network *n, void *user);
	void *user;
	struct mmdb_fault *fault;
	uint64_t idle;           /* steps since the last call */
	uint64_t events;         /* calls, and what is left out for where it is */
	uint32_t barren[BARREN]; /* by number: a node, and one, with nothing to call for */
};

static int walk_fail(const struct walk *w, const char *what, uint64_t half) {
	if (w->fault)
		*w->fault = (struct mmdb_fault){ what, mmdb_record_offset(w->db, (uint32_t)(half / 2), half % 2) };
	return -EBADMSG;
}

static int walk_end(struct walk *w, uint32_t record, struct prefix p, uint64_t half) {
	struct mmdb_network n = { .prefix = p, .has_value = record != w->db->node_count };

	if (n.has_value && mmdb_record_data(w->db, record, &n.offset) < 0)
		return walk_fail(w, "a record of the tree points outside the data section", half);
	if (!n.has_value && !w->gaps)
		return 0;
	w->idle = 0;
	w->events++;
	return w->fn(&n, w->user);
}

/* Whether IPv6 leaves the record out: it is IPv4, for its number or for where it is. */
static inline bool left_out(struct walk *w, uint32_t record, struct prefix p) {
	bool is_v4_place = p.len == 96 && p.ip.hi == 0 && (p.ip.lo == 0 || p.ip.lo == IP4_MAPPED_LO);

	if (!is_v4_place && !is_alias(w->db, p, record))
		return false;
	w->events += record >= w->db->node_count || record != w->db->v4_root;
	return true;
}

static int walk(struct walk *w, uint32_t record, struct ip ip, unsigned len, uint64_t half);

static int walk_halves(struct walk *w, uint32_t node, struct ip ip, unsigned len) {
	unsigned shift = 127 - len;
	uint32_t records[2];
	int r;

	mmdb_node(w->db, node, records);
	r = walk(w, records[0], ip, len + 1, 2 * (uint64_t)node);
	if (r)
		return r;
	if (shift >= 64)
		ip.hi |= UINT64_C(1) << (shift - 64);
	else
		ip.lo |= UINT64_C(1) << shift;
	return walk(w, records[1], ip, len + 1, 2 * (uint64_t)node + 1);
}

/* At most 129 of these are on the stack. The record is half `half` % 2 of node `half` / 2, for messages. */
static int walk(struct walk *w, uint32_t record, struct ip ip, unsigned len, uint64_t half) {
	struct prefix p = { ip, (uint8_t)len };
	uint64_t events = w->events;
	uint32_t *barren;
	int r;

	if (w->v6 && left_out(w, record, p))
		return 0;
	if (record >= w->db->node_count)
		return walk_end(w, record, p, half);
	if (len == 128)
		return walk_fail(w, "the tree goes on behind the last bit of an address", half);
	barren = &w->barren[record % BARREN];
	if (*barren == record + 1)
		return 0;
	if (++w->idle > (uint64_t)w->db->node_count + 256)
		return walk_fail(w, "nodes without any network below are shared over and over", half);
	r = walk_halves(w, record, ip, len);
	if (r == 0 && w->events == events)
		*barren = record + 1;
	return r;
}

int mmdb_each(const struct mmdb *db, bool gaps, int (*fn)(const struct mmdb_network *n, void *user), void *user,
	      struct mmdb_fault *ret_fault) {
	struct walk w = { .db = db, .gaps = gaps, .fn = fn, .user = user, .fault = ret_fault };
	int r = walk(&w, db->v4_root, ip_from_v4(0), 96, 0);

	if (r || db->ip_version == 4)
		return r;
	w.v6 = true;
	return walk(&w, 0, (struct ip){ 0, 0 }, 0, 0);
}
