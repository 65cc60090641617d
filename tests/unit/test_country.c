/* SPDX-License-Identifier: Apache-2.0 */
/* The oracles are Debian's iso-codes (codes and names) and tzdata's zone.tab (continents). */
#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "geo/country_table.h"

#define ISO_CODES "/usr/share/iso-codes/json/iso_3166-1.json"
#define TZDATA "/usr/share/zoneinfo/iso3166.tab"
#define ZONES "/usr/share/zoneinfo/zone.tab"

/* Where our name is neither iso-codes' name nor its common name. */
static const char *const ours[] = {
	"BN", "CD", "CG", "FK", "FM", "MF", "PS", "RU", "SH", "SX", "UM", "VA", "VG", "VI"
};

static bool is_in(const char *word, const char *const *list, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static const struct country *find(const char *text) {
	return country_find(str_of(text));
}

static void assert_finds(const char *text, const struct country *c) {
	if (find(text) != c)
		fail_msg("\"%s\" is %s, not %s", text, find(text) ? find(text)->code : "nothing",
			 c ? c->code : "nothing");
}

static void check_names(const struct country *c, const json_t *row) {
	static const char *const members[] = { "name", "common_name", "official_name", "alpha_3" };
	bool same = false;

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const char *name = json_string_value(json_object_get(row, members[i]));

		if (!name)
			continue;
		if (i != 2)
			assert_finds(name, c);
		same |= i < 2 && strcmp(name, c->name) == 0;
	}
	if (same == is_in(c->code, ours, ARRAY_LEN(ours)))
		fail_msg("%s: %s %s", c->code, c->name, same ? "is not ours any more" : "is not iso-codes' name");
	assert_string_equal(c->alpha3, json_string_value(json_object_get(row, "alpha_3")));
}

static void test_iso_codes(void **state) {
	json_t *all = json_load_file(ISO_CODES, 0, NULL), *rows, *row;
	size_t i, n;

	(void)state;
	if (!all)
		skip();
	rows = json_object_get(all, "3166-1");
	json_array_foreach(rows, i, row) {
		const char *code = json_string_value(json_object_get(row, "alpha_2"));
		const struct country *c = country_of_code(code);

		assert_non_null(c);
		assert_string_equal(c->code, code);
		assert_int_equal(c->status, COUNTRY_OFFICIAL);
		check_names(c, row);
	}
	assert_int_equal(json_array_size(rows), 249);
	(void)country_table(&n);
	assert_int_equal(n, 249 + 2);
	json_decref(all);
}

static void test_table(void **state) {
	size_t n, members = 0;
	const struct country *rows = country_table(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(country_of_code(rows[i].code), &rows[i]);
		assert_finds(rows[i].code, &rows[i]);
		assert_finds(rows[i].name, &rows[i]);
		assert_int_equal(country_index(&rows[i]), i);
		assert_non_null(continent_name(rows[i].continent));
		assert_true(!i || strcmp(rows[i - 1].code, rows[i].code) < 0);
		members += rows[i].in_eu;
	}
	assert_int_equal(members, 27);
	for (const struct country_alias *a = country_aliases; a->name; a++)
		assert_finds(a->name, country_of_code(a->code));
	assert_false(country_of_code("GB")->in_eu);
	assert_true(country_of_code("CZ")->in_eu && country_of_code("HR")->in_eu);
	assert_false(country_of_code("CH")->in_eu || country_of_code("GP")->in_eu);
	assert_int_equal(country_of_code("XK")->status, COUNTRY_USER_ASSIGNED);
	assert_int_equal(country_of_code("AN")->status, COUNTRY_WITHDRAWN);
}

/* tzdata has names of its own. */
static void test_other_names(void **state) {
	FILE *f = fopen(TZDATA, "re");
	char line[256], code[3], name[128];
	unsigned checked = 0;

	(void)state;
	if (!f)
		skip();
	for (; fgets(line, sizeof(line), f); checked++)
		if (sscanf(line, "%2[A-Z]\t%127[^\n]", code, name) == 2)
			assert_finds(name, country_of_code(code));
	assert_true(checked >= 249);
	(void)fclose(f);
}

/* tzdata names a country's most important zone first: its area is the continent, but for a few that are matters of
 * convention; what is in America is on one of two. */
