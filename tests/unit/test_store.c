/* SPDX-License-Identifier: Apache-2.0 */
/* The guard's memory on disk. The engine of these tests is a text: store_snapshot.c only hands it on. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "guard/store.h"

struct engine {
	char text[64];
	bool changed; /* "the rules have changed" */
};

int engine_save(const struct engine *e, FILE *out) {
	return fputs(e->text, out) < 0 ? -EIO : 0;
}

int engine_load(struct engine *e, FILE *in, char **ret_why) {
	size_t n = fread(e->text, 1, sizeof(e->text) - 1, in);

	if (e->changed) {
		*ret_why = strdup("the rule login has changed");
		return -EBADMSG;
	}
	e->text[n] = 0;
	return 0;
}

static char folder[64], path[128];

static int make_folder(void **state) {
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/hextet-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/guard.db", folder);
	return 0;
}

static int remove_folder(void **state) {
	(void)state;
	return file_remove_at(AT_FDCWD, folder);
}

static struct prefix net(const char *text) {
	struct prefix p = { { 0, 0 }, 0 };

	assert_int_equal(prefix_parse(text, strlen(text), &p, NULL), 0);
	return p;
}

static struct store *open_store(enum store_mode mode) {
	struct store *s = NULL;
	char *why = NULL;

	assert_int_equal(store_open(path, mode, &s, &why), 0);
	assert_null(why);
	return s;
}

static struct ban login_ban(const char *network, int64_t at_ms) {
	return (struct ban){
		.network = net(network),
		.origin = BAN_BY_RULE,
		.rule = "login",
		.at_ms = at_ms,
		.until_ms = at_ms + 3600000,
		.repetition = 1,
		.evidence = { .count = 20,
			      .children = 8,
			      .ratio = 0.75,
			      .first_ms = at_ms - 5000,
			      .window_ms = 60000,
			      .client = net("2001:db8::7").ip,
			      .first = "a \"first\" \x01\xff line",
			      .last = "last" },
	};
}

struct seen {
	char text[4096]; /* "NETWORK RULE AT LIFTED;" each */
	struct stored_ban last;
	size_t n;
};

static void on_ban(const struct stored_ban *b, void *user) {
	struct seen *seen = user;
	char network[PREFIX_TEXT_MAX], line[256];

	(void)prefix_format(b->ban.network, network);
	(void)snprintf(line, sizeof(line), "%s %s %lld%s;", network, b->ban.rule, (long long)b->ban.at_ms,
		       b->lifted_ms == LOG_TIME_NONE ? "" : " lifted");
	if (strlen(seen->text) + strlen(line) < sizeof(seen->text))
		memcpy(seen->text + strlen(seen->text), line, strlen(line) + 1);
	seen->last = *b;
	seen->n++;
}

/* All of them, by any filter. */
static struct seen look(struct store *s, struct store_filter f) {
	struct seen seen = { 0 };

	assert_int_equal(store_each_ban(s, &f, on_ban, &seen, NULL), 0);
	return seen;
}
#define ALL ((struct store_filter){ .active_at_ms = LOG_TIME_NONE })

/* ---- bans ---- */

static void check_evidence(const struct stored_ban *b, void *user) {
	const struct ban want = login_ban("2001:db8::/64", 1000);

	*(bool *)user = true;
	assert_true(prefix_equal(b->ban.network, want.network));
	assert_int_equal(b->ban.origin, BAN_BY_RULE);
	assert_string_equal(b->ban.rule, "login");
	assert_int_equal(b->ban.at_ms, 1000);
	assert_int_equal(b->ban.until_ms, 3601000);
	assert_int_equal(b->ban.evidence.count, 20);
	assert_int_equal(b->ban.evidence.children, 8);
	assert_true(b->ban.evidence.ratio > 0.74 && b->ban.evidence.ratio < 0.76);
	assert_int_equal(b->ban.evidence.first_ms, -4000);
	assert_int_equal(b->ban.evidence.window_ms, 60000);
	assert_true(ip_equal(b->ban.evidence.client, want.evidence.client));
	assert_string_equal(b->ban.evidence.first, want.evidence.first);
	assert_string_equal(b->ban.evidence.last, "last");
	assert_null(b->ban.comment);
	assert_int_equal(b->wall_ms, 5000);
	assert_int_equal(b->ends_ms, 3601000);
	assert_int_equal(b->lifted_ms, LOG_TIME_NONE);
}

