/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An existing database as rows: each network with the country that its record names; records that name none are left
 * out. A base is not read this way, but as it is (build_base.c): its records say more than a country.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "geo/country.h"
#include "geo/mmdb_value.h"
#include "geo/mmdb_verify.h"
#include "geo/source.h"

/* Rows are kept in memory, and a file of a few nodes that are shared can have 2^128 networks. */
#define NETWORKS_MAX (UINT64_C(1) << 26)

struct reading {
	const struct mmdb *db;
	struct geo_sink *sink;
	struct loc loc;
	struct mmdb_fault fault;
	struct geo_row row; /* the last one; its id counts the networks */
	uint64_t offset;    /* of the last record */
	bool has_country;   /* that it names */
};

static int learn(struct reading *r, uint64_t offset) {
	const struct country *c;
	char code[3];
	int known;

	if (r->offset == offset)
		return 0;
	known = mmdb_country(r->db, offset, code, &r->fault);
	if (known < 0)
		return known;
	r->offset = offset;
	r->has_country = known == 1;
	c = known ? country_of_code(code) : NULL;
	if (c)
		r->row.value = country_index(c);
	else if (known)
		diag_error(r->sink->diags, "geo-country", r->loc, NULL,
			   "the record at offset %" PRIu64 " has the country \"%s\", which there is not", offset, code);
	return 0;
}

static int add_network(const struct mmdb_network *n, void *user) {
	struct reading *r = user;
	int e = learn(r, n->offset);

	if (e < 0)
		return e;
	r->row.id++;
	r->row.range = (struct range){ prefix_first(n->prefix), prefix_last(n->prefix) };
	return r->has_country ? r->sink->add(r->sink, &r->row) : 0;
}

static int broken(const struct reading *r, const struct geo_spec *spec) {
	diag_error(r->sink->diags, "geo-source", r->loc, "'hextet geo verify' finds everything that is wrong with it",
		   "%s: offset %" PRIu64 " (0x%" PRIx64 "): %s", spec->place, r->fault.offset, r->fault.offset,
		   r->fault.what);
	return -EBADMSG;
}

/* Whether the file is good, and its networks can all be rows. */
static int check(struct reading *r, const struct geo_spec *spec, const void *bytes, size_t len) {
	struct mmdb_counts counts = { 0 };
	int errors = mmdb_verify(bytes, len, mmdb_first_error, &r->fault, &counts);

	if (errors)
		return errors < 0 ? errors : -EBADMSG;
	if (counts.networks <= NETWORKS_MAX)
		return 0;
	diag_error(r->sink->diags, "geo-source", r->loc,
		   "name it with --base, where networks that share their nodes cost nothing",
		   "%s has %" PRIu64 " networks, and %" PRIu64 " are the most that become rows", spec->place,
		   counts.networks, NETWORKS_MAX);
	return -EINVAL;
}

static int mmdb_read(const struct geo_spec *spec, struct geo_sink *sink) {
	struct loc loc = geo_spec_loc(spec, sink->diags);
	struct reading reading = { .sink = sink, .loc = loc, .row = { .created = GEO_NEVER } };
	struct arena arena = { 0 };
	struct mmdb db;
	char *bytes;
	size_t len;
	int r = file_read(&arena, spec->place, MMDB_FILE_MAX, &bytes, &len);

	if (r < 0)
		diag_error(sink->diags, "geo-source", loc, r == -EFBIG ? MMDB_FILE_MAX_HINT : NULL,
			   "cannot read %s: %s", spec->place, strerror(-r));
	if (r == 0) {
		r = mmdb_open(bytes, len, &db, &reading.fault);
		reading.db = &db;
		if (r == 0)
			r = check(&reading, spec, bytes, len);
		if (r == 0)
			r = sink->begin(sink, loc.file);
		if (r == 0)
			r = mmdb_each(&db, false, add_network, &reading, &reading.fault);
		if (r == -EBADMSG)
			r = broken(&reading, spec);
	}
	arena_done(&arena);
	return r;
}

const struct geo_source geo_source_mmdb = {
	.name = "mmdb",
	.summary = "a MaxMind DB file: as base with all of its records, else the countries of its networks",
	.read = mmdb_read,
};
