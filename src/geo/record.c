/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A corrected record is written once, to a section that is thrown away: mmdb_data gives equal values one offset, so the
 * offset tells whether the base, or an earlier correction, says the same already. Then there is no new value, and the
 * tree stays the smallest that has these answers. What is used in the end is written again, in order.
 */
#include "geo/record.h"

#include <errno.h>
#include <string.h>

#include "base/map.h"

enum what {
	WHAT_KEEP,
	WHAT_DROP,
	WHAT_COUNTRY, /* an object, or a text: code or name */
	WHAT_CONTINENT,
	WHAT_COUNTRY_CODE,
	WHAT_COUNTRY_NAME,
	WHAT_CONTINENT_CODE,
	WHAT_CONTINENT_NAME,
};

static const struct {
	const char *key;
	enum what what;
} rules[] = {
	{ "country", WHAT_COUNTRY },
	{ "continent", WHAT_CONTINENT },
	{ "country_code", WHAT_COUNTRY_CODE },
	{ "iso_code", WHAT_COUNTRY_CODE },
	{ "country_name", WHAT_COUNTRY_NAME },
	{ "continent_code", WHAT_CONTINENT_CODE },
	{ "continent_name", WHAT_CONTINENT_NAME },
	{ "city", WHAT_DROP },
	{ "location", WHAT_DROP },
	{ "postal", WHAT_DROP },
	{ "subdivisions", WHAT_DROP },
	{ "region", WHAT_DROP },
	{ "region_code", WHAT_DROP },
	{ "region_name", WHAT_DROP },
	{ "state1", WHAT_DROP },
	{ "state2", WHAT_DROP },
	{ "district", WHAT_DROP },
	{ "postal_code", WHAT_DROP },
	{ "postcode", WHAT_DROP },
	{ "latitude", WHAT_DROP },
	{ "longitude", WHAT_DROP },
	{ "lat", WHAT_DROP },
	{ "lng", WHAT_DROP },
	{ "timezone", WHAT_DROP },
	{ "time_zone", WHAT_DROP },
};

/* Offsets of the objects that the base has for a country; 0 is none (no value begins a file). */
struct donor {
	uint64_t country, continent;
};

/* A corrected record: country `country` over value `below`, or GEO_EMPTY. */
struct correction {
	uint32_t country, below;
};

struct geo_records {
	const struct mmdb *base;
	const uint64_t *offset;
	uint32_t base_count;
	const struct country *table;
	VEC(struct correction) made;
	/* From the first correction on: */
	struct mmdb_data *scratch;
	struct donor *donor; /* for each country */
	uint32_t model;      /* the first value with a country, or base_count */
	bool has_continents;
	struct arena arena;
	uint32_t *kind; /* for each value: what a correction keeps of it, see kind_of(); 0: not yet asked for */
	struct map value_of_pair, value_of_offset; /* to value + 1 */
	struct mmdb_fault fault;
	int error;
};

struct geo_records *geo_records_new(const struct mmdb *base, const uint64_t *offset, uint32_t count) {
	struct arena arena = { 0 };
	struct geo_records *r = arena_new(&arena, struct geo_records);
	size_t countries;

	r->table = country_table(&countries);
	r->base = base;
	r->offset = offset;
	r->base_count = base ? count : (uint32_t)countries;
	r->donor = arena_array(&arena, struct donor, countries);
	r->arena = arena;
	map_init(&r->value_of_pair, &r->arena);
	map_init(&r->value_of_offset, &r->arena);
	return r;
}

void geo_records_free(struct geo_records *r) {
	struct arena arena;

	if (!r)
		return;
	mmdb_data_free(r->scratch);
	map_done(&r->value_of_pair);
	map_done(&r->value_of_offset);
	vec_done(&r->made);
	arena = r->arena;
	arena_done(&arena);
}

uint32_t geo_records_count(const struct geo_records *r) {
	return r->base_count + (uint32_t)r->made.n;
}

/* The first failure is the one to tell of. */
static void fail(struct geo_records *r, int error, struct mmdb_fault fault) {
	if (r->error || error >= 0)
		return;
	r->error = error;
	r->fault = fault;
}

int geo_records_fault(const struct geo_records *r, struct mmdb_fault *ret_fault) {
	if (r->error)
		*ret_fault = r->fault;
	return r->error;
}

