/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both layouts are one pass that hands out nodes in the order of their numbers; a record is a node's number, the number
 * of nodes for "nothing", or that plus 16 plus an offset in the data section.
 *
 * Shared: geo_tree_number() says which number a node has. Reference: the tree is walked as if nothing were shared. In
 * preorder the left half of node k is k + 1, and the right half comes behind all of the left, so that only the sizes of
 * subtrees have to be known, one number for each shared node. The IPv4 tree is in its place at ::/96 only: 96 steps to
 * the left, hence it is node 96, and the aliases name that.
 */
#include "geo/mmdb_write.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

enum { SEPARATOR = 16, CHUNK = 1 << 18, V4_NODE = 96 /* its number in the reference layout */ };

struct writer {
	const struct geo_tree *tree;
	const uint32_t *value_offset;
	int fd;
	unsigned bits;
	uint64_t nodes;
	uint32_t v4_root; /* record at ::/96 */
	uint32_t *number; /* shared: of each node */
	uint64_t *size;   /* reference: nodes of each subtree, without those of the IPv4 tree when that is below */
	uint64_t v4_size; /* reference: nodes of the IPv4 tree */
	uint8_t *chunk;
	size_t used;
};

/* --- metadata --- */

static void put_meta(struct mmdb_data *d, const struct mmdb_meta *meta, uint64_t node_count, unsigned record_bits,
		     unsigned ip_version) {
	static const char *const english[] = { "en", NULL };
	const char *const *language = meta->languages && meta->languages[0] ? meta->languages : english;
	uint32_t languages = 0;

	while (language[languages])
		languages++;
	mmdb_data_map(d, 9);
	mmdb_data_text(d, STR("binary_format_major_version"));
	mmdb_data_uint(d, MMDB_UINT16, 0, 2);
	mmdb_data_text(d, STR("binary_format_minor_version"));
	mmdb_data_uint(d, MMDB_UINT16, 0, 0);
	mmdb_data_text(d, STR("build_epoch"));
	mmdb_data_uint(d, MMDB_UINT64, 0, meta->build_epoch);
	mmdb_data_text(d, STR("database_type"));
	mmdb_data_text(d, str_of(meta->database_type));
	mmdb_data_text(d, STR("description"));
	mmdb_data_map(d, 1);
	mmdb_data_text(d, STR("en"));
	mmdb_data_text(d, str_of(meta->description));
	mmdb_data_text(d, STR("ip_version"));
	mmdb_data_uint(d, MMDB_UINT16, 0, ip_version);
	mmdb_data_text(d, STR("languages"));
	mmdb_data_array(d, languages);
	for (uint32_t i = 0; i < languages; i++)
		mmdb_data_text(d, str_of(language[i]));
	mmdb_data_text(d, STR("node_count"));
	mmdb_data_uint(d, MMDB_UINT32, 0, node_count);
	mmdb_data_text(d, STR("record_size")); /* the last: no container, which libmaxminddb 1.13.0 stumbles over */
	mmdb_data_uint(d, MMDB_UINT16, 0, record_bits);
}

int mmdb_write_meta(const struct mmdb_meta *meta, uint64_t node_count, unsigned record_bits, unsigned ip_version,
		    char **ret_bytes, size_t *ret_len) {
	static const char marker[] = "\xab\xcd\xefMaxMind.com";
	struct mmdb_data *d = mmdb_data_new();
	struct str section;
	char *bytes = NULL;
	uint32_t at;
	int r;

	mmdb_data_plain(d);
	put_meta(d, meta, node_count, record_bits, ip_version);
	r = mmdb_data_end(d, &at);
	section = mmdb_data_section(d);
	if (r == 0 && section.len + sizeof(marker) - 1 > 128 << 10)
		r = -E2BIG;
	if (r == 0 && !(bytes = malloc(section.len + sizeof(marker))))
		r = -ENOMEM;
	if (bytes) {
		memcpy(bytes, marker, sizeof(marker) - 1);
		memcpy(bytes + sizeof(marker) - 1, section.s, section.len);
		*ret_bytes = bytes;
		*ret_len = section.len + sizeof(marker) - 1;
	}
	mmdb_data_free(d);
	return r;
}