static void test_evidence_comes_back(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct ban ban = login_ban("2001:db8::/64", 1000);
	bool seen = false;

	(void)state;
	assert_int_equal(store_add_ban(s, &ban, 5000), 0);
	assert_int_equal(store_pending(s), 1);
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(store_pending(s), 0);
	store_close(s);
	s = open_store(STORE_READ);
	assert_int_equal(store_each_ban(s, &ALL, check_evidence, &seen, NULL), 0);
	assert_true(seen);
	store_close(s);
}

/* A replay brings the same bans again: they stay as they were, lifted ones too. */
static void test_replay_is_recognised(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct ban one = login_ban("2001:db8::/64", 1000), two = login_ban("2001:db8::/64", 2000);
	struct store_command unban = { .network = one.network, .at_ms = 1500, .wall_ms = 1600, .who = "root" };
	struct seen seen;

	(void)state;
	assert_int_equal(store_add_ban(s, &one, 1100), 0);
	assert_int_equal(store_add_command(s, &unban, NULL), 0);
	assert_int_equal(unban.id, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(store_add_ban(s, &one, 9000), 0);
		assert_int_equal(store_add_ban(s, &two, 9000), 0);
		assert_int_equal(store_commit(s, NULL), 0);
	}
	seen = look(s, ALL);
	assert_string_equal(seen.text, "2001:db8::/64 login 2000;2001:db8::/64 login 1000 lifted;");
	assert_int_equal(seen.last.wall_ms, 1100);
	assert_int_equal(seen.last.lifted_ms, 1600);
	store_close(s);
}

/* Whatever the log's clock says, a ban lasts its duration by the wall clock, or less. */
static void test_ends_by_the_wall_clock(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct ban ahead = login_ban("192.0.2.1/32", 900000000), behind = login_ban("192.0.2.2/32", 1000);

	(void)state;
	assert_int_equal(store_add_ban(s, &ahead, 5000), 0);
	assert_int_equal(store_add_ban(s, &behind, 3600000), 0);
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(look(s, (struct store_filter){ .active_at_ms = 3600999 }).n, 2);
	assert_string_equal(look(s, (struct store_filter){ .active_at_ms = 3601000 }).text,
			    "192.0.2.1/32 login 900000000;");
	assert_int_equal(look(s, (struct store_filter){ .active_at_ms = 3605000 }).n, 0);
	assert_int_equal(store_prune(s, 3605000, NULL), 0);
	assert_int_equal(look(s, ALL).n, 1); /* the log's clock may still come there */
	assert_int_equal(store_prune(s, 904000000, NULL), 0);
	assert_int_equal(look(s, ALL).n, 0);
	store_close(s);
}

/* What is around a network, what is in it, and nothing beside it; the families stay apart. */
static void test_overlap(void **state) {
	static const char *const networks[] = { "2001:db8::/32",     "2001:db8::/64", "2001:db8::1/128",
						"2001:db8:0:1::/64", "10.0.0.0/8",    "10.1.2.3/32",
						"0.0.0.0/0",         "::/0" };
	struct store *s = open_store(STORE_WRITE);
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		struct ban b = login_ban(networks[i], 1000 + (int64_t)i);

		assert_int_equal(store_add_ban(s, &b, 1000), 0);
	}
	assert_int_equal(store_commit(s, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		size_t want = 0;

		p = net(networks[i]);
		for (size_t k = 0; k < ARRAY_LEN(networks); k++)
			want += prefix_overlaps(p, net(networks[k]));
		assert_int_equal(look(s, (struct store_filter){ .active_at_ms = LOG_TIME_NONE, .overlap = &p }).n,
				 want);
	}
	p = net("2001:db8::2/128");
	assert_string_equal(look(s, (struct store_filter){ .active_at_ms = LOG_TIME_NONE, .overlap = &p }).text,
			    "::/0 login 1007;2001:db8::/64 login 1001;2001:db8::/32 login 1000;");
	store_close(s);
}

