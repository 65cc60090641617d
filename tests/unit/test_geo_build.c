/* SPDX-License-Identifier: Apache-2.0 */
/* The number of rows that a file's description keeps; builds themselves are tests/cli/test_geo_build.py. */
#include "unit.h"

#include <errno.h>

#include "geo/build.h"

static void test_description_rows(void **state) {
	static const struct {
		const char *text;
		uint64_t rows;
	} good[] = {
		{ "hextet: 0 exceptions", 0 },
		{ "hextet: 10000 exceptions", 10000 },
		{ "hextet: 1 exceptions over GeoLite2-Country", 1 },
		{ "hextet: 999999999999999999 exceptions over x", UINT64_C(999999999999999999) },
	};
	static const char *const bad[] = {
		"",
		"hextet: ",
		"hextet: exceptions",
		"hextet:  1 exceptions",
		"hextet: 01 exceptions",
		"hextet: -1 exceptions",
		"hextet: 1 exception",
		"hextet: 1 exceptions ",
		"hextet: 1 exceptions over ",
		"hextet: 1 exceptions, over x",
		"Hextet: 1 exceptions",
		" hextet: 1 exceptions",
		"hextet: 1e3 exceptions",
		"hextet: 1000000000000000000 exceptions",
		"GeoLite2 Country database",
	};
	uint64_t rows;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		rows = UINT64_MAX;
		assert_int_equal(geo_description_rows(str_of(good[i].text), &rows), 0);
		assert_int_equal(rows, good[i].rows);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		rows = 42;
		assert_int_equal(geo_description_rows(str_of(bad[i]), &rows), -EINVAL);
		assert_int_equal(rows, 42);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_description_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