/* --- nodes --- */

int mmdb_write_record_bits(uint64_t largest, unsigned asked_bits, unsigned *ret_bits) {
	unsigned needed = largest >> 24 == 0 ? 24 : largest >> 28 == 0 ? 28 : 32;

	if (largest >> 32)
		return -E2BIG;
	if (asked_bits && asked_bits != 24 && asked_bits != 28 && asked_bits != 32)
		return -EINVAL;
	if (asked_bits && asked_bits < needed)
		return -ERANGE;
	*ret_bits = asked_bits ? asked_bits : needed;
	return 0;
}

static int flush(struct writer *w) {
	int r = file_write_fd(w->fd, w->chunk, w->used);

	w->used = 0;
	return r;
}

static inline int put_node(struct writer *w, uint32_t left, uint32_t right) {
	if (w->used > CHUNK - 8) {
		int r = flush(w);

		if (r < 0)
			return r;
	}
	w->used += mmdb_write_node(w->chunk + w->used, w->bits, left, right);
	return 0;
}

/* The record for "nothing" or for a leaf. */
static inline uint32_t leaf_number(const struct writer *w, uint32_t record) {
	return (uint32_t)(record == GEO_EMPTY ? w->nodes : w->nodes + SEPARATOR + w->value_offset[record - GEO_LEAF]);
}

/* An alias stands for the record at ::/96. */
static inline uint32_t resolve(const struct writer *w, uint32_t record) {
	return record == GEO_ALIAS4 ? w->v4_root : record;
}

/* Nodes and leaves follow each other as by chance, so a branch would be guessed wrongly; both are looked up instead. */
static inline uint32_t shared_number(const struct writer *w, uint32_t record) {
	uint32_t is_node, is_leaf, node, leaf;

	record = resolve(w, record);
	is_node = 0U - geo_is_node(record);
	is_leaf = 0U - geo_is_leaf(record);
	node = w->number[record & is_node];
	leaf = (uint32_t)w->nodes + (is_leaf & (SEPARATOR + w->value_offset[(record - GEO_LEAF) & is_leaf]));
	return (node & is_node) | (leaf & ~is_node);
}

static int write_shared(struct writer *w, uint32_t *node_of) {
	int r = 0;

	for (uint32_t n = 0; n < w->tree->count; n++)
		if (w->number[n] != GEO_EMPTY)
			node_of[w->number[n]] = n;
	for (uint64_t i = 0; i < w->nodes && r == 0; i++) {
		const uint32_t *node = w->tree->node[node_of[i]];

		r = put_node(w, shared_number(w, node[0]), shared_number(w, node[1]));
	}
	return r;
}

/* --- reference layout --- */

static inline uint64_t size_of(const struct writer *w, uint32_t record) {
	return geo_is_node(record) && record != w->v4_root ? w->size[record] : 0;
}

/* A node comes behind those it names, so one pass knows all sizes. They stop at 2^32, which no file can hold. */
static uint64_t measure(struct writer *w, uint32_t root) {
	const struct geo_tree *t = w->tree;

	for (uint32_t n = 0; n <= root; n++) {
		uint64_t sum = 1 + size_of(w, t->node[n][0]) + size_of(w, t->node[n][1]);

		w->size[n] = MIN(sum, UINT64_C(1) << 32);
	}
	w->v4_size = geo_is_node(w->v4_root) ? w->size[w->v4_root] : 0;
	return w->size[root] + w->v4_size;
}

static uint32_t reference_number(const struct writer *w, uint32_t record, uint64_t number) {
	record = resolve(w, record);
	if (!geo_is_node(record))
		return leaf_number(w, record);
	return record == w->v4_root ? V4_NODE : (uint32_t)number;
}

