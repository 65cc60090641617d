/* SPDX-License-Identifier: Apache-2.0 */
/* Children as a shell sees them: what they inherit, what is kept of what they say, and when they are killed. */
#include "unit.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"

static int shell(struct arena *a, const char *script, unsigned limit_s, int *ret_status, struct str *ret_output) {
	const char *const argv[] = { "sh", "-c", script, NULL };
	const struct child_options o = { .argv = argv, .limit_s = limit_s, .output_max = 100 };

	return child_run(&o, a, ret_status, ret_output);
}

static void test_said(void **state) {
	static const struct {
		const char *script, *output;
		int status;
	} rows[] = {
		{ "echo out; echo err >&2; exit 3", "out\nerr\n", 3 },
		{ "cat; pwd >/dev/null", "", 0 }, /* standard input is empty */
		{ "kill -TERM $$", "", 128 + SIGTERM },
		{ "kill -PIPE $$", "", 128 + SIGPIPE }, /* main() ignores it; programs expect it to work */
		{ "echo $LC_ALL", "C\n", 0 },
		{ "sleep 100 & echo begun", "begun\n", 0 }, /* the one in the background keeps nobody waiting */
	};
	struct arena a = { 0 };
	struct str output;
	int status;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(shell(&a, rows[i].script, 50, &status, &output), 0);
		assert_int_equal(status, rows[i].status);
		assert_string_equal(arena_dup(&a, output.s, output.len), rows[i].output);
	}
	arena_done(&a);
}

/* Nothing of ours is open in it; what the test itself was given does not count. */
static void test_open_files(void **state) {
	struct arena a = { 0 };
	struct str output;
	int status;

	(void)state;
	assert_int_equal(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), 0);
	assert_int_equal(shell(&a, "ls /proc/$$/fd; :", 50, &status, &output), 0);
	assert_string_equal(arena_dup(&a, output.s, output.len), "0\n1\n2\n");
	arena_done(&a);
}

/* More than a pipe holds: all of it is taken, so that the child ends, and the beginning is kept. */
static void test_much_output(void **state) {
	struct arena a = { 0 };
	struct str output;
	int status;

	(void)state;
	assert_int_equal(
		shell(&a, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 50, &status, &output),
		0);
	assert_int_equal(status, 0);
	assert_int_equal(output.len, 100);
	assert_memory_equal(output.s, "0123456789\n0123456789\n", 22);
	arena_done(&a);
}

static void test_too_long(void **state) {
	struct timespec from, to;
	struct arena a = { 0 };
	struct str output;
	int status;

	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(shell(&a, "sleep 100 & sleep 100", 1, &status, &output), -ETIMEDOUT);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	assert_in_range(to.tv_sec - from.tv_sec, 1, 50);
	arena_done(&a);
}

static void test_nothing_to_run(void **state) {
	const char *const argv[] = { "hextet-no-such-program", NULL }, *const folder[] = { "true", NULL };
	struct child_options o = { .argv = argv, .limit_s = 5, .output_max = 100 };
	struct arena a = { 0 };
	struct str output;
	int status;

	(void)state;
	assert_int_equal(child_run(&o, &a, &status, &output), -ENOENT);
	o = (struct child_options){ .argv = folder, .folder = "/dev/null", .limit_s = 5 };
	assert_int_equal(child_run(&o, &a, &status, &output), -ENOTDIR);
	arena_done(&a);
}

/* /proc/net/dev is the kernel's own list of them; where namespaces are refused there is nothing to see. */
static void test_interfaces(void **state) {
	const char *const argv[] = { "sh", "-c", "sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev | sort", NULL };
	const char *const names[] = { "eth0.4001", "eth0", "lo", NULL }, *const too_long[] = { "sixteen-letters-",
											       NULL };
	struct child_options o = {
		.argv = argv, .own_network = true, .interfaces = names, .limit_s = 50, .output_max = 100
	};
	struct arena a = { 0 };
	struct str output;
	int status = -1, r;

	(void)state;
	r = child_run(&o, &a, &status, &output);
	if (r == -EPERM)
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(status, 0);
	assert_string_equal(arena_dup(&a, output.s, output.len), "eth0\neth0.4001\nlo\n");
	o.interfaces = too_long;
	assert_int_equal(child_run(&o, &a, &status, &output), -ENAMETOOLONG);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_said),           cmocka_unit_test(test_open_files),
		cmocka_unit_test(test_much_output),    cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_nothing_to_run), cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
