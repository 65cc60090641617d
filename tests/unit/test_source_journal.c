/* SPDX-License-Identifier: Apache-2.0 */
/* The journal, in files that systemd-journal-remote writes. Its header must be one that the syslog parser takes off. */
#include "follower.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "logs/syslog.h"

#define WRITER "/lib/systemd/systemd-journal-remote"
#define TIME UINT64_C(1795414451000001) /* 2026-11-23T06:14:11.000001Z, as date(1) says */

static char folder[] = "/tmp/hextet-journal-XXXXXX";
static uint64_t written; /* entries so far: each is one microsecond later */

static void run_writer(const char *journal, const char *entries) {
	char out[128];
	char *const args[] = { (char *)(uintptr_t)WRITER, (char *)(uintptr_t) "-o", out, (char *)(uintptr_t)entries,
			       NULL };
	char *const environment[] = { NULL };
	posix_spawn_file_actions_t quiet;
	pid_t pid;
	int status;

	(void)snprintf(out, sizeof(out), "%s/%s.journal", folder, journal);
	assert_int_equal(posix_spawn_file_actions_init(&quiet), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0), 0);
	assert_int_equal(posix_spawn(&pid, WRITER, &quiet, NULL, args, environment), 0);
	(void)posix_spawn_file_actions_destroy(&quiet);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* n entries with the numbers that follow. */
static void write_entries(const char *journal, const char *unit, const char *tag, unsigned n, const char *text) {
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/entries", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	for (; n; n--, written++) {
		size_t len;
		char message[200];

		(void)fprintf(f,
			      "__REALTIME_TIMESTAMP=%" PRIu64 "\n__MONOTONIC_TIMESTAMP=%" PRIu64
			      "\n_BOOT_ID=0123456789abcdef0123456789abcdef\n_HOSTNAME=web1\n_SYSTEMD_UNIT=%s\n"
			      "SYSLOG_IDENTIFIER=%s\n_PID=4711\nPRIORITY=6\n",
			      TIME + written, written + 1, unit, tag);
		len = (size_t)snprintf(message, sizeof(message), "%s %" PRIu64, text, written);
		/* The form for values with line ends: the length, little-endian, and the bytes. */
		(void)fprintf(f, "MESSAGE\n");
		for (unsigned i = 0; i < 8; i++)
			(void)fputc((int)(len >> 8 * i & 0xff), f);
		(void)fprintf(f, "%s\n\n", message);
	}
	assert_int_equal(fclose(f), 0);
	run_writer(journal, path);
}

/* The line of entry k. */
static void expect(char **text, size_t *len, size_t *cap, uint64_t k, const char *tag, const char *message) {
	char line[300];
	int n = snprintf(line, sizeof(line), "2026-11-23T06:14:11.%06" PRIu64 "Z web1 %s[4711]: %s %" PRIu64 "\n",
			 k + 1, tag, message, k);

	follower_append(text, len, cap, line, (size_t)n);
}

static void test_from_now_and_with_restarts(void **state) {
	char spec[100], *expected = NULL, *position = NULL;
	size_t len = 0, cap = 0, got_len = 0, got_cap = 0;
	char *got = NULL;

	(void)state;
	(void)snprintf(spec, sizeof(spec), "journal:%s:ssh", folder);
	write_entries("a", "ssh.service", "sshd", 3, "old");
	for (unsigned i = 0; i < 8; i++) {
		struct follower f;

		if (i) /* while nobody reads; from the fourth on into another file */
			write_entries(i < 4 ? "a" : "b", "ssh.service", "sshd", 1, "while down");
		if (i)
			expect(&expected, &len, &cap, written - 1, "sshd", "while down");
		write_entries("a", "nginx.service", "nginx", 1, "of another unit");
		follower_open(&f, spec, position);
		write_entries(i < 4 ? "a" : "b", "ssh.service", "sshd", 2, "while up");
		expect(&expected, &len, &cap, written - 2, "sshd", "while up");
		expect(&expected, &len, &cap, written - 1, "sshd", "while up");
		follower_wait_len(&f, len - got_len);
		follower_stop(&f);
		assert_null(f.said);
		follower_append(&got, &got_len, &got_cap, f.got, f.len);
		free(position);
		position = f.source->kind->position(f.source);
		assert_non_null(position);
		assert_null(strpbrk(position, " ,\n"));
		follower_done(&f);
		assert_string_equal(got, expected);
	}
	free(position);
	free(got);
	free(expected);
}

