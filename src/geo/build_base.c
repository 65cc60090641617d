/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's records are turned into leaves in two passes: the first marks the offsets that records point to, one bit a
 * byte of data; the second replaces each offset by its rank among the marked ones.
 */
#include "geo/build_base.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "geo/mmdb_value.h"
#include "geo/rows.h"

enum { WORD_BITS = 64, LANGUAGES_MAX = 64 };

void build_base_done(struct build_base *b) {
	arena_done(&b->arena);
}

int build_base_fault(const struct geo_spec *spec, struct diags *diags, const struct mmdb_fault *fault) {
	diag_error(diags, "geo-base", (struct loc){ 0 }, "'hextet geo verify' finds everything that is wrong with it",
		   "%s: offset %" PRIu64 " (0x%" PRIx64 "): %s", spec->text, fault->offset, fault->offset, fault->what);
	return -EBADMSG;
}

/* Offsets of the data section that records point to, and how many there are before each word. */
struct marks {
	uint64_t *bits;
	uint32_t *before;
};

static uint32_t rank(const struct marks *m, uint32_t offset) {
	uint64_t below = m->bits[offset / WORD_BITS] & ((UINT64_C(1) << offset % WORD_BITS) - 1);

	return m->before[offset / WORD_BITS] + (uint32_t)__builtin_popcountll(below);
}

/* The nodes with GEO_LEAF + offset in the data section for records of data. */
static int read_nodes(const struct mmdb *db, uint32_t (*node)[2], struct marks *m, struct mmdb_fault *fault) {
	for (uint32_t n = 0; n < db->node_count; n++) {
		uint32_t records[2];

		mmdb_node(db, n, records);
		for (int half = 0; half < 2; half++) {
			if (records[half] <= db->node_count) {
				node[n][half] = records[half] == db->node_count ? GEO_EMPTY : (uint32_t)records[half];
				continue;
			}
			uint32_t offset = records[half] - db->node_count - 16;
			if (records[half] - db->node_count < 16 || offset >= db->data_len) {
				*fault = (struct mmdb_fault){ "a record points outside the data section",
							      (uint64_t)n * (db->record_bits / 4) };
				return -EBADMSG;
			}
			m->bits[offset / WORD_BITS] |= UINT64_C(1) << offset % WORD_BITS;
			node[n][half] = GEO_LEAF + (uint32_t)offset;
		}
	}
	return 0;
}

static void number_records(struct build_base *b, uint32_t (*node)[2], struct marks *m) {
	size_t words = b->db.data_len / WORD_BITS + 1;
	uint64_t *offset;

	for (size_t w = 0; w < words; w++) {
		m->before[w] = b->count;
		b->count += (uint32_t)__builtin_popcountll(m->bits[w]);
	}
	offset = arena_array(&b->arena, uint64_t, b->count);
	b->offset = offset;
	for (size_t w = 0; w < words; w++)
		for (uint64_t bits = m->bits[w]; bits; bits &= bits - 1)
			*offset++ = b->db.data_start + w * WORD_BITS + (unsigned)__builtin_ctzll(bits);
	for (uint32_t n = 0; n < b->db.node_count; n++)
		for (int half = 0; half < 2; half++)
			if (geo_is_leaf(node[n][half]))
				node[n][half] = GEO_LEAF + rank(m, node[n][half] - GEO_LEAF);
}

static int load_tree(struct build_base *b, struct geo_tree *tree, struct mmdb_fault *fault) {
	size_t words = b->db.data_len / WORD_BITS + 1;
	struct marks m = { calloc(words, sizeof(*m.bits)), calloc(words, sizeof(*m.before)) };
	uint32_t(*node)[2] = malloc((size_t)b->db.node_count * sizeof(*node));
	uint32_t root;
	int r = m.bits && m.before && node ? read_nodes(&b->db, node, &m, fault) : -ENOMEM;

	if (r == 0) {
		number_records(b, node, &m);
		r = geo_tree_load(tree, TAKE_PTR(node), b->db.node_count, 128, &root);
		*fault = (struct mmdb_fault){ "the search tree is deeper than an address has bits", 0 };
	}
	if (r == 0) {
		b->aliases = mmdb_aliases(&b->db);
		b->roots = geo_tree_split(tree, root, b->aliases);
	}
	free(node);
	free(m.bits);
	free(m.before);
	return r == -ELOOP ? -EBADMSG : r;
}

/* The languages that the file's metadata name, which the new file keeps. */
static void read_languages(struct build_base *b) {
	static const char *const path[] = { "languages", NULL };
	const char **languages;
	struct mmdb_value list, v;
	uint64_t at;
	uint32_t n = 0;

	if (mmdb_get(&b->db, b->db.meta_start, path, &list, NULL) != 1 || list.type != MMDB_ARRAY)
		return;
	languages = arena_array(&b->arena, const char *, LANGUAGES_MAX + 1);
	at = list.content;
	for (uint32_t i = 0; i < list.size && n < LANGUAGES_MAX; i++) {
		if (mmdb_value(&b->db, at, &v, NULL) < 0 || v.type != MMDB_STRING)
			return;
		languages[n++] = arena_dup(&b->arena, v.text.s, v.text.len);
		at = v.next;
	}
	b->languages = n ? languages : NULL;
}

/* What a file must be to be a base. NULL, or what is wrong. */
static const char *unfit(const struct mmdb *db) {
	if (db->ip_version != 6)
		return "it has IPv4 networks only; a base has both families";
	if (db->data_len >= GEO_ALIAS4 - GEO_LEAF || db->node_count >= GEO_LEAF / 2)
		return "it is too large for a base: 2^30 nodes and 2 GiB of data are the most";
	return NULL;
}

static int load_file(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree, struct build_base *b) {
	struct mmdb_fault fault = { "", 0 };
	const char *wrong;
	char *bytes;
	size_t len;
	int r = file_read(&b->arena, spec->place, SIZE_MAX / 4, &bytes, &len);

	if (r < 0) {
		diag_error(diags, "geo-base", (struct loc){ 0 }, NULL, "cannot read %s: %s", spec->text, strerror(-r));
		return r;
	}
	if (mmdb_open(bytes, len, &b->db, &fault) < 0)
		return build_base_fault(spec, diags, &fault);
	wrong = unfit(&b->db);
	if (wrong) {
		diag_error(diags, "geo-base", (struct loc){ 0 }, NULL, "%s: %s", spec->text, wrong);
		return -EBADMSG;
	}
	b->is_mmdb = true;
	b->database_type = arena_dup(&b->arena, b->db.database_type.s, b->db.database_type.len);
	read_languages(b);
	r = load_tree(b, tree, &fault);
	return r == -EBADMSG ? build_base_fault(spec, diags, &fault) : r;
}

static int load_rows(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree, struct build_base *b) {
	struct geo_rows rows;
	int r;

	b->aliases = GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4;
	geo_rows_init(&rows, diags);
	r = spec->source->read(spec, &rows.sink);
	if (r == 0 && diags->count[SEVERITY_ERROR])
		r = -EINVAL;
	if (r == 0)
		r = geo_rows_compile(&rows, tree, &b->roots);
	geo_rows_done(&rows);
	return r;
}

int build_base_load(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree,
		    struct build_base *ret_base) {
	struct build_base b = { .count = 0 };
	bool is_file = strcmp(spec->source->name, "mmdb") == 0;
	int r = is_file ? load_file(spec, diags, tree, &b) : load_rows(spec, diags, tree, &b);

	if (r < 0)
		build_base_done(&b);
	else
		*ret_base = b;
	return r;
}
