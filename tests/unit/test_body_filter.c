/* SPDX-License-Identifier: Apache-2.0 */
/* sed -E is the oracle: the same expressions over the same text. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"
#include "base/file.h"
#include "probe/body_filter.h"

static const char text[] = "<p nonce=\"a1b2\">Hello</p> abc aXbXc\n"
			   "aaa bbb aaab\n"
			   "\n"
			   "2026-11-24T04:54:59Z /build/17/app.js /build/x/\n"
			   "x.y.z [tab\there] \\ & / | end\n"
			   "no newline at the end, ünïcode";

static struct str by_sed(struct arena *a, const char *filter, const char *path) {
	const char *const argv[] = { "sed", "-E", arena_printf(a, "%sg", filter), path, NULL };
	const struct child_options o = { .argv = argv, .limit_s = 50, .output_max = 65536 };
	struct str output = STR("");
	int status = -1;

	assert_int_equal(child_run(&o, a, &status, &output), 0);
	assert_int_equal(status, 0);
	return output;
}

static void test_like_sed(void **state) {
	static const char *const filters[] = {
		"s/nonce=\"[^\"]*\"/nonce=\"\"/",
		"s/a/b/",
		"s/a*/-/",
		"s/x*/-/",
		"s/^/> /",
		"s/$/ </",
		"s/^$/empty/",
		"s/(a+)(b*)/\\2\\1/",
		"s/[0-9]{4}-[0-9]{2}-[0-9]{2}/DATE/",
		"s|/build/[0-9]+/|/build/N/|",
		"s/\\./,/",
		"s/&/\\&/",
		"s/[a-c]/[&]/",
		"s#/#\\\\#",
		"s,\\,,;,",
		"s/(x)|(y)/<\\1\\2>/",
		"s/HELLO/bye/i",
		"s/\\bab/-/",
		"s/e/\\n/",
		"s/b|$/#/",
		"s/\\//:/",
	};
	struct arena a = { 0 };
	char path[] = "/tmp/hextet-filter-XXXXXX";
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(file_write_fd(fd, text, sizeof(text) - 1), 0);
	(void)close(fd);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct body_filter *f = NULL;
		const char *why = NULL;
		struct str ours, theirs = by_sed(&a, filters[i], path);

		if (body_filter_new(filters[i], &a, &f, &why) < 0)
			fail_msg("%s: %s", filters[i], why);
		ours = body_filter_run(f, STR(text), &a);
		if (!str_eq(ours, theirs))
			fail_msg("%s: ours \"%.*s\", sed's \"%.*s\"", filters[i], (int)ours.len, ours.s,
				 (int)theirs.len, theirs.s);
		body_filter_free(f);
	}
	(void)unlink(path);
	arena_done(&a);
}

static void test_refused(void **state) {
	static const struct {
		const char *filter, *why;
	} rows[] = {
		{ "", "at offset 0:" },
		{ "a/b/c/", "at offset 0:" },
		{ "sabac", "at offset 1:" },
		{ "s\\a\\b\\", "at offset 1:" },
		{ "s/a", "at offset 3: the expression does not end" },
		{ "s/a/b", "at offset 5: the text does not end" },
		{ "s/a/b/x", "at offset 6: unknown flag" },
		{ "s//b/", "the expression is empty" },
		{ "s/(a/b/", "at offset 2:" },
		{ "s/(a)\\1/b/", "back references" },
		{ "s/a/\\1/", "a group that the expression does not have" },
		{ "s/(a{100}){100}/b/", "multiply to more than 1000" },
		{ "s/a+++++++++++++/b/", "multiply to more than 1000" },
		{ "s/a{1,2000}/b/", "multiply to more than 1000" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct body_filter *f = NULL;
		const char *why = NULL;

		assert_int_equal(body_filter_new(rows[i].filter, &a, &f, &why), -EINVAL);
		assert_null(f);
		if (!strstr(why, rows[i].why))
			fail_msg("%s: \"%s\", without \"%s\"", rows[i].filter, why, rows[i].why);
	}
	arena_done(&a);
}

/* Lines longer than the window: a short match is found wherever it lies, and nothing is lost or doubled. */
static void test_long_lines(void **state) {
	struct arena a = { 0 };
	struct body_filter *f;
	const char *why;
	enum { LEN = 20000 };
	char *line = arena_alloc(&a, LEN + 1), *want = arena_alloc(&a, LEN + 1);

	(void)state;
	assert_int_equal(body_filter_new("s/n[0-9]+;/N/", &a, &f, &why), 0);
	for (size_t at = 0; at + 8 < LEN; at += 37) {
		struct str got;

		memset(line, '.', LEN);
		memcpy(line + at, "n12345;", 7);
		memset(want, '.', LEN);
		want[at] = 'N';
		got = body_filter_run(f, (struct str){ line, LEN }, &a);
		assert_int_equal(got.len, LEN - 6);
		assert_memory_equal(got.s, want, LEN - 6);
	}
	body_filter_free(f);
	arena_done(&a);
}

/* Zero bytes are bytes. */
static void test_binary(void **state) {
	static const char body[] = "a\0b\0a", want[] = "x\0b\0x";
	struct arena a = { 0 };
	struct body_filter *f;
	const char *why;
	struct str got;

	(void)state;
	assert_int_equal(body_filter_new("s/a/x/", &a, &f, &why), 0);
	got = body_filter_run(f, STR(body), &a);
	assert_true(str_eq(got, STR(want)));
	assert_true(str_eq(body_filter_run(f, STR(""), &a), STR("")));
	body_filter_free(f);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_sed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_binary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