/* The nodes left to write: a right half waits for all of its left. At most one for each level. */
static int write_reference(struct writer *w, uint32_t root) {
	struct {
		uint32_t node;
		uint64_t number;
	} todo[130] = { { root, 0 } };
	unsigned n = 1;
	int r = 0;

	while (n && r == 0) {
		uint64_t number = todo[--n].number, behind_left;
		const uint32_t *node = w->tree->node[todo[n].node];
		bool left_is_home =
			number == V4_NODE - 1; /* the first 97 numbers are the way to IPv4, if it is a node */

		behind_left = number + 1 + size_of(w, node[0]) + (number < V4_NODE ? w->v4_size : 0);
		r = put_node(w, reference_number(w, node[0], number + 1), reference_number(w, node[1], behind_left));
		if (geo_is_node(node[1]) && node[1] != w->v4_root) {
			todo[n].node = node[1];
			todo[n++].number = behind_left;
		}
		if (geo_is_node(node[0]) && (node[0] != w->v4_root || left_is_home)) {
			todo[n].node = node[0];
			todo[n++].number = number + 1;
		}
	}
	return r;
}

/* --- the file --- */

static uint32_t find_v4(const struct geo_tree *t, uint32_t root) {
	for (unsigned depth = 0; depth < 96 && geo_is_node(root); depth++)
		root = t->node[root][0];
	return root;
}

static int write_ends(struct writer *w, struct str data, const struct mmdb_meta *meta, uint64_t *ret_bytes) {
	_cleanup_(freep) char *metadata = NULL;
	static const uint8_t separator[SEPARATOR];
	size_t metadata_len = 0;
	int r = mmdb_write_meta(meta, w->nodes, w->bits, 6, &metadata, &metadata_len);

	if (r == 0)
		r = flush(w);
	if (r == 0)
		r = file_write_fd(w->fd, separator, sizeof(separator));
	if (r == 0)
		r = file_write_fd(w->fd, data.s, data.len);
	if (r == 0)
		r = file_write_fd(w->fd, metadata, metadata_len);
	*ret_bytes = w->nodes * (w->bits / 4) + SEPARATOR + data.len + metadata_len;
	return r;
}

/* How many nodes the layout has. */
static uint64_t number_nodes(struct writer *w, struct arena *a, uint32_t root, enum mmdb_layout layout) {
	if (layout == MMDB_LAYOUT_REFERENCE) {
		w->size = arena_array(a, uint64_t, w->tree->count);
		return measure(w, root);
	}
	w->number = arena_array(a, uint32_t, w->tree->count);
	return geo_tree_number(w->tree, root, w->number);
}

static int write_all(struct writer *w, struct arena *a, uint32_t root, const struct mmdb_data *data,
		     const struct mmdb_meta *meta, enum mmdb_layout layout, struct mmdb_stats *ret_stats) {
	static const uint32_t no_offset[1];
	struct mmdb_stats stats = { 0 };
	uint64_t largest;
	int r;

	if (!mmdb_data_section(data).len)
		w->value_offset = no_offset;
	w->v4_root = find_v4(w->tree, root);
	w->nodes = number_nodes(w, a, root, layout);
	largest = w->nodes + SEPARATOR + mmdb_data_last(data);
	r = mmdb_write_record_bits(largest, meta->record_bits, &w->bits);
	if (r < 0)
		return r;
	w->chunk = arena_alloc(a, CHUNK);
	r = layout == MMDB_LAYOUT_REFERENCE ? write_reference(w, root)
					    : write_shared(w, arena_array(a, uint32_t, w->nodes));
	if (r == 0)
		r = write_ends(w, mmdb_data_section(data), meta, &stats.bytes);
	if (r < 0)
		return r;
	stats.nodes = w->nodes;
	stats.record_bits = w->bits;
	*ret_stats = stats;
	return 0;
}

int mmdb_write(int fd, const struct geo_tree *t, uint32_t root, const uint32_t *value_offset,
	       const struct mmdb_data *data, const struct mmdb_meta *meta, enum mmdb_layout layout,
	       struct mmdb_stats *ret_stats) {
	struct writer w = { .tree = t, .value_offset = value_offset, .fd = fd };
	struct arena a = { 0 };
	int r = geo_is_node(root) && root < t->count ? 0 : -EINVAL;

	if (r == 0)
		r = write_all(&w, &a, root, data, meta, layout, ret_stats);
	arena_done(&a);
	return r;
}
