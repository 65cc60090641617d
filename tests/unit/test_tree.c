/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output tree on a real file system. The oracle is a listing of everything in a scratch folder, OUT and what lies
 * outside it: after a failure it must be the one from before, to the byte.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "render/tree.h"

static char scratch[] = "/tmp/hextet-test-tree-XXXXXX";
static struct arena arena;

static const char *path_of(const char *name) {
	return arena_printf(&arena, "%s/%s", scratch, name);
}

static void put(const char *name, const char *text) {
	const char *path = path_of(name);

	assert_int_equal(file_make_dirs(arena_dup(&arena, path, (size_t)(strrchr(path, '/') - path)), 0755), 0);
	assert_int_equal(file_write_plain(path, text, strlen(text), 0644), 0);
}

static bool exists(const char *name) {
	return faccessat(AT_FDCWD, path_of(name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *text_of(const char *name) {
	char *text;
	size_t len;

	return file_read(&arena, path_of(name), 1 << 20, &text, &len) == 0 ? text : NULL;
}

/* Everything: one line each, sorted, with mode and content. */
static VEC(char *) lines;

static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	char link[PATH_MAX] = "";

	(void)type;
	(void)ftw;
	if (strcmp(path + strlen(path) - 5, "/lock") == 0 || strcmp(path + strlen(path) - 8, "/.hextet") == 0)
		return 0;
	if (S_ISLNK(st->st_mode))
		(void)!readlink(path, link, sizeof(link) - 1);
	vec_push(&lines, arena_printf(&arena, "%s %o %s%s\n", path, (unsigned)st->st_mode, link,
				      S_ISREG(st->st_mode) ? text_of(path + strlen(scratch) + 1) : ""));
	return 0;
}

static int order(const void *a, const void *b) {
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *listing(void) {
	const char *all = "";

	lines.n = 0;
	assert_int_equal(nftw(scratch, list_one, 8, FTW_PHYS), 0);
	qsort(lines.v, lines.n, sizeof(*lines.v), order);
	for (size_t i = 0; i < lines.n; i++)
		all = arena_printf(&arena, "%s%s", all, lines.v[i]);
	return all;
}

static int add(struct tree *t, const char *machine, const char *path, const char *text) {
	return tree_add(t, 0, "test", machine, path, str_of(text), 0644);
}

static void begin(struct tree *t) {
	assert_int_equal(tree_open(t, path_of("out"), 1), 0);
}

static int end(struct tree *t) {
	struct tree_stats stats;
	int r = tree_commit(t, NULL, NULL, &stats);

	tree_close(t);
	return r;
}

/* The first render of most tests. */
static void write_two(void) {
	struct tree t;

	begin(&t);
	assert_int_equal(add(&t, "a", "/etc/one", "old one"), 0);
	assert_int_equal(add(&t, "m", "/etc/two", "old two"), 0);
	assert_int_equal(end(&t), 0);
}

/* A render that changes one file, adds one, and meets `spoil` between staging and the renames. */
static void fails_and_undoes(void (*spoil)(void), int error) {
	const char *before;
	struct tree t;

	write_two();
	begin(&t);
	assert_int_equal(add(&t, "a", "/etc/one", "new one"), 0);
	assert_int_equal(add(&t, "b", "/new/folder/file", "new"), 0);
	assert_int_equal(add(&t, "m", "/etc/two", "new two"), 0);
	spoil();
	before = listing();
	assert_int_equal(end(&t), error);
	/* Staging was there before, and has gone. */
	for (const char *rest = before, *next; *rest; rest = next) {
		char *line;

		next = strchr(rest, '\n') + 1;
		line = arena_dup(&arena, rest, (size_t)(next - rest));
		if (!strstr(line, "/.hextet/staging"))
			assert_non_null(strstr(listing(), line));
	}
	assert_false(exists("out/b"));
	assert_false(exists("out/.hextet/staging"));
	assert_string_equal(text_of("out/a/etc/one"), "old one");
}

static void folder_in_place(void) {
	assert_int_equal(unlink(path_of("out/m/etc/two")), 0);
	put("out/m/etc/two/somebody's", "file");
}

static void test_undo_folder_in_place(void **state) {
	(void)state;
	fails_and_undoes(folder_in_place, -EISDIR);
	assert_string_equal(text_of("out/m/etc/two/somebody's"), "file");
}

static void file_vanishes(void) {
	assert_int_equal(unlink(path_of("out/m/etc/two")), 0);
}

static void test_undo_file_vanished(void **state) {
	(void)state;
	fails_and_undoes(file_vanishes, -ENOENT);
}

static void file_appears(void) {
	put("out/b/new/folder/file", "somebody's");
}

static void test_undo_file_appeared(void **state) {
	struct tree t;

	(void)state;
	write_two();
	begin(&t);
	assert_int_equal(add(&t, "a", "/etc/one", "new one"), 0);
	assert_int_equal(add(&t, "b", "/new/folder/file", "new"), 0);
	file_appears();
	assert_int_equal(end(&t), -EEXIST);
	assert_string_equal(text_of("out/a/etc/one"), "old one");
	assert_string_equal(text_of("out/b/new/folder/file"), "somebody's");
}

static void link_in_the_way(void) {
	put("outside/two", "not ours");
	assert_int_equal(rename(path_of("out/m/etc"), path_of("out/m/aside")), 0);
	assert_int_equal(symlink(path_of("outside"), path_of("out/m/etc")), 0);
}

static void test_undo_link_in_the_way(void **state) {
	(void)state;
	fails_and_undoes(link_in_the_way, -ELOOP);
	assert_string_equal(text_of("outside/two"), "not ours");
}

static void test_links_are_not_followed(void **state) {
	struct tree t;

	(void)state;
	put("outside/etc/file", "not ours");
	put("out/x", "");
	assert_int_equal(symlink("../outside", path_of("out/m")), 0);
	assert_int_equal(mkdir(path_of("out/n"), 0755), 0);
	assert_int_equal(symlink(path_of("outside/etc/file"), path_of("out/n/file")), 0);
	begin(&t);
	assert_int_equal(add(&t, "m", "/etc/file", "ours"), -ELOOP);
	assert_string_equal(tree_failed_path(&t), "m/etc/file");
	assert_int_equal(add(&t, "n", "/file", "ours"), 0);
	assert_int_equal(end(&t), 0);
	assert_string_equal(text_of("outside/etc/file"), "not ours");
	assert_string_equal(text_of("out/n/file"), "ours");
}

static void test_own_folder_is_a_link(void **state) {
	struct tree t;

	(void)state;
	put("outside/file", "");
	put("out/x", "");
	assert_int_equal(symlink("../outside", path_of("out/.hextet")), 0);
	assert_int_equal(tree_open(&t, path_of("out"), 1), -ENOTDIR);
	assert_false(exists("outside/lock"));
}

static void test_paths_refused(void **state) {
	static const char *const refused[][2] = {
		{ "m", "/../x" }, { "m", "/a/../../x" }, { "m", "//x" },      { "m", "/x/" }, { "m", "/./x" },
		{ "m", "/a\nb" }, { "..", "/x" },        { ".hextet", "/x" }, { "", "/x" },   { "/etc", "/x" },
	};
	struct tree t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_int_equal(add(&t, refused[i][0], refused[i][1], "x"), -EINVAL);
	assert_int_equal(add(&t, "m", "/..x/...", "x"), 0);
	assert_int_equal(end(&t), 0);
	assert_string_equal(text_of("out/m/..x/..."), "x");
	assert_string_equal(text_of("out/.hextet/manifest"), "test\tm/..x/...\n");
}

static void test_hostile_manifest(void **state) {
	static const char *const victims[] = { "victim", "out/.hextet/keep", "out/mine", "outside/file" };
	struct tree t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(victims); i++)
		put(victims[i], "not ours");
	put("out/m/old/stale", "ours");
	assert_int_equal(symlink("../../outside", path_of("out/m/link")), 0);
	put("out/.hextet/manifest",
	    arena_printf(&arena,
			 "test\t../victim\ntest\tm/../../victim\ntest\t%s/victim\ntest\t//victim\ntest\tm//../x\n"
			 "test\tm/link/file\ntest\tm/link\t\ntest\t.hextet/keep\ntest\t.\ntest\t\ntest\tm/old/stale\n",
			 scratch));
	begin(&t);
	assert_int_equal(add(&t, "n", "/x", "x"), 0);
	assert_int_equal(end(&t), 0);
	for (size_t i = 0; i < ARRAY_LEN(victims); i++)
		assert_string_equal(text_of(victims[i]), "not ours");
	assert_false(exists("out/m/old"));
	assert_true(exists("out/m/link"));
	assert_string_equal(text_of("out/.hextet/manifest"), "test\tn/x\n");
}

static bool keep_all(const char *target, const char *machine, void *user) {
	(void)target;
	(void)machine;
	(void)user;
	return true;
}

static void test_hostile_manifest_is_not_kept(void **state) {
	struct tree_stats stats;
	struct tree t;

	(void)state;
	put("out/.hextet/manifest", "test\t../victim\ntest\tm/fine\n");
	begin(&t);
	assert_int_equal(tree_commit(&t, keep_all, NULL, &stats), 0);
	tree_close(&t);
	assert_string_equal(text_of("out/.hextet/manifest"), "test\tm/fine\n");
}

static void test_damaged_manifest(void **state) {
	static const struct str texts[] = { STR("no tab\n"), STR("test\tno-newline"), STR("test\tm/x\n\0test\tm/y\n") };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *before;
		struct tree t;

		put("out/m/x", "x");
		put("out/.hextet/manifest", "");
		assert_int_equal(file_write_plain(path_of("out/.hextet/manifest"), texts[i].s, texts[i].len, 0644), 0);
		before = listing();
		begin(&t);
		assert_int_equal(add(&t, "m", "/x", "new"), 0);
		assert_int_equal(end(&t), -EBADMSG);
		assert_string_equal(listing(), before);
	}
}

static void test_twice_the_same_path(void **state) {
	const char *before;
	struct tree t;

	(void)state;
	write_two();
	before = listing();
	begin(&t);
	assert_int_equal(add(&t, "m", "/x", "one"), 0);
	assert_int_equal(add(&t, "m", "/x", "another"), 0);
	assert_int_equal(end(&t), -EEXIST);
	assert_string_equal(listing(), before);
	begin(&t);
	assert_int_equal(add(&t, "z", "/x", "one"), 0);
	assert_int_equal(add(&t, "z", "/x", "another"), -EEXIST);
	tree_close(&t);
	assert_string_equal(listing(), before);
}

static void test_stale_and_foreign_files(void **state) {
	struct tree t;

	(void)state;
	write_two();
	put("out/m/etc/mine", "a person's");
	begin(&t);
	assert_int_equal(end(&t), 0);
	assert_false(exists("out/a"));
	assert_false(exists("out/m/etc/two"));
	assert_string_equal(text_of("out/m/etc/mine"), "a person's");
}

static void test_right_files_are_not_touched(void **state) {
	struct stat before, after;
	struct tree t;

	(void)state;
	write_two();
	assert_int_equal(stat(path_of("out/a/etc/one"), &before), 0);
	write_two();
	assert_int_equal(stat(path_of("out/a/etc/one"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(chmod(path_of("out/a/etc/one"), 0600), 0);
	write_two();
	assert_int_equal(stat(path_of("out/a/etc/one"), &after), 0);
	assert_int_equal(after.st_mode & 07777, 0644);
	begin(&t);
	assert_int_equal(add(&t, "a", "/etc/one/deeper", "x"), -ENOTDIR);
	tree_close(&t);
	assert_false(exists("out/.hextet/staging"));
}

static void test_one_at_a_time(void **state) {
	struct tree t, other;

	(void)state;
	put("out/.hextet/staging/0-1", "left by a render that was killed");
	begin(&t);
	assert_false(exists("out/.hextet/staging/0-1"));
	assert_int_equal(tree_open(&other, path_of("out"), 1), -EBUSY);
	assert_int_equal(end(&t), 0);
	begin(&t);
	tree_close(&t);
}

static int setup(void **state) {
	(void)state;
	memcpy(scratch + sizeof(scratch) - 7, "XXXXXX", 6);
	return mkdtemp(scratch) ? 0 : -1;
}

static int teardown(void **state) {
	(void)state;
	vec_done(&lines);
	arena_done(&arena);
	return file_remove_at(AT_FDCWD, scratch);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_undo_folder_in_place),
		TEST(test_undo_file_vanished),
		TEST(test_undo_file_appeared),
		TEST(test_undo_link_in_the_way),
		TEST(test_links_are_not_followed),
		TEST(test_own_folder_is_a_link),
		TEST(test_paths_refused),
		TEST(test_hostile_manifest),
		TEST(test_hostile_manifest_is_not_kept),
		TEST(test_damaged_manifest),
		TEST(test_twice_the_same_path),
		TEST(test_stale_and_foreign_files),
		TEST(test_right_files_are_not_touched),
		TEST(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