static void test_limit_and_pages(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct store_filter f = { .active_at_ms = LOG_TIME_NONE, .limit = 40 };
	size_t total = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct ban b = login_ban("2001:db8::/64", i);

		assert_int_equal(store_add_ban(s, &b, 1000), 0);
	}
	assert_int_equal(store_commit(s, NULL), 0);
	for (struct seen seen = look(s, f); seen.n; seen = look(s, f)) {
		total += seen.n;
		assert_true(seen.n == 40 || total == 100);
		f.before_id = seen.last.id;
	}
	assert_int_equal(total, 100);
	store_close(s);
}

/* ---- commands ---- */

static void on_command(const struct store_command *c, void *user) {
	struct store_command *last = user;

	last->id = c->id;
	last->lines = c->lines;
	assert_true(c->ban);
	assert_string_equal(c->comment, "a test");
	assert_string_equal(c->who, "root (uid 0, pid 1)");
	assert_int_equal(c->until_ms, 5000);
}

static void test_commands(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct ban rule = login_ban("2001:db8::/48", 1000);
	struct store_command c = { .ban = true,
				   .network = rule.network,
				   .at_ms = 2000,
				   .until_ms = 5000,
				   .wall_ms = 2000,
				   .lines = 17,
				   .comment = "a test",
				   .who = "root (uid 0, pid 1)" },
			     last = { 0 };

	(void)state;
	assert_int_equal(store_add_ban(s, &rule, 1000), 0);
	assert_int_equal(store_add_command(s, &c, NULL), 0);
	/* It takes the place of the one before. */
	assert_string_equal(look(s, ALL).text, "2001:db8::/48 manual 2000;2001:db8::/48 login 1000 lifted;");
	assert_int_equal(store_each_command(s, 0, on_command, &last, NULL), 0);
	assert_int_equal(last.id, c.id);
	assert_int_equal(last.lines, 17);
	last = (struct store_command){ 0 };
	assert_int_equal(store_each_command(s, c.id, on_command, &last, NULL), 0);
	assert_int_equal(last.id, 0);
	store_close(s);
}