static void test_continents(void **state) {
	static const struct {
		const char *area, *continents;
	} areas[] = { { "Africa", "AF" },     { "America", "NA SA" }, { "Europe", "EU" },
		      { "Antarctica", "AN" }, { "Asia", "AS" },       { "Pacific", "OC" } };
	static const char *const exceptions[] = { "CY", "TR", "TL" };
	FILE *f = fopen(ZONES, "re");
	char line[512], code[3], last[3] = "", area[32];
	unsigned checked = 0;

	(void)state;
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%2[A-Z] %*s %31[^/]", code, area) != 2 || strcmp(code, last) == 0)
			continue;
		memcpy(last, code, sizeof(last));
		if (is_in(code, exceptions, ARRAY_LEN(exceptions)))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(areas); i++)
			if (strcmp(area, areas[i].area) == 0) {
				assert_non_null(country_of_code(code));
				if (!strstr(areas[i].continents, country_of_code(code)->continent))
					fail_msg("%s is in %s, not %s", code, area, country_of_code(code)->continent);
				checked++;
			}
	}
	assert_true(checked > 200);
	(void)fclose(f);
}

static void test_find(void **state) {
	static const struct {
		const char *text, *code;
	} rows[] = {
		{ "cz", "CZ" },
		{ " CZ\t", "CZ" },
		{ "CZE", "CZ" },
		{ "czechia", "CZ" },
		{ "CZECH REPUBLIC", "CZ" },
		{ "UK", "GB" },
		{ "USA", "US" },
		{ "U.S.A.", "US" },
		{ "The Netherlands", "NL" },
		{ "the united kingdom", "GB" },
		{ "Holland", "NL" },
		{ "Turkey", "TR" },
		{ "turkiye", "TR" },
		{ "TÜRKİYE", NULL }, /* a dotted capital I is Turkish, not English */
		{ "TÜRKIYE", "TR" },
		{ "Ivory Coast", "CI" },
		{ "Cote d’Ivoire", "CI" },
		{ "côte d'ivoire", "CI" },
		{ "Swaziland", "SZ" },
		{ "Macedonia", "MK" },
		{ "Burma", "MM" },
		{ "Aland Islands", "AX" },
		{ "Trinidad & Tobago", "TT" },
		{ "Réunion", "RE" },
		{ "Guinea Bissau", "GW" },
		{ "st. kitts & nevis", "KN" },
		{ "SAINT LUCIA", "LC" },
		{ "Macao SAR China", "MO" },
		{ "Stlucia", NULL },
		{ "St", "ST" },
		{ "Korea", NULL },
		{ "Virgin Islands", NULL },
		{ "the", NULL },
		{ "", NULL },
		{ "   ", NULL },
		{ "ZZ", NULL },
		{ "EU", NULL },
		{ "A1", NULL },
		{ "\xd1\xc7", NULL },
		{ "Czechia\n;", NULL },
		{ "Cz\xc3", NULL },
		{ "\xd0\xa7"
		  "ad",
		  NULL }, /* Cyrillic Che */
	};
	char huge[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_finds(rows[i].text, rows[i].code ? country_of_code(rows[i].code) : NULL);
	memset(huge, 'a', sizeof(huge));
	assert_null(country_find((struct str){ huge, sizeof(huge) }));
	assert_null(country_find((struct str){ "C\0zechia", 8 }));
	assert_null(country_of_code("cz"));
	assert_null(country_of_code("C\0"));
	assert_null(country_of_code("[A"));
	assert_null(country_of_code("\xc3\x84"));
	assert_null(continent_name("XX"));
	assert_string_equal(continent_name("OC"), "Oceania");
}

static void test_suggest(void **state) {
	(void)state;
	assert_string_equal(country_suggest(STR("Czehcia")), "Czechia");
	assert_string_equal(country_suggest(STR("Gremany")), "Germany");
	assert_string_equal(country_suggest(STR("Swazilnd")), "Eswatini");
	assert_null(country_suggest(STR("ZZ")));
	assert_null(country_suggest(STR("Atlantis and Lemuria")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iso_codes),  cmocka_unit_test(test_table), cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_continents), cmocka_unit_test(test_find),  cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
