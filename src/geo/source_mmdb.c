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
#include "geo/source.h"

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