/* What a command's answer promises is there after kill -9. */
static void test_durable_without_close(void **state) {
	pid_t pid = fork();
	struct store *s;
	int status = 0;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct ban b = login_ban("192.0.2.9/32", 1000);
		struct store_command c = { .ban = true, .network = net("192.0.2.1/32"), .until_ms = 5000, .who = "x" };
		bool good = store_open(path, STORE_WRITE, &s, NULL) == 0 && store_add_ban(s, &b, 1000) == 0 &&
			    store_add_command(s, &c, NULL) == 0;

		(void)kill(good ? getpid() : 0, SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	s = open_store(STORE_WRITE);
	assert_string_equal(look(s, ALL).text, "192.0.2.1/32 manual 0;192.0.2.9/32 login 1000;");
	store_close(s);
}

/* ---- what goes wrong ---- */

static void expect_open(enum store_mode mode, int error, const char *needle) {
	struct store *s = NULL;
	char *why = NULL;

	assert_int_equal(store_open(path, mode, &s, &why), error);
	assert_null(s);
	assert_non_null(why);
	if (!strstr(why, needle))
		fail_msg("'%s' does not say '%s'", why, needle);
	free(why);
}

static void test_a_second_guard(void **state) {
	struct store *s = open_store(STORE_WRITE), *reader;
	char pid[32];

	(void)state;
	(void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
	expect_open(STORE_WRITE, -EBUSY, pid);
	reader = open_store(STORE_READ); /* beside it */
	store_close(reader);
	expect_open(STORE_WRITE, -EBUSY, "another guard"); /* the reader's end took no lock away */
	store_close(s);
	s = open_store(STORE_WRITE);
	store_close(s);
}

static void test_files_that_are_none(void **state) {
	sqlite3 *db = NULL;

	(void)state;
	expect_open(STORE_READ, -ENOENT, "No such file");
	assert_int_equal(file_write_plain(path, "not a database, but long enough to be read as one......", 40, 0600),
			 0);
	expect_open(STORE_READ, -EBADMSG, "no SQLite database");
	expect_open(STORE_WRITE, -EBADMSG, "no SQLite database");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE jukebox(song)", NULL, NULL, NULL), SQLITE_OK);
	expect_open(STORE_WRITE, -EBADMSG, "no database of the guard");
	assert_int_equal(sqlite3_exec(db, "PRAGMA application_id=1752721268; PRAGMA user_version=9", NULL, NULL, NULL),
			 SQLITE_OK);
	expect_open(STORE_WRITE, -EPROTONOSUPPORT, "format 9");
	(void)sqlite3_close(db);
}

/* No more room: what was given is kept, counted and written when there is room again; nothing that was there is lost.
 */
static void test_full_disk(void **state) {
	struct store *s = open_store(STORE_WRITE);
	struct store_command c = { .network = net("192.0.2.1/32"), .who = "x" };
	struct rlimit old, limit;
	char *why = NULL;
	int r = 0, n = 0;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ 300000, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (; n < 100000 && r == 0; n++) {
		struct ban b = login_ban("2001:db8::/64", n);

		assert_int_equal(store_add_ban(s, &b, 1000), 0);
		r = store_commit(s, &why);
	}
	assert_true(r == -EFBIG || r == -ENOSPC || r == -EIO);
	assert_non_null(why);
	assert_non_null(strstr(why, path));
	assert_int_equal(store_pending(s), 1);
	assert_true(store_add_command(s, &c, NULL) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	free(why);
	assert_int_equal(look(s, ALL).n, n - 1);
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(store_pending(s), 0);
	assert_int_equal(look(s, ALL).n, n);
	store_close(s);
}

/* ---- the snapshot ---- */

static const struct store_position positions[] = {
	{ "file:/var/log/a b.log", "8:1234:5678" },
	{ "syslog:[::1]:514", NULL },
	{ "stdin", "" },
};

static void write_snapshot(void) {
	const struct engine e = { .text = "counters\n\nand bans" };
	const struct store_snapshot s = { positions, 2, 42, UINT64_MAX };

	assert_int_equal(store_write_snapshot(path, &e, &s, NULL), 0);
}

static void test_snapshot(void **state) {
	struct engine e = { 0 };
	struct store_snapshot s = { 0 };
	struct arena a = { 0 };
	char *engine_why, *why = NULL;

	(void)state;
	assert_int_equal(store_load_snapshot(path, &e, &a, &s, &engine_why, &why), -ENOENT);
	free(why);
	write_snapshot();
	assert_int_equal(store_load_snapshot(path, &e, &a, &s, &engine_why, NULL), 0);
	assert_null(engine_why);
	assert_string_equal(e.text, "counters\n\nand bans");
	assert_int_equal(s.last_command, 42);
	assert_true(s.lines == UINT64_MAX);
	assert_int_equal(s.position_count, 1);
	assert_string_equal(s.positions[0].spec, "file:/var/log/a b.log");
	assert_string_equal(s.positions[0].position, "8:1234:5678");
	/* New rules: the positions are good all the same. */
	e.changed = true;
	assert_int_equal(store_load_snapshot(path, &e, &a, &s, &engine_why, NULL), 0);
	assert_string_equal(engine_why, "the rule login has changed");
	assert_int_equal(s.position_count, 1);
	free(engine_why);
	arena_done(&a);
}

/* Every byte of it matters, and so does every byte that is missing. */
static void test_damaged_snapshot(void **state) {
	char name[160], *bytes;
	struct store_snapshot s;
	struct arena a = { 0 };
	size_t len;

	(void)state;
	write_snapshot();
	(void)snprintf(name, sizeof(name), "%s-snapshot", path);
	assert_int_equal(file_read(&a, name, 1 << 20, &bytes, &len), 0);
	for (size_t i = 0; i < 2 * len; i++) {
		struct engine e = { 0 };
		char *engine_why, *why = NULL;

		bytes[i / 2] ^= 4;
		assert_int_equal(file_write_plain(name, bytes, i & 1 ? len : i / 2, 0600), 0);
		assert_int_equal(store_load_snapshot(path, &e, &a, &s, &engine_why, &why), -EBADMSG);
		assert_non_null(strstr(why, "damaged"));
		assert_string_equal(e.text, "");
		free(why);
		bytes[i / 2] ^= 4;
	}
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_evidence_comes_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_replay_is_recognised, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_ends_by_the_wall_clock, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_overlap, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_limit_and_pages, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_commands, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_durable_without_close, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_second_guard, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_files_that_are_none, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_full_disk, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_snapshot, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_damaged_snapshot, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
