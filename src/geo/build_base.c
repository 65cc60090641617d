/* SPDX-License-Identifier: Apache-2.0 */
#include "geo/build_base.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "geo/mmdb_value.h"
#include "geo/rows.h"

enum { LANGUAGES_MAX = 64 };

void build_base_done(struct build_base *b) {
	mmdb_base_done(&b->file);
	arena_done(&b->arena);
}

int build_base_fault(const struct geo_spec *spec, struct diags *diags, const struct mmdb_fault *fault) {
	diag_error(diags, "geo-base", (struct loc){ 0 }, "'hextet geo verify' finds everything that is wrong with it",
		   "%s: offset %" PRIu64 " (0x%" PRIx64 "): %s", spec->text, fault->offset, fault->offset, fault->what);
	return -EBADMSG;
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

/*
 * Rows about ::ffff:0:0/96 and 2002::/16 are taken as IPv4 or left out, because the IPv4 address inside answers there
 * (policy.h). So it must over a base too; but what the base itself says of 2002::/16 stays. A base of which IPv4 is one
 * answer, or none, has no node there that would show what its writer meant.
 */
static unsigned aliases_over(const struct geo_tree *t, const struct mmdb_base *b) {
	static const struct prefix sixtofour = { { UINT64_C(0x2002) << 48, 0 }, 16 };
	unsigned len;
	uint32_t record = geo_tree_find(t, b->roots.v6, sixtofour.ip, FAMILY_6, &len);
	bool says_else = len > sixtofour.len || (record != GEO_EMPTY && record != b->roots.v4);

	return b->aliases | GEO_ALIAS_MAPPED | (says_else ? 0U : (unsigned)GEO_ALIAS_6TO4);
}

static int load_file(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree, struct build_base *b) {
	struct mmdb_fault fault = { "", 0 };
	char *bytes;
	size_t len;
	int r = file_read(&b->arena, spec->place, MMDB_FILE_MAX, &bytes, &len);

	if (r < 0) {
		diag_error(diags, "geo-base", (struct loc){ 0 }, r == -EFBIG ? MMDB_FILE_MAX_HINT : NULL,
			   "cannot read %s: %s", spec->text, strerror(-r));
		return r;
	}
	if (mmdb_open(bytes, len, &b->db, &fault) < 0)
		return build_base_fault(spec, diags, &fault);
	if (b->db.ip_version != 6) {
		diag_error(diags, "geo-base", (struct loc){ 0 }, "take the edition of it that has IPv6 too",
			   "%s has IPv4 networks only", spec->text);
		return -EBADMSG;
	}
	b->is_mmdb = true;
	b->database_type = arena_dup(&b->arena, b->db.database_type.s, b->db.database_type.len);
	read_languages(b);
	r = mmdb_load(&b->db, tree, &b->file, &fault);
	if (r < 0)
		return r == -EBADMSG ? build_base_fault(spec, diags, &fault) : r;
	b->file.aliases = aliases_over(tree, &b->file);
	return 0;
}

static int load_rows(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree, struct build_base *b) {
	struct geo_rows rows;
	int r;

	b->file.aliases = GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4;
	geo_rows_init(&rows, diags);
	r = spec->source->read(spec, &rows.sink);
	if (r == 0 && diags->count[SEVERITY_ERROR])
		r = -EINVAL;
	if (r == 0)
		b->file.roots = geo_rows_compile(&rows, tree);
	geo_rows_done(&rows);
	return r;
}

int build_base_load(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree,
		    struct build_base *ret_base) {
	struct build_base b = { .is_mmdb = false };
	bool is_file = strcmp(spec->source->name, "mmdb") == 0;
	int r = is_file ? load_file(spec, diags, tree, &b) : load_rows(spec, diags, tree, &b);

	if (r < 0)
		build_base_done(&b);
	else
		*ret_base = b;
	return r;
}
