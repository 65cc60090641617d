/* SPDX-License-Identifier: Apache-2.0 */
/* The order of things, and the metadata: what the specification demands of it, and what readers do. */
#include "geo/mmdb_verify.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "geo/mmdb_verify_parts.h"
#include "geo/tree.h"

static void tell(struct verify *v, const char *what, uint64_t offset, bool is_error) {
	struct mmdb_fault fault = { what, offset };

	if (v->stop)
		return;
	if (is_error && v->errors < INT_MAX)
		v->errors++;
	v->stop = v->report && v->report(&fault, is_error, v->user) != 0;
}

void verify_error(struct verify *v, const char *what, uint64_t offset) {
	tell(v, what, offset, true);
}

void verify_warn(struct verify *v, const char *what, uint64_t offset) {
	tell(v, what, offset, false);
}

/* What readers insist on, beyond what mmdb_open() does. */
static const struct {
	const char *key;
	enum mmdb_type type;
	const char *missing, *other_type;
	bool optional;
} meta_rows[] = {
	{ "binary_format_major_version", MMDB_UINT16, NULL, "binary_format_major_version is no uint16", false },
	{ "binary_format_minor_version", MMDB_UINT16, "the metadata has no binary_format_minor_version",
	  "binary_format_minor_version is no uint16", false },
	{ "build_epoch", MMDB_UINT64, NULL, "build_epoch is no uint64", false },
	{ "description", MMDB_MAP, "the metadata has no description, which libmaxminddb and Go's Verify demand",
	  "description is no map", true },
	{ "ip_version", MMDB_UINT16, NULL, "ip_version is no uint16", false },
	{ "languages", MMDB_ARRAY, "the metadata has no languages, which libmaxminddb demands", "languages is no array",
	  true },
	{ "node_count", MMDB_UINT32, NULL, "node_count is no uint32", false },
	{ "record_size", MMDB_UINT16, NULL, "record_size is no uint16", false },
};

/* The texts in description and languages; their values were verified, so nothing here can fail. */
static void check_texts(struct verify *v, const struct mmdb_value *container, const char *empty, const char *no_text) {
	uint64_t at = container->content;
	struct mmdb_value item;

	if (!container->size)
		verify_warn(v, empty, container->start);
	for (uint32_t i = 0; i < container->size; i++) {
		if (container->type == MMDB_MAP)
			(void)mmdb_skip(&v->db, at, &at, NULL);
		if (mmdb_value(&v->db, at, &item, NULL) < 0)
			return;
		if (item.type != MMDB_STRING)
			verify_error(v, no_text, at);
		(void)mmdb_skip(&v->db, at, &at, NULL);
	}
}

/* The geoip2 libraries take a file only when its type has the word that goes with the call. */
static void check_type_name(struct verify *v) {
	static const char *const words[] = { "Country", "City",      "Enterprise",      "ASN",
					     "ISP",     "Anonymous", "Connection-Type", "Domain" };
	struct str type = v->db.database_type;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(type.s, type.len, words[i], strlen(words[i])))
			return;
	verify_warn(v, "database_type has none of the words that geoip2 readers look for (Country, City, ASN, ...)",
		    (uint64_t)((const uint8_t *)type.s - v->db.bytes));
}

static void check_meta(struct verify *v) {
	for (size_t i = 0; i < ARRAY_LEN(meta_rows); i++) {
		const char *const path[] = { meta_rows[i].key, NULL };
		struct mmdb_value value;

		if (mmdb_get(&v->db, v->db.meta_start, path, &value, NULL) <= 0) {
			if (meta_rows[i].missing)
				tell(v, meta_rows[i].missing, v->db.meta_start, !meta_rows[i].optional);
			continue;
		}
		if (value.type != meta_rows[i].type)
			tell(v, meta_rows[i].other_type, value.start,
			     meta_rows[i].type == MMDB_MAP || meta_rows[i].type == MMDB_ARRAY);
		else if (value.type == MMDB_MAP)
			check_texts(v, &value, "description is empty, which Go's Verify refuses",
				    "a description is no text");
		else if (value.type == MMDB_ARRAY)
			check_texts(v, &value, "languages is empty", "a language is no text");
	}
	check_type_name(v);
	if (v->db.record_bits == 32)
		verify_warn(v, "records of 32 bits, which some readers do not know", 0);
	if (v->db.ip_version == 6 && v->db.v4_root != v->db.node_count && !(mmdb_aliases(&v->db) & GEO_ALIAS_MAPPED))
		verify_warn(
			v,
			"::ffff:0:0/96 is not the IPv4 tree: readers that are asked for a mapped address find nothing",
			0);
}

static void check_separator(struct verify *v) {
	for (uint64_t at = v->db.tree_len; at < v->db.data_start; at++) {
		if (v->db.bytes[at]) {
			verify_error(v, "the 16 bytes between tree and data are not all zero", at);
			return;
		}
	}
}

static uint64_t *bits_new(uint64_t n) {
	return calloc(n / 64 + 1, sizeof(uint64_t));
}

static int verify_metadata(struct verify *v) {
	_cleanup_(freep) uint64_t *targets = bits_new(v->db.meta_len);
	int r;

	if (!targets)
		return -ENOMEM;
	bit_set(targets, 0);
	r = verify_values(v, v->db.meta_start, v->db.meta_len, targets);
	if (r == 0 && !v->errors)
		check_meta(v);
	return r;
}

static int verify_body(struct verify *v) {
	_cleanup_(freep) uint64_t *targets = bits_new(v->db.data_len);
	int r;

	if (!targets)
		return -ENOMEM;
	check_separator(v);
	r = verify_tree(v, targets);
	if (r == 0)
		r = verify_values(v, v->db.data_start, v->db.data_len, targets);
	return r;
}

int mmdb_first_error(const struct mmdb_fault *fault, bool is_error, void *user) {
	if (is_error)
		*(struct mmdb_fault *)user = *fault;
	return is_error;
}

int mmdb_verify(const void *bytes, size_t len, mmdb_report_fn report, void *user, struct mmdb_counts *ret_counts) {
	struct verify v = { .report = report, .user = user };
	struct mmdb_fault fault;
	int r;

	if (mmdb_open(bytes, len, &v.db, &fault) < 0) {
		verify_error(&v, fault.what, fault.offset);
		return v.errors;
	}
	r = verify_metadata(&v);
	if (r == 0)
		r = verify_body(&v);
	if (r < 0)
		return r;
	if (ret_counts && !v.errors)
		*ret_counts = v.counts;
	return v.errors;
}
