/* SPDX-License-Identifier: Apache-2.0 */
/* diff(1) makes the text, reading both contents through our own /proc/PID/fd: no temporary file. */
#include "base/text_diff.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/child.h"
#include "base/file.h"

enum { DIFF_LIMIT_S = 60 };

/* A file without a name that holds the text; its descriptor or -errno. */
static int memory_file(struct str text) {
	int fd = memfd_create("text", MFD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = file_write_fd(fd, text.s, text.len);
	if (r == 0)
		return fd;
	(void)close(fd);
	return r;
}

static void count_lines(struct text_diff *d) {
	struct str rest = d->text, line;

	for (int i = 0; str_split(&rest, '\n', &line); i++) {
		if (i < 2 || !line.len)
			continue;
		d->added += line.s[0] == '+';
		d->deleted += line.s[0] == '-';
	}
}

/* One byte more than max is taken to see whether there is more. */
static void cut_at_line(struct text_diff *d, size_t max) {
	const char *end;

	d->cut = d->text.len > max;
	if (!d->cut)
		return;
	end = memrchr(d->text.s, '\n', max);
	d->text.len = end ? (size_t)(end - d->text.s) + 1 : 0;
}

/* Exit status 1 of diff(1) is "they differ". */
int text_diff(const struct text_side *old, const struct text_side *new, size_t max, struct arena *a,
	      struct text_diff *ret_diff) {
	_cleanup_(fdp_close) int old_fd = memory_file(old->text);
	_cleanup_(fdp_close) int new_fd = memory_file(new->text);
	const char *const argv[] = {
		"diff",
		"-a",
		"-u",
		"--label",
		old->label,
		"--label",
		new->label,
		arena_printf(a, "/proc/%d/fd/%d", getpid(), old_fd),
		arena_printf(a, "/proc/%d/fd/%d", getpid(), new_fd),
		NULL,
	};
	const struct child_options options = { .argv = argv, .limit_s = DIFF_LIMIT_S, .output_max = max + 1 };
	struct text_diff d = { 0 };
	int status, r;

	if (old_fd < 0 || new_fd < 0)
		return old_fd < 0 ? old_fd : new_fd;
	r = child_run(&options, a, &status, &d.text);
	if (r < 0 || status > 1)
		return r < 0 ? r : -EIO;
	cut_at_line(&d, max);
	count_lines(&d);
	*ret_diff = d;
	return 0;
}