static void put_country(struct mmdb_data *d, const struct country *c) {
	mmdb_data_map(d, 3);
	mmdb_data_text(d, STR("iso_code"));
	mmdb_data_text(d, str_of(c->code));
	mmdb_data_text(d, STR("names"));
	mmdb_data_map(d, 1);
	mmdb_data_text(d, STR("en"));
	mmdb_data_text(d, str_of(c->name));
	mmdb_data_text(d, STR("is_in_european_union"));
	mmdb_data_uint(d, MMDB_BOOL, 0, c->in_eu);
}

static void put_continent(struct mmdb_data *d, const struct country *c) {
	mmdb_data_map(d, 2);
	mmdb_data_text(d, STR("code"));
	mmdb_data_text(d, str_of(c->continent));
	mmdb_data_text(d, STR("names"));
	mmdb_data_map(d, 1);
	mmdb_data_text(d, STR("en"));
	mmdb_data_text(d, str_of(continent_name(c->continent)));
}

static void put_copy(struct geo_records *r, struct mmdb_data *d, uint64_t offset) {
	struct mmdb_fault fault;
	int error = mmdb_data_copy(d, r->base, offset, &fault);

	if (error < 0) {
		fail(r, error, fault);
		mmdb_data_map(d, 0); /* in its place, so that the value becomes complete */
	}
}

static enum what what_of(struct str key) {
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (str_is(key, rules[i].key))
			return rules[i].what;
	return WHAT_KEEP;
}

/* A member of a new record; offset 0: the base's record does not have it. */
struct member {
	struct str key;
	enum what what;
	uint64_t offset;
};

typedef VEC(struct member) members;

/* What the new record has of an old one; `only_country`: its country's members alone. */
static int read_members(struct geo_records *r, uint64_t offset, bool only_country, members *m) {
	struct mmdb_value map = { 0 }, key;
	struct mmdb_fault fault;
	uint64_t at, value;
	int error = mmdb_value(r->base, offset, &map, &fault);

	at = map.content;
	for (uint32_t i = 0; error == 0 && i < map.size; i++) {
		enum what what;

		error = mmdb_value(r->base, at, &key, &fault);
		value = error ? 0 : key.next;
		error = error ? error : mmdb_skip(r->base, value, &at, &fault);
		what = error ? WHAT_DROP : what_of(key.text);
		if (what != WHAT_DROP && !(only_country && what == WHAT_KEEP))
			vec_push(m, (struct member){ key.text, what, value });
	}
	fail(r, error, fault);
	return error;
}

static bool has(const members *m, enum what what) {
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].what == what)
			return true;
	return false;
}

static bool has_flat(const members *m) {
	return has(m, WHAT_COUNTRY_CODE) || has(m, WHAT_COUNTRY_NAME);
}

/* Text as the old one was: a code of two letters, or a name. */
static void put_text(struct mmdb_data *d, struct str old, const char *code, const char *name) {
	mmdb_data_text(d, str_of(old.len == 2 ? code : name));
}

static void put_object(struct geo_records *r, struct mmdb_data *d, enum what what, const struct country *c) {
	const struct donor *donor = &r->donor[country_index(c)];
	uint64_t copy = what == WHAT_COUNTRY ? donor->country : donor->continent;

	if (copy)
		put_copy(r, d, copy);
	else if (what == WHAT_COUNTRY)
		put_country(d, c);
	else
		put_continent(d, c);
}

static void put_member(struct geo_records *r, struct mmdb_data *d, const struct member *m, const struct country *c) {
	struct mmdb_value old = { .type = MMDB_MAP };
	struct mmdb_fault fault;

	mmdb_data_text(d, m->key);
	if (m->offset)
		fail(r, mmdb_value(r->base, m->offset, &old, &fault), fault);
	switch (m->what) {
	case WHAT_COUNTRY:
	case WHAT_CONTINENT:
		if (old.type != MMDB_STRING)
			put_object(r, d, m->what, c);
		else if (m->what == WHAT_COUNTRY)
			put_text(d, old.text, c->code, c->name);
		else
			put_text(d, old.text, c->continent, continent_name(c->continent));
		return;
	case WHAT_COUNTRY_CODE:
		mmdb_data_text(d, str_of(c->code));
		return;
	case WHAT_COUNTRY_NAME:
		mmdb_data_text(d, str_of(c->name));
		return;
	case WHAT_CONTINENT_CODE:
		mmdb_data_text(d, str_of(c->continent));
		return;
	case WHAT_CONTINENT_NAME:
		mmdb_data_text(d, str_of(continent_name(c->continent)));
		return;
	default:
		put_copy(r, d, m->offset);
	}
}

