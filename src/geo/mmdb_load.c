/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes over the nodes. The first copies them and marks each byte of data that a record points to; the distinct
 * records are then compared (mmdb_class.h), a few hundred where there are a million of nodes. The second pass puts the
 * number of a value for its offset, which is found by counting the marks before it.
 */
#include "geo/mmdb_load.h"

#include <errno.h>

#include "geo/mmdb_class.h"
#include "geo/mmdb_verify.h"

enum { SEPARATOR = 16 };

struct load {
	const struct mmdb *db;
	struct mmdb_fault *fault;
	uint32_t (*node)[2]; /* of the file; leaves as GEO_LEAF + offset in the data, then GEO_LEAF + value */
	uint64_t *marks;     /* a bit for each byte of data */
	uint32_t *before;    /* marks before each word of them */
	uint32_t distinct;   /* marks */
	uint32_t *value_of;  /* each mark's value */
	struct mmdb_base base;
};

static int fail(const struct load *l, const char *what, uint64_t offset) {
	if (l->fault)
		*l->fault = (struct mmdb_fault){ what, offset };
	return -EBADMSG;
}

static size_t words(const struct load *l) {
	return l->db->data_len / 64 + 1;
}

static int check_size(const struct load *l) {
	if (l->db->node_count >= GEO_LEAF / 2)
		return fail(l, "2^30 nodes or more are too many for a base", l->db->meta_start);
	if (l->db->data_len >= GEO_ALIAS4 - GEO_LEAF)
		return fail(l, "2 GiB of data or more are too much for a base", l->db->data_start);
	return 0;
}

/* The leaf for a data record, or GEO_ALIAS4 when it points nowhere. */
static inline uint32_t mark(const struct load *l, uint32_t record) {
	uint64_t at = (uint64_t)record - l->db->node_count - SEPARATOR;

	if (at >= l->db->data_len)
		return GEO_ALIAS4;
	l->marks[at / 64] |= UINT64_C(1) << at % 64;
	return GEO_LEAF + (uint32_t)at;
}

static int read_nodes(const struct load *l) {
	uint32_t count = l->db->node_count;

	for (uint32_t n = 0; n < count; n++) {
		uint32_t *both = l->node[n];

		mmdb_node(l->db, n, both);
		for (unsigned half = 0; half < 2; half++) {
			if (both[half] < count)
				continue;
			both[half] = both[half] == count ? GEO_EMPTY : mark(l, both[half]);
			if (both[half] == GEO_ALIAS4)
				return fail(l, "a record of the tree points outside the data section",
					    mmdb_record_offset(l->db, n, half));
		}
	}
	return 0;
}

/* Counts the marks before each word of them; the distinct records' offsets, in the order of the file. */
static int count_marks(struct load *l) {
	uint64_t *offset;

	for (size_t w = 0; w < words(l); w++) {
		l->before[w] = l->distinct;
		l->distinct += (uint32_t)__builtin_popcountll(l->marks[w]);
	}
	offset = malloc((l->distinct + 1) * sizeof(*offset));
	l->value_of = malloc((l->distinct + 1) * sizeof(*l->value_of));
	l->base.offset = offset;
	if (!offset || !l->value_of)
		return -ENOMEM;
	for (size_t w = 0; w < words(l); w++)
		for (uint64_t bits = l->marks[w]; bits; bits &= bits - 1)
			*offset++ = l->db->data_start + w * 64 + (unsigned)__builtin_ctzll(bits);
	return 0;
}

/* Puts a class for each record, and then the number of the first record of that class. */
static int classify(struct load *l, struct mmdb_class_file *file) {
	uint32_t *value_of_class;
	int r = 0;

	for (uint32_t i = 0; i < l->distinct && r == 0; i++)
		r = mmdb_class(file, l->base.offset[i], &l->value_of[i], l->fault);
	if (r < 0)
		return r;
	value_of_class = calloc((size_t)file->classes->count + 1, sizeof(*value_of_class));
	if (!value_of_class)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->distinct; i++) {
		uint32_t *value = &value_of_class[l->value_of[i]]; /* and one more */

		if (!*value) {
			l->base.offset[l->base.count] = l->base.offset[i];
			*value = ++l->base.count;
		}
		l->value_of[i] = *value - 1;
	}
	free(value_of_class);
	return 0;
}

static int number_values(struct load *l) {
	struct mmdb_class_file file;
	struct mmdb_classes classes;
	int r = count_marks(l);

	if (r < 0)
		return r;
	mmdb_classes_init(&classes);
	mmdb_class_file_init(&file, &classes, l->db);
	r = classify(l, &file);
	mmdb_class_file_done(&file);
	mmdb_classes_done(&classes);
	return r;
}

static inline uint32_t leaf_of(const struct load *l, uint32_t leaf) {
	uint32_t at = leaf - GEO_LEAF;
	uint64_t before = l->marks[at / 64] & ((UINT64_C(1) << at % 64) - 1);

	return GEO_LEAF + l->value_of[l->before[at / 64] + (unsigned)__builtin_popcountll(before)];
}

static int keep_first_error(const struct mmdb_fault *fault, bool is_error, void *user) {
	if (is_error)
		*(struct mmdb_fault *)user = *fault;
	return is_error;
}

/* The tree does not say where it is too deep; the verifier does. */
static int too_deep(const struct load *l) {
	struct mmdb_fault fault = { "the tree goes on behind the last bit of an address", 0 };

	(void)mmdb_verify(l->db->bytes, l->db->len, keep_first_error, &fault, NULL);
	return fail(l, fault.what, fault.offset);
}

static int make_tree(struct load *l, struct geo_tree *t) {
	bool v4 = l->db->ip_version == 4;
	uint32_t root;
	int r;

	for (uint32_t n = 0; n < l->db->node_count; n++)
		for (unsigned half = 0; half < 2; half++)
			if (geo_is_leaf(l->node[n][half]))
				l->node[n][half] = leaf_of(l, l->node[n][half]);
	r = geo_tree_load(t, TAKE_PTR(l->node), l->db->node_count, v4 ? 32 : 128, &root);
	if (r < 0)
		return r == -ELOOP ? too_deep(l) : r;
	l->base.aliases = mmdb_aliases(l->db);
	l->base.roots = v4 ? (struct geo_roots){ root, GEO_EMPTY } : geo_tree_split(t, root, l->base.aliases);
	return 0;
}

int mmdb_load(const struct mmdb *db, struct geo_tree *t, struct mmdb_base *ret_base, struct mmdb_fault *ret_fault) {
	struct load l = { .db = db, .fault = ret_fault };
	int r = check_size(&l);

	if (r < 0)
		return r;
	l.node = malloc((size_t)db->node_count * sizeof(*l.node));
	l.marks = calloc(words(&l), sizeof(*l.marks));
	l.before = malloc(words(&l) * sizeof(*l.before));
	r = l.node && l.marks && l.before ? read_nodes(&l) : -ENOMEM;
	if (r == 0)
		r = number_values(&l);
	if (r == 0)
		r = make_tree(&l, t);
	free(l.node);
	free(l.marks);
	free(l.before);
	free(l.value_of);
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
