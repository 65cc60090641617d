/* SPDX-License-Identifier: Apache-2.0 */
/* Another connection of SQLite's own writes; the watch tells of what it commits and of nothing else. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <string.h>

#include "base/file.h"
#include "geo/source.h"

enum { LONG_MS = 20000, SHORT_MS = 200 };

struct fixture {
	char folder[64], path[96];
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct geo_spec spec;
	struct geo_watch *watch;
	sqlite3 *db;
};

static void run(struct fixture *f, const char *sql) {
	char *why = NULL;

	if (sqlite3_exec(f->db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static void begin(struct fixture *f, const char *mode) {
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/hextet-watch-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/geo.db", f->folder);
	sources_init(&f->sources, &f->arena);
	diags_init(&f->diags, &f->arena, &f->sources);
	assert_int_equal(geo_spec_parse(&f->arena, f->path, &f->diags, &f->spec), 0);
	assert_int_equal(f->spec.source->init(&f->spec, &f->diags), 0);
	assert_int_equal(sqlite3_open(f->path, &f->db), SQLITE_OK);
	run(f, arena_printf(&f->arena, "PRAGMA journal_mode = %s", mode));
	assert_int_equal(f->spec.source->watch(&f->spec, &f->watch, &f->diags), 0);
}

static void end(struct fixture *f) {
	f->spec.source->watch_close(f->watch);
	(void)sqlite3_close(f->db);
	(void)file_remove_at(AT_FDCWD, f->folder);
	diags_done(&f->diags);
	sources_done(&f->sources);
	arena_done(&f->arena);
}

/* Whether a change is told of before so many milliseconds without an event have passed. */
static bool changes(struct fixture *f, int ms) {
	struct pollfd p = { .fd = f->spec.source->watch_fd(f->watch), .events = POLLIN };
	int r = 0;

	for (int looks = 0; looks < 300 && r == 0 && poll(&p, 1, ms) == 1; looks++)
		r = f->spec.source->watch_changed(f->watch);
	assert_true(r >= 0);
	return r;
}

static void check_commits(const char *mode) {
	struct fixture f;

	begin(&f, mode);
	assert_false(changes(&f, SHORT_MS));
	run(&f, "INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')");
	assert_true(changes(&f, LONG_MS));
	assert_false(changes(&f, SHORT_MS));
	run(&f, "BEGIN; UPDATE geo_exceptions SET country = 'DE'; ROLLBACK");
	assert_false(changes(&f, SHORT_MS));
	run(&f, "BEGIN; UPDATE geo_exceptions SET country = 'DE'");
	assert_false(changes(&f, SHORT_MS));
	run(&f, "COMMIT");
	assert_true(changes(&f, LONG_MS));
	end(&f);
}

static void test_delete(void **state) {
	(void)state;
	check_commits("DELETE");
}

static void test_truncate(void **state) {
	(void)state;
	check_commits("TRUNCATE");
}

static void test_wal(void **state) {
	(void)state;
	check_commits("WAL");
}

static void test_replaced(void **state) {
	struct fixture f;
	char other[128];

	(void)state;
	begin(&f, "DELETE");
	(void)snprintf(other, sizeof(other), "%s/other.db", f.folder);
	run(&f, arena_printf(&f.arena, "VACUUM INTO '%s'", other));
	assert_false(changes(&f, SHORT_MS));
	assert_int_equal(rename(other, f.path), 0);
	assert_true(changes(&f, LONG_MS));
	(void)sqlite3_close(f.db);
	assert_int_equal(sqlite3_open(f.path, &f.db), SQLITE_OK);
	run(&f,
	    "DELETE FROM geo_exceptions; INSERT INTO geo_exceptions (country, network) VALUES ('CZ', '8.8.8.0/24')");
	assert_true(changes(&f, LONG_MS));
	assert_int_equal(unlink(f.path), 0);
	assert_true(changes(&f, LONG_MS));
	end(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_truncate),
		cmocka_unit_test(test_wal),
		cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
