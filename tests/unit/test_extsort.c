/* SPDX-License-Identifier: Apache-2.0 */
/* External sorting against qsort(), with buffers so small that every path is taken. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "geo/extsort.h"
#include "random.h"

static size_t compared_len;

static int compare(const void *a, const void *b) {
	return memcmp(a, b, compared_len);
}

/* Records of few different bytes, so that many are equal or differ late. */
static uint8_t *make_records(uint64_t *seed, size_t n, size_t len, unsigned values) {
	uint8_t *bytes = malloc(n * len + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < n * len; i++)
		bytes[i] = (uint8_t)(random_below(seed, values) * (255 / values + 1));
	return bytes;
}

static unsigned sort_and_check(const uint8_t *records, size_t n, size_t len, size_t memory) {
	uint8_t *expected = malloc(n * len + 1);
	struct extsort *s = NULL;
	const uint8_t *record;
	unsigned levels;

	assert_non_null(expected);
	memcpy(expected, records, n * len);
	compared_len = len;
	qsort(expected, n, len, compare);
	assert_int_equal(extsort_new("/tmp", len, memory, &s), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(extsort_add(s, records + i * len), 0);
	assert_int_equal(extsort_finish(s), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(extsort_next(s, &record), 1);
		assert_memory_equal(record, expected + i * len, len);
	}
	assert_int_equal(extsort_next(s, &record), 0);
	assert_int_equal(extsort_next(s, &record), 0);
	levels = extsort_levels(s);
	assert_true(extsort_disk(s) <= 2 * n * len);
	assert_int_equal(extsort_disk(s) > 0, levels > 0);
	extsort_free(s);
	free(expected);
	return levels;
}

static void test_any_size(void **state) {
	uint64_t seed = 20;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		size_t len = 1 + random_below(&seed, EXTSORT_RECORD_MAX), n = random_below(&seed, 700);
		uint8_t *records = make_records(&seed, n, len, 1 + random_below(&seed, 6));

		(void)sort_and_check(records, n, len, 1 + random_below(&seed, 4000));
		free(records);
	}
}

static void test_levels(void **state) {
	static const struct {
		size_t n, memory;
		unsigned levels;
	} rows[] = {
		{ 100, 100 * 39, 0 },                                              /* all in memory */
		{ 101, 100 * 39, 1 },  { 200, 100 * 39, 1 }, { 400, 100 * 39, 2 }, /* two runs in a merge: 4, 2 */
		{ 5000, 100 * 39, 6 },                                             /* 50, 25, 13, 7, 4, 2 */
		{ 20000, 400000, 1 },  { 40000, 390000, 2 }, { 0, 4000, 0 },
	};
	uint64_t seed = 21;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t *records = make_records(&seed, rows[i].n, 39, 256);

		assert_int_equal(sort_and_check(records, rows[i].n, 39, rows[i].memory), rows[i].levels);
		free(records);
	}
}

static void test_no_folder(void **state) {
	struct extsort *s = NULL;
	uint8_t record[8] = { 0 };
	int r = 0;

	(void)state;
	assert_int_equal(extsort_new("/nonexistent/folder", sizeof(record), 1, &s), 0);
	for (unsigned i = 0; i < 100 && r == 0; i++)
		r = extsort_add(s, record);
	assert_int_equal(r, -ENOENT);
	extsort_free(s);
	assert_int_equal(temp_file_open("/nonexistent"), -ENOENT);
}

/* A disk that is full, or a limit of the file's size, is an error and no signal or wrong order. */
static void test_full_disk(void **state) {
	struct extsort *s = NULL;
	uint8_t record[8] = { 0 };
	struct rlimit old, limit;
	int r = 0;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 1000, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(extsort_new("/tmp", sizeof(record), 1, &s), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (unsigned i = 0; i < 1000 && r == 0; i++)
		r = extsort_add(s, record);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(r, -EFBIG);
	extsort_free(s);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
