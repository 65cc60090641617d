/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the nodes. The first marks each byte of data that a record points to; the distinct records are then
 * compared (mmdb_class.h), a few hundred where there are a million of nodes. The second copies the nodes, with the
 * number of a value for its offset. Neither branches on what a record is, which nobody can guess.
 */
#include "geo/mmdb_load.h"

#include <errno.h>

#include "geo/mmdb_class.h"
#include "geo/mmdb_verify.h"

enum { SEPARATOR = 16 };

struct load {
	const struct mmdb *db;
	struct mmdb_fault *fault;
	uint32_t *value_at; /* by byte of data: a mark, then the value's number; last of all what is no data */
	uint32_t distinct;  /* marks */
	struct mmdb_base base;
};

static int fail(const struct load *l, const char *what, uint64_t offset) {
	if (l->fault)
		*l->fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

static int check_size(const struct load *l) {
	if (l->db->node_count >= GEO_LEAF / 2)
		return fail(l, "2^30 nodes or more are too many for a base", l->db->meta_start);
	if (l->db->data_len >= GEO_ALIAS4 - GEO_LEAF)
		return fail(l, "2 GiB of data or more are too much for a base", l->db->data_start);
	return 0;
}

/* The index of a record in value_at: the last one for nodes, for "nothing" and for what points nowhere. */
static inline uint64_t data_index(const struct mmdb *db, uint32_t record) {
	uint64_t at = (uint64_t)record - db->node_count - SEPARATOR;

	return MIN(at, db->data_len);
}

/* Whether a record that is no node and not "nothing" points outside the data. */
static inline bool points_nowhere(const struct mmdb *db, uint32_t record, uint64_t index) {
	return (index == db->data_len) & (record > db->node_count);
}

static int find_nowhere(const struct load *l) {
	for (uint32_t n = 0; n < l->db->node_count; n++) {
		uint32_t record[2];

		mmdb_node(l->db, n, record);
		for (unsigned half = 0; half < 2; half++)
			if (points_nowhere(l->db, record[half], data_index(l->db, record[half])))
				return fail(l, "a record of the tree points outside the data section",
					    mmdb_record_offset(l->db, n, half));
	}
	return 0;
}

static int mark_values(const struct load *l) {
	const struct mmdb db = *l->db; /* which no store below can change */
	uint32_t *value_at = l->value_at;
	bool nowhere = false;

	for (uint32_t n = 0; n < db.node_count; n++) {
		uint32_t record[2];

		mmdb_node(&db, n, record);
		for (unsigned half = 0; half < 2; half++) {
			uint64_t index = data_index(&db, record[half]);

			value_at[index] = 1;
			nowhere |= points_nowhere(&db, record[half], index);
		}
	}
	return nowhere ? find_nowhere(l) : 0;
}

static void copy_nodes(const struct load *l, uint32_t (*ret_node)[2]) {
	const struct mmdb db = *l->db;
	const uint32_t *value_at = l->value_at;

	for (uint32_t n = 0; n < db.node_count; n++) {
		uint32_t record[2];

		mmdb_node(&db, n, record);
		for (unsigned half = 0; half < 2; half++) {
			uint32_t leaf = GEO_LEAF + value_at[data_index(&db, record[half])];

			ret_node[n][half] = record[half] < db.node_count ? record[half] : leaf;
		}
	}
}

/* The distinct records' offsets, in the order of the file. */
static int list_values(struct load *l) {
	uint64_t *offset;

	for (uint64_t at = 0; at < l->db->data_len; at++)
		l->distinct += l->value_at[at];
	offset = l->base.offset = malloc((l->distinct + 1) * sizeof(*offset));
	if (!offset)
		return -ENOMEM;
	for (uint64_t at = 0; at < l->db->data_len; at++)
		if (l->value_at[at])
			*offset++ = l->db->data_start + at;
	return 0;
}

/* Numbers the distinct records, equal ones with the same number, that of the first. */
static int classify(struct load *l, struct mmdb_class_file *file) {
	uint64_t *offset = l->base.offset;
	uint32_t *value_of_class;
	int r = 0;

	for (uint32_t i = 0; i < l->distinct && r == 0; i++)
		r = mmdb_class(file, offset[i], &l->value_at[offset[i] - l->db->data_start], l->fault);
	if (r < 0)
		return r;
	value_of_class = calloc((size_t)file->classes->count + 1, sizeof(*value_of_class));
	if (!value_of_class)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->distinct; i++) {
		uint32_t *at = &l->value_at[offset[i] - l->db->data_start], *value = &value_of_class[*at];

		if (!*value) {
			offset[l->base.count] = offset[i];
			*value = ++l->base.count; /* one more, so that 0 is none yet */
		}
		*at = *value - 1;
	}
	free(value_of_class);
	return 0;
}

static int number_values(struct load *l) {
	struct mmdb_class_file file;
	struct mmdb_classes classes;
	int r = list_values(l);

	if (r < 0)
		return r;
	mmdb_classes_init(&classes);
	mmdb_class_file_init(&file, &classes, l->db);
	r = classify(l, &file);
	mmdb_class_file_done(&file);
	mmdb_classes_done(&classes);
	return r;
}

/* The tree does not say where it is too deep; the verifier does. */
static int too_deep(const struct load *l) {
	struct mmdb_fault fault = { "the tree goes on behind the last bit of an address", 0 };

	(void)mmdb_verify(l->db->bytes, l->db->len, mmdb_first_error, &fault, NULL);
	return fail(l, fault.what, fault.offset);
}

static int make_tree(struct load *l, struct geo_tree *t) {
	const struct mmdb *db = l->db;
	uint32_t(*node)[2] = malloc((size_t)db->node_count * sizeof(*node)), root;
	bool v4 = db->ip_version == 4;
	int r;

	if (!node)
		return -ENOMEM;
	l->value_at[db->data_len] = GEO_EMPTY - GEO_LEAF;
	copy_nodes(l, node);
	r = geo_tree_load(t, node, db->node_count, v4 ? 32 : 128, &root);
	if (r < 0)
		return r == -ELOOP ? too_deep(l) : r;
	l->base.aliases = mmdb_aliases(db);
	l->base.roots = v4 ? (struct geo_roots){ root, GEO_EMPTY } : geo_tree_split(t, root, l->base.aliases);
	return 0;
}

int mmdb_load(const struct mmdb *db, struct geo_tree *t, struct mmdb_base *ret_base, struct mmdb_fault *ret_fault) {
	struct load l = { .db = db, .fault = ret_fault };
	int r = check_size(&l);

	if (r < 0)
		return r;
	l.value_at = calloc(db->data_len + 1, sizeof(*l.value_at));
	r = l.value_at ? mark_values(&l) : -ENOMEM;
	if (r == 0)
		r = number_values(&l);
	if (r == 0)
		r = make_tree(&l, t);
	free(l.value_at);
	if (r < 0)
		free(l.base.offset);
	else
		*ret_base = l.base;
	return r;
}

void mmdb_base_done(struct mmdb_base *b) {
	free(b->offset);
	*b = (struct mmdb_base){ 0 };
}