static void test_what_strangers_write(void **state) {
	struct syslog_header h;
	struct follower f;
	char spec[100];

	(void)state;
	(void)snprintf(spec, sizeof(spec), "journal:%s", folder);
	follower_open(&f, spec, NULL);
	write_entries("a", "x.service", "evil: 192.0.2.1 [x] - - \"", 1, "one\nsshd[1]: two");
	follower_wait(&f, "\n");
	follower_stop(&f);
	assert_non_null(strstr(f.got, "Z web1 evil__192.0.2.1__x__-_-__[4711]: one sshd[1]: two "));
	assert_true(syslog_header_parse(f.got, f.len - 1, &h));
	assert_true(h.time_is_iso);
	assert_true(str_is(h.host, "web1") && str_is(h.pid, "4711"));
	assert_memory_equal(f.got + h.body, "one sshd", 8);
	follower_done(&f);
}

static void test_an_empty_folder_and_a_backlog(void **state) {
	enum { MANY = 2500 };
	char spec[100], path[128], *position;
	struct follower f;

	(void)state;
	assert_int_equal(file_remove_at(AT_FDCWD, folder), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)snprintf(spec, sizeof(spec), "journal:%s", folder);
	follower_open(&f, spec, NULL);
	write_entries("a", "x.service", "x", 1, "first of all");
	follower_wait(&f, "first of all");
	follower_stop(&f);
	position = f.source->kind->position(f.source);
	follower_done(&f);
	write_entries("a", "x.service", "x", MANY, "backlog");
	follower_open(&f, spec, position);
	(void)snprintf(path, sizeof(path), "backlog %" PRIu64 "\n", written - 1);
	follower_wait(&f, path);
	follower_stop(&f);
	assert_int_equal(f.source->lines, MANY);
	follower_done(&f);
	/* The file of the position is gone. */
	(void)snprintf(path, sizeof(path), "%s/a.journal", folder);
	assert_int_equal(unlink(path), 0);
	write_entries("b", "x.service", "x", 1, "after the loss");
	follower_open(&f, spec, position);
	follower_wait(&f, "after the loss");
	follower_stop(&f);
	assert_non_null(strstr(f.said, "!the last entry that was read is not there any more"));
	follower_done(&f);
	free(position);
}

static void test_bad_places(void **state) {
	struct follower f;
	char spec[100], *why = NULL;

	(void)state;
	assert_int_equal(follower_try(&f, "journal:/nonexistent", NULL, &why), -ENOENT);
	assert_non_null(strstr(why, "the journal in /nonexistent cannot be opened"));
	free(why);
	(void)snprintf(spec, sizeof(spec), "journal:%s", folder);
	follower_open(&f, spec, "no-cursor");
	follower_stop(&f);
	assert_non_null(strstr(f.said, "is no position in a journal"));
	follower_done(&f);
}

static int setup(void **state) {
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
	(void)state;
	return file_remove_at(AT_FDCWD, folder);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_now_and_with_restarts),
		cmocka_unit_test(test_what_strangers_write),
		cmocka_unit_test(test_an_empty_folder_and_a_backlog),
		cmocka_unit_test(test_bad_places),
	};

	if (access(WRITER, X_OK) < 0) {
		(void)printf("1..0 # SKIP %s is not installed (package systemd-journal-remote)\n", WRITER);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
