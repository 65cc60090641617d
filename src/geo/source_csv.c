/* SPDX-License-Identifier: Apache-2.0 */
/* Files are read in portions of one size and never as a whole: they may be larger than memory, or a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "geo/csv.h"
#include "geo/source.h"

static int cannot_read(const struct geo_spec *spec, struct diags *diags, uint32_t file, int r) {
	diag_error(diags, "geo-source", ((struct loc){ .file = file }),
		   r == -ENOENT ? "a source is named as KIND:PLACE; csv:- is standard input" : NULL,
		   "cannot read %s: %s", spec->place, strerror(-r));
	return r;
}

static int open_csv(const char *path, int *ret_fd) {
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		return -EISDIR;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*ret_fd = fd;
	return 0;
}

/* Returns the sink's -errno, or 0 with the file's in *ret_file_error. */
static int feed(int fd, struct csv *c, int *ret_file_error) {
	int r = 0;

	*ret_file_error = 0;
	while (r == 0 && !c->refused) {
		size_t room;
		char *at = csv_room(c, &room);
		ssize_t n = read(fd, at, room);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			*ret_file_error = -errno;
		if (n <= 0)
			return csv_end(c);
		r = csv_take(c, (size_t)n);
	}
	return r;
}

static int csv_read(const struct geo_spec *spec, struct geo_sink *sink) {
	bool is_stdin = strcmp(spec->place, "-") == 0;
	uint32_t file =
		sources_add((struct sources *)sink->diags->sources, is_stdin ? "<stdin>" : spec->place, NULL, 0);
	_cleanup_(fdp_close) int fd = -1;
	int r = open_csv(spec->place, &fd), file_error = 0;
	struct csv c;

	if (r < 0)
		return cannot_read(spec, sink->diags, file, r);
	r = sink->begin(sink, file);
	if (r < 0)
		return r;
	csv_init(&c, sink, file);
	r = feed(fd, &c, &file_error);
	csv_done(&c);
	return r == 0 && file_error ? cannot_read(spec, sink->diags, file, file_error) : r;
}

const struct geo_source geo_source_csv = {
	.name = "csv",
	.summary = "comma-separated values: start,end,country or network,country",
	.read = csv_read,
};
