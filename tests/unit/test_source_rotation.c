/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to logs, one thing at a time; and a process that writes and rotates as fast as it can. The same at
 * random is test_source_file.c. */
#include "follower.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "random.h"

static char folder[] = "/tmp/hextet-rotation-XXXXXX";
static char path[64], spec[70];

static int setup(void **state) {
	(void)state;
	assert_int_equal(mkdir(folder, 0700), 0);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	return file_remove_at(AT_FDCWD, folder);
}

static const char *name(const char *file) {
	static char text[4][sizeof(folder) + 100];
	static unsigned i;

	(void)snprintf(text[++i % 4], sizeof(*text), "%s/%s", folder, file);
	return text[i % 4];
}

static void add(const char *file, const char *text) {
	int fd = open(name(file), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void move(const char *from, const char *to) {
	assert_int_equal(rename(name(from), name(to)), 0);
}

static void copy(const char *from, const char *to) {
	struct arena a = { 0 };
	size_t len;
	char *text;

	assert_int_equal(file_read(&a, name(from), 1 << 20, &text, &len), 0);
	assert_int_equal(file_write_plain(name(to), text, len, 0600), 0);
	arena_done(&a);
}

/* Ends the follower: these lines came, and this was said, or nothing (NULL). Returns the position. */
static char *finish(struct follower *f, const char *got, const char *said) {
	char *position;

	follower_wait_len(f, strlen(got));
	follower_stop(f);
	position = f->source->kind->position(f->source);
	assert_string_equal(f->got ? f->got : "", got);
	if (!said)
		assert_null(f->said);
	else if (!f->said || !strstr(f->said, said))
		fail_msg("\"%s\" was not said, but: %s", said, f->said ? f->said : "nothing");
	follower_done(f);
	return position;
}

static void end(struct follower *f, const char *got, const char *said) {
	free(finish(f, got, said));
}

static void test_a_log_that_is_not_there_yet(void **state) {
	struct follower f;
	char deep[100];

	(void)state;
	(void)snprintf(deep, sizeof(deep), "file:%s/a/b/access.log", folder);
	follower_open(&f, deep, NULL);
	follower_wait_said(&f, "is not there yet; waiting for it\n");
	assert_int_equal(mkdir(name("a"), 0700), 0);
	assert_int_equal(mkdir(name("a/b"), 0700), 0);
	add("a/b/access.log", "one\n");
	follower_wait(&f, "one\n");
	add("a/b/access.log", "two\n");
	end(&f, "one\ntwo\n", "is not there yet; waiting for it\nis back\n");
}

static void test_a_log_that_vanishes_and_returns(void **state) {
	struct follower f;

	(void)state;
	add("access.log", "one\n");
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	assert_int_equal(unlink(path), 0);
	follower_wait_said(&f, "!has vanished; waiting for it to return\n");
	add("access.log", "two\n");
	end(&f, "one\ntwo\n", "!has vanished; waiting for it to return\nwas replaced by a new file\nis back\n");
}

static void test_lines_without_an_end(void **state) {
	struct follower f;

	(void)state;
	add("access.log", "one\ntw");
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	add("access.log", "o\nthr");
	follower_wait(&f, "two\n");
	move("access.log", "access.log.1"); /* whoever rotates at this moment has lost the rest */
	add("access.log", "four\n");
	end(&f, "one\ntwo\nthr\nfour\n", "was rotated");
}

/* Servers write to the old file until they are told, and some of their processes longer. */
static void test_writers_of_the_old_file(void **state) {
	struct follower f;
	int old;

	(void)state;
	add("access.log", "one\n");
	old = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	move("access.log", "access.log.1");
	follower_wait_said(&f, "was renamed; waiting for the new one\n");
	assert_int_equal(write(old, "two\n", 4), 4);
	follower_wait(&f, "two\n");
	add("access.log", "three\n");
	follower_wait(&f, "three\n");
	assert_int_equal(write(old, "four\n", 5), 5);
	follower_wait(&f, "four\n");
	add("access.log", "five\n");
	follower_wait(&f, "five\n");
	assert_int_equal(write(old, "six", 3), 3); /* no end, and none will come */
	(void)close(old);
	end(&f, "one\ntwo\nthree\nfour\nfive\nsix\n", "was rotated: the old file is ");
}

/* Both files are in the position. */
static void test_restart_with_two_files(void **state) {
	struct follower f;
	char *position;
	int old;

	(void)state;
	add("access.log", "one\n");
	old = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	move("access.log", "access.log.1");
	add("access.log", "two\nth");
	position = finish(&f, "one\ntwo\n", "was rotated");
	assert_non_null(strchr(position, ','));
	assert_int_equal(write(old, "old\n", 4), 4);
	add("access.log", "ree\n");
	follower_open(&f, spec, position);
	free(position);
	follower_wait(&f, "three\n");
	(void)close(old);
	end(&f, "old\nthree\n", NULL);
}

/* Emptied, and longer than before when we look: the follower is held up in its callback meanwhile. */
static void test_grown_again_beyond_the_place(void **state) {
	struct follower f;

	(void)state;
	add("access.log", "one, the first\n");
	follower_open(&f, spec, NULL);
	follower_wait(&f, "first\n");
	(void)pthread_mutex_lock(&f.mutex);
	add("access.log", "two\n");
	assert_int_equal(truncate(path, 0), 0);
	add("access.log", "three, which is longer than both\nfour\n");
	(void)pthread_mutex_unlock(&f.mutex);
	follower_wait(&f, "four\n");
	follower_stop(&f);
	/* Whether two was seen is a matter of who was faster; the others were, once each. */
	if (strstr(f.got, "two\n"))
		assert_string_equal(f.got, "one, the first\ntwo\nthree, which is longer than both\nfour\n");
	else
		assert_string_equal(f.got, "one, the first\nthree, which is longer than both\nfour\n");
	assert_string_equal(f.said, "was emptied: it is read from its beginning\n");
	follower_done(&f);
}

static void test_emptied_while_down(void **state) {
	struct follower f;
	char *position;

	(void)state;
	add("access.log", "one\ntwo\n");
	follower_open(&f, spec, NULL);
	position = finish(&f, "one\ntwo\n", NULL);
	assert_int_equal(truncate(path, 0), 0);
	add("access.log", "three, which is longer\n");
	follower_open(&f, spec, position);
	free(position);
	end(&f, "three, which is longer\n", "!the file that was read before is not there any more");
}

static void test_links(void **state) {
	struct follower f;
	char *position;

	(void)state;
	/* The link's target is rotated: */
	assert_int_equal(mkdir(name("data"), 0700), 0);
	assert_int_equal(symlink("data/real.log", path), 0);
	add("data/real.log", "one\n");
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	move("data/real.log", "data/real.log.1");
	add("data/real.log.1", "two\n");
	add("data/real.log", "three\n");
	follower_wait(&f, "three\n");
	/* it is turned elsewhere: */
	add("data/log-2026-11-23", "four\n");
	assert_int_equal(symlink("data/log-2026-11-23", name("new")), 0);
	move("new", "access.log");
	follower_wait(&f, "four\n");
	position = finish(&f, "one\ntwo\nthree\nfour\n", "was rotated: the old file is ");
	/* and again, twice, while nobody reads. */
	add("data/log-2026-11-23", "five\n");
	add("data/log-2026-11-24", "six\n");
	add("data/log-2026-11-25", "seven\n");
	add("data/log-2026-10-01", "a year ago\n");
	assert_int_equal(symlink("data/log-2026-11-25", name("new")), 0);
	move("new", "access.log");
	follower_open(&f, spec, position);
	free(position);
	end(&f, "five\nsix\nseven\n", "was rotated: the old file is ");
}

static void test_other_files_under_the_name(void **state) {
	struct follower f;

	(void)state;
	add("access.log", "one\n");
	follower_open(&f, spec, NULL);
	follower_wait(&f, "one\n");
	/* Another file, put over it: from its beginning. */
	add("other", "two, of another file\n");
	move("other", "access.log");
	follower_wait(&f, "two, of another file\n");
	/* The same with more, as rsync does it: what is new. */
	copy("access.log", "other");
	add("other", "three\n");
	move("other", "access.log");
	end(&f, "one\ntwo, of another file\nthree\n", "was replaced by a new file");
}

static void test_packed_while_down(void **state) {
	struct follower f;
	char *position;

	(void)state;
	add("access.log", "one\n");
	follower_open(&f, spec, NULL);
	position = finish(&f, "one\n", NULL);
	assert_int_equal(unlink(path), 0);
	add("access.log.1.gz", "packed");
	add("access.log", "three\n");
	follower_open(&f, spec, position);
	free(position);
	end(&f, "three\n",
	    "!the file that was read before is not there any more, or packed, or emptied: what was "
	    "written to it behind byte 4, and to files rotated away since, is lost\n");
}

/* Neither the log nor the old file is there: the disk is not mounted yet. */
static void test_a_position_that_waits(void **state) {
	struct follower f;
	char *position, *again;

	(void)state;
	add("access.log", "one\n");
	follower_open(&f, spec, NULL);
	position = finish(&f, "one\n", NULL);
	assert_int_equal(rename(folder, "/tmp/hextet-rotation-unmounted"), 0);
	follower_open(&f, spec, position);
	follower_wait_said(&f, "is not there yet");
	again = finish(&f, "", "is not there yet");
	assert_string_equal(again, position);
	free(again);
	follower_open(&f, spec, position);
	free(position);
	follower_wait_said(&f, "is not there yet");
	assert_int_equal(rename("/tmp/hextet-rotation-unmounted", folder), 0);
	add("access.log", "two\n");
	end(&f, "two\n", "is back");
}

static void test_many_rotations_while_down(void **state) {
	enum { MANY = 150 };
	struct follower f;
	char *position, *expected = NULL, line[100];
	size_t len = 0, cap = 0;

	(void)state;
	add("access.log", "one\n");
	follower_open(&f, spec, NULL);
	position = finish(&f, "one\n", NULL);
	for (unsigned i = MANY; i; i--) {
		(void)snprintf(line, sizeof(line), "access.log.%u", i);
		if (i == MANY)
			move("access.log", line);
		else
			add(line, line), add(line, "\n");
		if (i < MANY)
			follower_append(&expected, &len, &cap, line, strlen(line)),
				follower_append(&expected, &len, &cap, "\n", 1);
	}
	add("access.log", "last\n");
	follower_append(&expected, &len, &cap, "last\n", 5);
	follower_open(&f, spec, position);
	free(position);
	end(&f, expected, "was rotated");
	free(expected);
}

static void test_not_a_position(void **state) {
	static const char *const bad[] = { "x", "1:2:3", "1:2:3:4:5", "1:2:3:0:zz", "1:2:-3:0:0", "::::", "" };

	(void)state;
	add("access.log", "one\n");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct follower f;

		follower_open(&f, spec, bad[i]);
		end(&f, "one\n", "is no position in a file: the log is read from its beginning");
	}
}

static void expect_why(const char *place, int error, const char *says) {
	struct follower f;
	char *why = NULL;

	assert_int_equal(follower_try(&f, place, NULL, &why), error);
	if (!why || !strstr(why, says))
		fail_msg("%s: %s", place, why ? why : "");
	free(why);
}

static void test_what_is_no_log(void **state) {
	pid_t child;
	int status;

	(void)state;
	expect_why("file:", -EINVAL, "has no path");
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_why(spec, -EINVAL, "it is no regular file; pipes are read as standard input");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_why(spec, -EISDIR, "Is a directory; name a file in it");
	assert_int_equal(rmdir(path), 0);
	add("access.log", "secret\n");
	child = fork();
	if (child == 0) { /* root may read everything */
		struct log_source_config c = { .lines = follower_lines };
		struct log_source *s;
		struct loop *l = NULL;
		char *why = NULL;

		if ((geteuid() == 0 && setuid(65534) < 0) || (geteuid() != 65534 && chmod(path, 0) < 0) ||
		    loop_new(&l) < 0)
			_exit(2);
		_exit(log_source_open(l, spec, &c, &s, &why) == -EACCES && why &&
				      strstr(why, "Permission denied; let the guard's user read it")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Writes lines 0, 1, 2 … and does to its log what it likes, without waiting for anybody, once the first was seen. */
static void write_and_rotate(uint64_t seed, unsigned lines, int go) {
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	char text[200], to[120];
	unsigned rotated = 0;

	for (unsigned i = 0; i < lines; i++) {
		int n = snprintf(text, sizeof(text), "%u %.*s\n", i, (int)random_below(&seed, 100),
				 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
				 "abcdefghijklmnopqrstuvwxyzabcdefghij");
		int part = (int)random_below(&seed, (unsigned)n);

		if (fd < 0 || write(fd, text, (size_t)part) != part ||
		    write(fd, text + part, (size_t)(n - part)) != n - part)
			_exit(2);
		if (i == 0 && read(go, text, 1) != 1)
			_exit(4);
		if (random_below(&seed, 50) == 0)
			(void)usleep(random_below(&seed, 2000));
		if (random_below(&seed, 150) == 0) {
			(void)snprintf(to, sizeof(to), "%s-%06u", path, ++rotated);
			if (rename(path, to) < 0)
				_exit(3);
			if (random_below(&seed, 4) == 0)
				(void)usleep(random_below(&seed, 1000)); /* no log at all */
			(void)close(fd);
			fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		}
	}
	_exit(0);
}

static void against_a_process(uint64_t seed) {
	enum { LINES = 12000 };
	struct follower f;
	char last[20], *position = NULL, *got = NULL, *p;
	size_t len = 0, cap = 0;
	int status, go[2];
	pid_t child;

	assert_int_equal(pipe(go), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		write_and_rotate(seed, LINES, go[0]);
	/* Restarted every few thousand lines. */
	for (unsigned until = 4000; until <= LINES + 3999; until += 4000) {
		follower_open(&f, spec, position);
		if (!got) {
			follower_wait(&f, "\n");
			assert_int_equal(write(go[1], "", 1), 1);
		}
		(void)snprintf(last, sizeof(last), "%u ", MIN(until, LINES) - 1);
		if (!got || !strstr(got, last))
			follower_wait(&f, last);
		follower_stop(&f);
		free(position);
		position = f.source->kind->position(f.source);
		follower_append(&got, &len, &cap, f.got, f.len);
		if (f.said && strchr(f.said, '!'))
			fail_msg("seed %u: %.500s", (unsigned)seed, strchr(f.said, '!'));
		follower_done(&f);
	}
	free(position);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(go[0]);
	(void)close(go[1]);
	p = got;
	for (unsigned i = 0; i < LINES; i++) {
		assert_int_equal(strtoul(p, &p, 10), i);
		p = strchr(p, '\n');
		assert_non_null(p);
		p++;
	}
	assert_int_equal(*p, 0);
	free(got);
}

static void test_against_a_process(void **state) {
	for (uint64_t seed = 1; seed <= 3; seed++) {
		against_a_process(seed);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* Without inotify: a namespace that has no watch left. Runs in a process of its own. */
struct slow {
	struct loop *loop;
	unsigned batches, warnings;
};

static int take_slowly(struct log_source *s, const struct log_batch *batch, void *user) {
	struct slow *slow = user;
	const char *expected = slow->batches ? "two\n" : "one\n";

	(void)s;
	if (batch->len != 4 || memcmp(batch->bytes, expected, 4) != 0)
		_exit(3);
	if (slow->batches++) {
		loop_stop(slow->loop);
	} else {
		move("access.log", "access.log.1");
		add("access.log", "two\n");
	}
	return 0;
}

static void note_slowness(struct log_source *s, enum log_source_level level, const char *text, void *user) {
	struct slow *slow = user;

	(void)s;
	if (level == LOG_SOURCE_WARNING && strstr(text, "once a second only: no inotify watch is left; raise"))
		slow->warnings++;
}

static void run_without_watches(void) {
	struct slow slow = { 0 };
	struct log_source_config c = { .lines = take_slowly, .log = note_slowness, .user = &slow };
	struct log_source *s;
	char *why = NULL;
	int fd;

	if (unshare(CLONE_NEWUSER) < 0)
		_exit(77);
	fd = open("/proc/sys/user/max_inotify_watches", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(77);
	if (loop_new(&slow.loop) < 0 || log_source_open(slow.loop, spec, &c, &s, &why) < 0 || loop_run(slow.loop) < 0)
		_exit(2);
	_exit(slow.batches == 2 && slow.warnings == 1 ? 0 : 1);
}

static void test_without_inotify(void **state) {
	pid_t child;
	int status;

	(void)state;
	add("access.log", "one\n");
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		run_without_watches();
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static int refuse(struct log_source *s, const struct log_batch *batch, void *user) {
	(void)s;
	(void)batch;
	(*(unsigned *)user)++;
	return -ENOSPC;
}

static void note(struct log_source *s, enum log_source_level level, const char *text, void *user) {
	(void)user;
	assert_int_equal(level, LOG_SOURCE_WARNING);
	assert_string_equal(text, "stopped, for its lines could not be taken: No space left on device");
	(void)s;
}

static int on_time(void *user) {
	loop_stop(user);
	return 0;
}

static void test_lines_that_are_refused(void **state) {
	unsigned calls = 0;
	struct log_source_config c = { .lines = refuse, .log = note, .user = &calls };
	struct log_source *s;
	struct loop *l;
	char *why = NULL;

	(void)state;
	add("access.log", "one\n");
	assert_int_equal(loop_new(&l), 0);
	assert_int_equal(loop_add_timer(l, 50, on_time, l, NULL), 0);
	assert_int_equal(log_source_open(l, spec, &c, &s, &why), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(calls, 1);
	log_source_close(s);
	loop_free(l);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		CASE(test_a_log_that_is_not_there_yet),
		CASE(test_a_log_that_vanishes_and_returns),
		CASE(test_lines_without_an_end),
		CASE(test_writers_of_the_old_file),
		CASE(test_restart_with_two_files),
		CASE(test_grown_again_beyond_the_place),
		CASE(test_emptied_while_down),
		CASE(test_links),
		CASE(test_other_files_under_the_name),
		CASE(test_packed_while_down),
		CASE(test_a_position_that_waits),
		CASE(test_many_rotations_while_down),
		CASE(test_not_a_position),
		CASE(test_what_is_no_log),
		CASE(test_against_a_process),
		CASE(test_without_inotify),
		CASE(test_lines_that_are_refused),
	};

	if (!mkdtemp(folder) || rmdir(folder) < 0)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/access.log", folder);
	(void)snprintf(spec, sizeof(spec), "file:%s", path);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
