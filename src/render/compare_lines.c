/* SPDX-License-Identifier: Apache-2.0 */
/* diff(1) makes the text, reading the new content through our own /proc/PID/fd: no temporary file. */
#include "render/compare_lines.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/file.h"
#include "render/child.h"

enum { DIFF_MAX = 4 << 20 };

static void count_lines(struct change *c) {
	struct str rest = c->diff, line;

	for (int i = 0; str_split(&rest, '\n', &line); i++) {
		if (i < 2 || !line.len)
			continue;
		c->added += line.s[0] == '+';
		c->deleted += line.s[0] == '-';
	}
}

/* Exit status 1 of diff(1) is "they differ". */
int compare_lines(const char *old_path, struct str text, struct arena *a, struct change *c) {
	_cleanup_(fdp_close) int fd = memfd_create("rendered", MFD_CLOEXEC);
	const char *const argv[] = {
		"diff",
		"-u",
		"--label",
		arena_printf(a, "a/%s", c->path),
		"--label",
		arena_printf(a, "b/%s", c->path),
		c->kind == CHANGE_NEW ? "/dev/null" : old_path,
		arena_printf(a, "/proc/%d/fd/%d", getpid(), fd),
		NULL,
	};
	const struct child_options options = { .argv = argv, .limit_s = 60, .output_max = DIFF_MAX };
	int status, r;

	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, text.s, text.len);
	if (r < 0)
		return r;
	r = child_run(&options, a, &status, &c->diff);
	if (r == 0 && status > 1)
		r = -EIO;
	if (r == 0)
		count_lines(c);
	return r;
}