/* A base without continents gets none; a country that the base knows without one has none. */
static bool wants_continent(const struct geo_records *r, const struct country *c) {
	const struct donor *donor = &r->donor[country_index(c)];

	return donor->continent || (r->has_continents && !donor->country);
}

static void complete(const struct geo_records *r, members *m, const struct country *c) {
	if (has_flat(m))
		return;
	if (!has(m, WHAT_COUNTRY))
		vec_push(m, (struct member){ STR("country"), WHAT_COUNTRY, 0 });
	if (!has(m, WHAT_CONTINENT) && wants_continent(r, c))
		vec_push(m, (struct member){ STR("continent"), WHAT_CONTINENT, 0 });
}

/* The old continent, when the new one is not known, would contradict. */
static bool contradicts(const struct geo_records *r, const struct member *m, const struct country *c) {
	const struct donor *donor = &r->donor[country_index(c)];

	return m->what == WHAT_CONTINENT && donor->country && !donor->continent;
}

static void put_record(struct geo_records *r, struct mmdb_data *d, struct correction change) {
	const struct country *c = &r->table[change.country];
	bool empty = change.below == GEO_EMPTY;
	uint32_t pattern = empty ? r->model : change.below;
	struct mmdb_value old = { .type = MMDB_MAP, .size = 0 };
	struct mmdb_fault fault;
	members m = { 0 };
	uint32_t n = 0;

	if (pattern < r->base_count)
		fail(r, mmdb_value(r->base, r->offset[pattern], &old, &fault), fault);
	if (old.type == MMDB_STRING) {
		put_text(d, old.text, c->code, c->name);
		return;
	}
	if (pattern < r->base_count && old.type == MMDB_MAP)
		(void)read_members(r, r->offset[pattern], empty, &m);
	complete(r, &m, c);
	for (size_t i = 0; i < m.n; i++)
		n += !contradicts(r, &m.v[i], c);
	mmdb_data_map(d, n);
	for (size_t i = 0; i < m.n; i++)
		if (!contradicts(r, &m.v[i], c))
			put_member(r, d, &m.v[i], c);
	vec_done(&m);
}

/* Whether a record has this member as an object, and where. */
static int find_object(struct geo_records *r, uint32_t value, const char *name, uint64_t *ret_offset) {
	struct mmdb_value v = { 0 }, key;
	struct mmdb_fault fault;
	uint64_t at;
	int error = mmdb_value(r->base, r->offset[value], &v, &fault);

	if (error == 0 && v.type != MMDB_MAP)
		return 0;
	at = v.content;
	for (uint32_t i = 0, n = v.size; error == 0 && i < n; i++) {
		uint64_t offset;

		error = mmdb_value(r->base, at, &key, &fault);
		offset = error ? 0 : key.next;
		error = error ? error : mmdb_skip(r->base, offset, &at, &fault);
		if (error || !str_is(key.text, name))
			continue;
		error = mmdb_value(r->base, offset, &v, &fault);
		if (error || v.type != MMDB_MAP)
			break;
		*ret_offset = offset;
		return 1;
	}
	fail(r, error, fault);
	return error;
}

static void learn(struct geo_records *r, uint32_t value) {
	const struct country *c;
	struct mmdb_fault fault;
	struct donor found = { 0 };
	char code[3];
	int known = mmdb_country(r->base, r->offset[value], code, &fault);

	fail(r, known, fault);
	r->has_continents |= find_object(r, value, "continent", &found.continent) == 1;
	if (known != 1)
		return;
	if (r->model == r->base_count)
		r->model = value;
	c = country_of_code(code);
	if (!c || find_object(r, value, "country", &found.country) != 1)
		return;
	struct donor *donor = &r->donor[country_index(c)];
	if (!donor->country || (!donor->continent && found.continent))
		*donor = found;
}

/* Ends a value in the scratch section: the value that has these bytes, which is `fresh` when nobody has. */
static uint32_t end_value(struct geo_records *r, uint32_t fresh) {
	uint32_t *offset = arena_new(&r->arena, uint32_t);
	int error = mmdb_data_end(r->scratch, offset);

	fail(r, error, (struct mmdb_fault){ "the data section would be larger than 4 GiB", 0 });
	if (error < 0)
		return fresh;
	return (uint32_t)(uintptr_t)map_add(&r->value_of_offset, offset, sizeof(*offset),
					    (void *)(uintptr_t)(fresh + 1)) -
	       1;
}

