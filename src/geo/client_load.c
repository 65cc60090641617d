/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A MaxMind DB's tree as runs, in address order. Two walks: the first looks at each node once and finds those below
 * which all answers are the same (in a shared tree that is much of it, and in a hostile one it may be 2^128 places);
 * the second does not enter those, so each of its steps leads to a border between two runs, of which 2^25 are taken.
 *
 * Where the IPv6 tree has the IPv4 tree once more (::/96, ::ffff:0:0/96, 2002::/16, and whatever a writer likes), the
 * run says so instead of repeating it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geo/client_load.h"
#include "geo/mmdb_value.h"
#include "geo/mmdb_verify.h"

/* What is below a node, where it is no code. */
enum { UNKNOWN = 0xffff, MIXED = 0xfffe };

/* The country of a data record, remembered: there are some hundred records and millions of references to them. */
enum { MEMO = 1 << 12 };
struct memo {
	uint64_t record; /* 0: free, never a data record */
	uint16_t code;
};

struct compile {
	struct mmdb db;
	struct client_builder *builder;
	uint16_t *below; /* of each node */
	struct memo *memo;
	bool is_v4;
	int error;
};

static uint16_t record_code(struct compile *c, uint64_t record) {
	struct memo *m = &c->memo[record * UINT64_C(0x9e3779b97f4a7c15) >> 52];
	char letters[3] = "";
	uint64_t offset;

	if (record == c->db.node_count)
		return 0;
	if (m->record == record)
		return m->code;
	m->record = record;
	m->code = 0;
	if (mmdb_record_data(&c->db, record, &offset) == 0 && mmdb_country(&c->db, offset, letters, NULL) == 1)
		m->code = client_code(letters) & 0x8080 ? 0 : client_code(letters);
	return m->code;
}

static uint16_t record_below(struct compile *c, uint64_t record) {
	return record < c->db.node_count ? c->below[record] : record_code(c, record);
}

/* Finds `below` for all nodes under one, children first. */
static int survey(struct compile *c, uint32_t root) {
	uint32_t path[129];
	unsigned depth = 0;

	path[0] = root;
	for (;;) {
		uint32_t node = path[depth];
		uint64_t left = mmdb_record(&c->db, node, 0), right = mmdb_record(&c->db, node, 1);
		uint64_t down = record_below(c, left) == UNKNOWN ? left : right;
		uint16_t answer = record_below(c, left);

		if (record_below(c, down) == UNKNOWN) {
			if (depth == 127) /* a cycle: verified files have none */
				return -EBADMSG;
			path[++depth] = (uint32_t)down;
			continue;
		}
		c->below[node] = answer == record_below(c, right) ? answer : MIXED;
		if (depth-- == 0)
			return 0;
	}
}

/* Adds the runs of a record that stands at `depth`, below the address `at`. */
static void add_runs(struct compile *c, uint64_t record, struct client_key at, unsigned depth) {
	uint16_t answer = record_below(c, record);

	if (c->error)
		return;
	if (!c->is_v4 && depth <= 96 && record == c->db.v4_root && c->db.v4_root_depth == 96 && answer == MIXED)
		answer = (uint16_t)(CLIENT_AS_V4 + depth);
	if (answer != MIXED) {
		if (depth < 64)
			at.hi |= UINT64_MAX >> depth;
		if (depth < 128)
			at.lo |= depth > 64 ? UINT64_MAX >> (depth - 64) : UINT64_MAX;
		c->error = client_builder_add(c->builder, c->is_v4, at, answer);
		return;
	}
	if (depth == 128) {
		c->error = -EBADMSG;
		return;
	}
	add_runs(c, mmdb_record(&c->db, (uint32_t)record, 0), at, depth + 1);
	if (depth < 64)
		at.hi |= UINT64_C(1) << (63 - depth);
	else
		at.lo |= UINT64_C(1) << (127 - depth);
	add_runs(c, mmdb_record(&c->db, (uint32_t)record, 1), at, depth + 1);
}

static int compile_tree(struct compile *c) {
	struct client_key zero = { 0, 0 };

	c->below = malloc((size_t)c->db.node_count * sizeof *c->below + 1);
	c->memo = calloc(MEMO, sizeof *c->memo);
	c->builder = client_builder_new();
	if (!c->below || !c->memo || !c->builder)
		return -ENOMEM;
	memset(c->below, 0xff, (size_t)c->db.node_count * sizeof *c->below);
	if (c->db.node_count > 0 && survey(c, 0) < 0)
		return -EBADMSG;
	c->is_v4 = true;
	add_runs(c, c->db.v4_root, zero, 0);
	c->is_v4 = false;
	if (c->db.ip_version == 6)
		add_runs(c, 0, zero, 0);
	return c->error;
}

static int refuse(const struct mmdb_fault *fault, char why[HEXTET_GEO_MESSAGE]) {
	(void)snprintf(why, HEXTET_GEO_MESSAGE, "broken at byte %ju: %s; write it anew", (uintmax_t)fault->offset,
		       fault->what);
	return -EBADMSG;
}

static const char *compile_error(int r) {
	switch (r) {
	case -ENOMEM:
		return "not enough memory to compile it";
	case -EFBIG:
		return "too large: the country changes more than 33 million times from address to address";
	default:
		return "its tree has a cycle; write it anew";
	}
}

int client_table_new(const void *bytes, size_t len, struct client_table **ret_table, char why[HEXTET_GEO_MESSAGE]) {
	struct compile c = { .error = 0 };
	struct client_table *t;
	struct mmdb_counts counts;
	struct mmdb_fault fault = { "cannot be read", 0 };
	int r;

	r = mmdb_verify(bytes, len, mmdb_first_error, &fault, &counts);
	if (r > 0 || (r == 0 && mmdb_open(bytes, len, &c.db, &fault) < 0))
		return refuse(&fault, why);
	if (r == 0)
		r = compile_tree(&c);
	t = calloc(1, sizeof *t);
	if (r == 0)
		r = t ? client_builder_finish(c.builder, &t->trie) : -ENOMEM;
	free(c.below);
	free(c.memo);
	client_builder_free(c.builder);
	if (r < 0 || !t) {
		free(t);
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s", compile_error(r));
		return r;
	}
	t->build_epoch = c.db.build_epoch;
	t->networks = counts.networks;
	*ret_table = t;
	return 0;
}

void client_table_free(struct client_table *t) {
	if (!t)
		return;
	client_trie_done(&t->trie);
	free(t);
}
