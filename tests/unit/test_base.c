/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/emit.h"
#include "base/file.h"
#include "base/file_swap.h"
#include "base/library.h"
#include "base/map.h"
#include "base/str.h"

static void test_arena_release_clears(void **state) {
	struct arena a = { 0 };
	char *first = arena_dup(&a, "keep", 4), *again;
	struct arena_mark mark = arena_mark(&a);

	(void)state;
	memset(arena_alloc(&a, 100), 'x', 100);
	memset(arena_alloc(&a, 8 << 20), 'x', 8 << 20);
	arena_release(&a, mark);
	again = arena_alloc(&a, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(again[i], 0);
	assert_string_equal(first, "keep");
	arena_done(&a);
	assert_int_equal(a.total, 0);
}

static void test_map(void **state) {
	struct arena a = { 0 };
	struct map m;

	(void)state;
	map_init(&m, &a);
	for (int i = 0; i < 1000; i++) {
		char *key = arena_printf(&a, "key%d", i);

		assert_ptr_equal(map_add(&m, key, strlen(key), key), key);
	}
	assert_int_equal(map_count(&m), 1000);
	assert_string_equal(map_get(&m, "key42", 5), "key42");
	assert_null(map_get(&m, "key1000", 7));
	assert_string_equal(map_add(&m, "key7", 4, &a), "key7");
	map_done(&m);
	arena_done(&a);
}

static void test_suggest(void **state) {
	static const char *const words[] = { "groups", "comment", "monitoring", "ip", "ipv6" };
	static const char *const machines[] = { "jnb01.cdn.example.net", "db01.de.example.net" };

	(void)state;
	assert_string_equal(suggest(STR("gruops"), words, 5), "groups");
	assert_string_equal(suggest(STR("monitorin"), words, 5), "monitoring");
	assert_string_equal(suggest(STR("ipv4"), words, 5), "ipv6");
	assert_null(suggest(STR("frobnicate"), words, 5));
	assert_string_equal(suggest(STR("IPv6"), words, 5), "ipv6");
	assert_string_equal(suggest(STR("db01"), machines, 2), "db01.de.example.net");
	assert_string_equal(suggest(STR("dbO1.de.example.net"), machines, 2), "db01.de.example.net");
	assert_string_equal(suggest(STR("jnb01.dcn.example.net"), machines, 2), "jnb01.cdn.example.net");
	assert_null(suggest(STR("fe01.de.example.net"), machines, 1));
}

static void test_utf8(void **state) {
	static const struct {
		const char *text;
		size_t good;
	} rows[] = { { "plain", 5 },        { "\xc3\xa9", 2 },         { "a\xff", 1 },        { "\xc0\x80", 0 },
		     { "\xed\xa0\x80", 0 }, { "\xf4\x90\x80\x80", 0 }, { "\xe2\x82\xac", 3 }, { "x\xe2\x82", 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(utf8_check(rows[i].text, strlen(rows[i].text)), rows[i].good);
	assert_int_equal(utf8_count("a\xc3\xa9z", 4), 3);
	assert_int_equal(utf8_prefix("a\xc3\xa9z", 4, 2), 3);
}

/* UAX #9 for the direction marks, ECMA-48 for the controls. */
static void test_harmless(void **state) {
	static const struct {
		const char *text;
		size_t len;
		bool harmless;
	} rows[] = {
		{ "a", 1, true },
		{ "~", 1, true },
		{ "\xc3\xa9", 2, true },         /* e with acute */
		{ "\xc2\xa0", 2, true },         /* the first behind the C1 controls */
		{ "\xe2\x80\xa7", 3, true },     /* the last before the line separator */
		{ "\xe2\x82\xac", 3, true },     /* euro */
		{ "\xf0\x9f\x90\xa7", 4, true }, /* penguin */
		{ "\x1b", 1, false },
		{ "\x7f", 1, false },
		{ "\xc2\x9b", 2, false },     /* CSI in one character */
		{ "\xe2\x80\xae", 3, false }, /* right-to-left override */
		{ "\xe2\x81\xa6", 3, false }, /* left-to-right isolate */
		{ "\xe2\x80\xa8", 3, false }, /* line separator */
		{ "\xff", 1, false },
		{ "\x9b", 1, false }, /* CSI for a terminal with 8 bits */
		{ "\xe2", 1, false },
	};
	bool harmless;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(utf8_next(rows[i].text, strlen(rows[i].text), &harmless), rows[i].len);
		assert_int_equal(harmless, rows[i].harmless);
	}
	assert_int_equal(utf8_next("", 1, &harmless), 1);
	assert_false(harmless);
}

static void test_emit_escapes(void **state) {
	static const char text[] = "\x1b[m\xc2\x9b\xe2\x80\xae\xff\xc3\xa9";
	static const char *const expected[_EMIT_MAX] = {
		[EMIT_TEXT] = "\\x1b[m\\xc2\\x9b\\xe2\\x80\\xae\\xff\xc3\xa9\n",
		[EMIT_JSON] = "\"\\u001b[m\\u009b\\u202e\xef\xbf\xbd\xc3\xa9\"\n",
	};

	(void)state;
	for (enum emit_format f = 0; f < _EMIT_MAX; f++) {
		_cleanup_(freep) char *written = NULL;
		size_t len;
		FILE *out = open_memstream(&written, &len);
		struct emit e;

		emit_init(&e, out, f);
		emit_text(&e, NULL, text);
		assert_int_equal(emit_done(&e), 0);
		(void)fclose(out);
		if (expected[f])
			assert_string_equal(written, expected[f]);
	}
}

static char *emitted(enum emit_format format) {
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct emit e;

	emit_init(&e, out, format);
	emit_list(&e, NULL);
	emit_object(&e, NULL);
	emit_text(&e, "name", "a\"b\n");
	emit_uint(&e, "n", 7);
	emit_list(&e, "list");
	emit_bool(&e, NULL, true);
	emit_null(&e, NULL);
	emit_end(&e);
	emit_end(&e);
	emit_object(&e, NULL);
	emit_end(&e);
	emit_end(&e);
	assert_int_equal(emit_done(&e), 0);
	(void)fclose(out);
	return text;
}

static void test_emit(void **state) {
	static const char *const expected[_EMIT_MAX] = {
		[EMIT_JSON_LINES] = "{\"name\":\"a\\\"b\\n\",\"n\":7,\"list\":[true,null]}\n{}\n",
		[EMIT_KV] = "0.name=a\"b\\x0a\n0.n=7\n0.list.0=true\n0.list.1=\n",
		[EMIT_JSON] = "[\n  {\n    \"name\": \"a\\\"b\\n\",\n    \"n\": 7,\n    \"list\": [\n      true,\n"
			      "      null\n    ]\n  },\n  {}\n]\n",
	};

	(void)state;
	for (enum emit_format f = 0; f < _EMIT_MAX; f++) {
		_cleanup_(freep) char *text = emitted(f);

		if (expected[f])
			assert_string_equal(text, expected[f]);
	}
}

static void test_diag_text(void **state) {
	static const char text[] = "a:\n  ip: 300.1.1.1\n";
	struct arena a = { 0 };
	struct sources s;
	struct diags d;
	char *printed = NULL;
	size_t len;
	FILE *out = open_memstream(&printed, &len);

	(void)state;
	sources_init(&s, &a);
	diags_init(&d, &a, &s);
	uint32_t file = sources_add(&s, "m.yaml", text, strlen(text));
	struct loc loc = sources_loc(&s, file, 9, 9);

	assert_int_equal(loc.line, 2);
	assert_int_equal(loc.col, 7);
	diag_error(&d, "bad-value", loc, "say it right", "no %s", "good");
	diag_note(&d, (struct loc){ file, 1, 1, 1 }, "because of this");
	diag_add(&d, SEVERITY_WARNING, "early", (struct loc){ file, 1, 1, 1 }, NULL, "first");
	diags_sort(&d);
	diags_print(&d, out, false);
	(void)fclose(out);
	assert_string_equal(printed, "m.yaml:1:1: warning: first [early]\n    1 | a:\n      | ^\n"
				     "m.yaml:2:7: error: no good [bad-value]\n    2 |   ip: 300.1.1.1\n"
				     "      |       ^~~~~~~~~\n      = hint: say it right\n"
				     "m.yaml:1:1: note: because of this [bad-value]\n    1 | a:\n      | ^\n");
	assert_int_equal(d.count[SEVERITY_ERROR], 1);
	free(printed);
	diags_done(&d);
	sources_done(&s);
	arena_done(&a);
}

static void test_file_atomic(void **state) {
	char folder[] = "/tmp/hextet-test-XXXXXX";
	struct arena a = { 0 };
	char *path, *text;
	struct stat st;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(&a, "%s/x/y/file", folder);
	assert_int_equal(file_write_atomic(path, "1", 1, 0644), -ENOENT);
	assert_int_equal(file_make_dirs(arena_printf(&a, "%s/x/y", folder), 0755), 0);
	assert_int_equal(file_write_atomic(path, "one", 3, 0640), 0);
	assert_int_equal(file_write_atomic(path, "twotwo", 6, 0644), 0);
	assert_int_equal(file_read(&a, path, 100, &text, &len), 0);
	assert_string_equal(text, "twotwo");
	assert_int_equal(file_read(&a, path, 5, &text, &len), -EFBIG);
	assert_int_equal(file_read(&a, folder, 5, &text, &len), -EISDIR);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(system(arena_printf(&a, "rm -r %s", folder)), 0);
	arena_done(&a);
}

/* The old content stays until the commit, the new file has no name before, and keeps the old one's mode. */
static void test_file_swap(void **state) {
	char folder[] = "/tmp/hextet-test-XXXXXX", name[FILE_SWAP_NAME_MAX];
	struct arena a = { 0 };
	struct file_swap f;
	struct stat st;
	char *path, *text;
	size_t len;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = arena_printf(&a, "%s/file", folder);
	assert_int_equal(file_write_plain(path, "old", 3, 0640), 0);
	assert_int_equal(file_swap_begin(&f, path), 0);
	assert_int_equal(file_write_fd(f.fd, "new", 3), 0);
	assert_int_equal(file_read(&a, path, 100, &text, &len), 0);
	assert_string_equal(text, "old");
	file_swap_name(&f, name);
	assert_int_equal(file_read(&a, name, 100, &text, &len), 0);
	assert_string_equal(text, "new");
	assert_int_equal(file_swap_commit(&f, 0600), 0);
	assert_int_equal(file_read(&a, path, 100, &text, &len), 0);
	assert_string_equal(text, "new");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(file_swap_begin(&f, path), 0);
	file_swap_abort(&f);
	assert_int_equal(file_swap_begin(&f, arena_printf(&a, "%s/none/file", folder)), -ENOENT);
	file_swap_abort(&f);
	/* What is no file is not replaced by one. */
	assert_int_equal(file_swap_begin(&f, folder), -EISDIR);
	file_swap_abort(&f);
	assert_int_equal(file_swap_begin(&f, "/dev/null"), -ENODEV);
	file_swap_abort(&f);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	arena_done(&a);
}

static void test_library(void **state) {
	static unsigned long (*crc)(unsigned long, const unsigned char *, unsigned);
	static void *nothing;
	static const struct library_symbol good[] = { LIBRARY_SYMBOL(&crc, "crc32"), { 0 } };
	static const struct library_symbol bad[] = { LIBRARY_SYMBOL(&nothing, "crc32"),
						     LIBRARY_SYMBOL(&nothing, "no_such_function"),
						     { 0 } };
	static const struct library zlib = { "libz.so.1", "zlib1g", good };
	static const struct library lacking = { "libz.so.1", "zlib1g", bad };
	static const struct library missing = { "libno-such-library.so.9", "libno-such9", good };
	const char *why = NULL;

	(void)state;
	assert_int_equal(library_load(&missing, &why), -ENOENT);
	assert_non_null(strstr(why, "install the package libno-such9"));
	assert_null(crc);
	assert_int_equal(library_load(&lacking, &why), -ENOSYS);
	assert_non_null(strstr(why, "libz.so.1 has no function no_such_function"));
	assert_null(nothing);
	for (int i = 0; i < 2; i++)
		assert_int_equal(library_load(&zlib, &why), 0);
	assert_int_equal(crc(0, (const unsigned char *)"123456789", 9), 0xcbf43926);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_release_clears),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_emit_escapes),
		cmocka_unit_test(test_diag_text),
		cmocka_unit_test(test_file_atomic),
		cmocka_unit_test(test_file_swap),
		cmocka_unit_test(test_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