/* What the base has, before the first correction. */
static void survey(struct geo_records *r) {
	r->scratch = mmdb_data_new();
	r->kind = arena_array(&r->arena, uint32_t, r->base_count);
	r->model = r->base_count;
	for (uint32_t v = 0; v < r->base_count; v++) {
		learn(r, v);
		put_copy(r, r->scratch, r->offset[v]);
		(void)end_value(r, v);
	}
}

/* How a record or a member that is replaced looks, as far as the new one follows it. */
enum form { FORM_OTHER, FORM_MAP, FORM_CODE, FORM_NAME };

static enum form form_of(struct geo_records *r, uint64_t offset) {
	struct mmdb_value old = { .type = MMDB_MAP };
	struct mmdb_fault fault;

	fail(r, mmdb_value(r->base, offset, &old, &fault), fault);
	if (old.type != MMDB_STRING)
		return old.type == MMDB_MAP ? FORM_MAP : FORM_OTHER;
	return old.text.len == 2 ? FORM_CODE : FORM_NAME;
}

/*
 * All that put_record() reads of an old value, as the offset of a value in the scratch section. Old values of one kind,
 * such as all countries of a base that says nothing else, are corrected alike: a correction for each kind is enough.
 */
static uint32_t kind_of(struct geo_records *r, uint32_t value) {
	uint64_t offset = r->offset[value];
	enum form form;
	uint32_t kind = 0;
	members m = { 0 };

	if (r->kind[value])
		return r->kind[value];
	form = form_of(r, offset);
	if (form == FORM_MAP)
		(void)read_members(r, offset, false, &m);
	mmdb_data_array(r->scratch, 1 + 3 * (uint32_t)m.n);
	mmdb_data_uint(r->scratch, MMDB_UINT16, 0, form);
	for (size_t i = 0; i < m.n; i++) {
		mmdb_data_text(r->scratch, m.v[i].key);
		mmdb_data_uint(r->scratch, MMDB_UINT16, 0, m.v[i].what);
		if (m.v[i].what == WHAT_KEEP)
			put_copy(r, r->scratch, m.v[i].offset);
		else
			mmdb_data_uint(r->scratch, MMDB_UINT16, 0, form_of(r, m.v[i].offset));
	}
	fail(r, mmdb_data_end(r->scratch, &kind),
	     (struct mmdb_fault){ "the data section would be larger than 4 GiB", 0 });
	vec_done(&m);
	return r->kind[value] = kind;
}

uint32_t geo_records_correct(uint32_t country, uint32_t below, void *user) {
	struct geo_records *r = user;
	struct correction *pair, change = { country - GEO_LEAF, below == GEO_EMPTY ? below : below - GEO_LEAF };
	uint32_t fresh, value;
	void *known;

	if (!r->base)
		return country;
	if (!r->scratch)
		survey(r);
	pair = arena_new(&r->arena, struct correction);
	*pair = (struct correction){ change.country, below == GEO_EMPTY ? below : kind_of(r, change.below) };
	known = map_get(&r->value_of_pair, pair, sizeof(*pair));
	if (known)
		return GEO_LEAF + (uint32_t)(uintptr_t)known - 1;
	fresh = geo_records_count(r);
	put_record(r, r->scratch, change);
	value = end_value(r, fresh);
	if (value == fresh)
		vec_push(&r->made, change);
	(void)map_add(&r->value_of_pair, pair, sizeof(*pair), (void *)(uintptr_t)(value + 1));
	return GEO_LEAF + value;
}

int geo_records_write(struct geo_records *r, const bool *used, struct mmdb_data *data, uint32_t *ret_offset,
		      struct mmdb_fault *ret_fault) {
	uint32_t n = geo_records_count(r);

	for (uint32_t v = 0; v < n; v++) {
		int error;

		if (!used[v])
			continue;
		if (!r->base) {
			mmdb_data_map(data, 1);
			mmdb_data_text(data, STR("country"));
			put_country(data, &r->table[v]);
		} else if (v < r->base_count) {
			put_copy(r, data, r->offset[v]);
		} else {
			put_record(r, data, r->made.v[v - r->base_count]);
		}
		error = mmdb_data_end(data, &ret_offset[v]);
		if (error < 0)
			return error;
	}
	return geo_records_fault(r, ret_fault);
}
