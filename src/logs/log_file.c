/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of today, or one that logrotate has put away. It is read, not mapped: a log that is truncated while it is
 * replayed would end a program that has it mapped (SIGBUS), and through a buffer that stays in the second cache the
 * copy costs little. gzip files may have several members (RFC 1952 section 2.2: logs are appended to like that), and
 * zeros behind the last one, as tapes leave them.
 */
#include "logs/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "logs/lines.h"
#include "logs/source_kind.h"

/* What other packed files begin with, and which program unpacks them; no access log begins so. */
static const struct magic {
	struct str bytes;
	const char *name;
} foreign[] = {
	{ { "BZh", 3 }, "bzip2" },
	{ { "\3757zXZ", 5 }, "xz" },
	{ { "\x28\xb5\x2f\xfd", 4 }, "zstd" },
	{ { "\x04\x22\x4d\x18", 4 }, "lz4" },
};
enum { MAGIC_MAX = 5 };

struct reader {
	int fd;
	const char *path; /* for messages */
	struct lines lines;
	char **ret_why;
	/* gzip */
	unsigned char *packed;
	uint64_t packed_bytes; /* read so far */
	z_stream z;
};

/* As much as there is, at most n: fewer only at the end, or once there is `enough`. */
static ssize_t read_some(int fd, void *p, size_t n, size_t enough) {
	size_t len = 0;

	while (len < enough) {
		ssize_t got = read(fd, (char *)p + len, n - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

static int read_plain(struct reader *f, size_t first) {
	ssize_t n = (ssize_t)first;
	size_t room;
	int r;

	while (n > 0) {
		char *p;

		r = lines_added(&f->lines, (size_t)n);
		if (r != 0)
			return r;
		p = lines_room(&f->lines, &room);
		if (!p)
			return -ENOMEM;
		n = read_some(f->fd, p, room, 1);
	}
	return n < 0 ? (int)n : lines_finish(&f->lines);
}

/* Unpacks what is in f->packed. *member: within one. 0, or the first non-zero result. */
static int unpack(struct reader *f, bool *member) {
	while (f->z.avail_in || (*member && !f->z.avail_out)) {
		size_t room;
		char *p = lines_room(&f->lines, &room);
		int r;

		if (!p)
			return -ENOMEM;
		if (!*member && !*f->z.next_in) { /* a zero between members */
			f->z.next_in++;
			f->z.avail_in--;
			continue;
		}
		*member = true;
		f->z.next_out = (unsigned char *)p;
		f->z.avail_out = (uInt)room;
		r = inflate(&f->z, Z_NO_FLUSH);
		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return source_why(f->ret_why, -EBADMSG,
					  "%s: damaged gzip at byte %" PRIu64 " (%s); what was before it has been read",
					  f->path, f->packed_bytes - f->z.avail_in,
					  f->z.msg ? f->z.msg : "no gzip data");
		room -= f->z.avail_out;
		if (r == Z_STREAM_END) {
			*member = false;
			(void)inflateReset(&f->z);
		}
		if (room) {
			r = lines_added(&f->lines, room);
			if (r != 0)
				return r;
		}
	}
	return 0;
}

static int read_gzip_members(struct reader *f) {
	bool member = false;
	ssize_t n;
	int r;

	for (;;) {
		f->packed_bytes += f->z.avail_in;
		f->z.next_in = f->packed;
		r = unpack(f, &member);
		if (r != 0)
			return r;
		n = read_some(f->fd, f->packed, LINES_STEP, 1);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		f->z.avail_in = (uInt)n;
	}
	if (member)
		return source_why(f->ret_why, -EBADMSG,
				  "%s: the gzip data end too early, after %" PRIu64
				  " bytes; what was before has been read",
				  f->path, f->packed_bytes);
	return lines_finish(&f->lines);
}

/* The first bytes are in the line cutter's room. */
static int read_gzip(struct reader *f, const char *first, size_t n) {
	int r;

	f->packed = malloc(LINES_STEP);
	if (!f->packed)
		return -ENOMEM;
	memcpy(f->packed, first, n);
	f->z.avail_in = (uInt)n;
	r = inflateInit2(&f->z, MAX_WBITS + 16) == Z_OK ? 0 : -ENOMEM; /* + 16: gzip */
	if (r == 0) {
		r = read_gzip_members(f);
		(void)inflateEnd(&f->z);
	}
	free(f->packed);
	return r;
}

static int read_any(struct reader *f) {
	size_t room;
	char *p = lines_room(&f->lines, &room);
	ssize_t n;

	if (!p)
		return -ENOMEM;
	n = read_some(f->fd, p, room, MAGIC_MAX);
	if (n < 0)
		return (int)n;
	if (n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0)
		return read_gzip(f, p, (size_t)n);
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if ((size_t)n >= foreign[i].bytes.len && memcmp(p, foreign[i].bytes.s, foreign[i].bytes.len) == 0)
			return source_why(f->ret_why, -EBADMSG,
					  "%s is packed with %s; unpack it into standard input: %s -dc %s", f->path,
					  foreign[i].name, foreign[i].name, f->path);
	return read_plain(f, (size_t)n);
}

int log_file_each_batch(const char *path, int (*fn)(const struct log_batch *batch, void *user), void *user,
			char **ret_why) {
	_cleanup_(fdp_close) int opened = -1;
	bool is_stdin = strcmp(path, "-") == 0;
	struct reader f = { .fd = STDIN_FILENO,
			    .path = is_stdin ? "standard input" : path,
			    .lines = { .fn = fn, .user = user },
			    .ret_why = ret_why };
	struct stat st;
	int r;

	if (!is_stdin) {
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return -errno;
		f.fd = opened;
	}
	if (fstat(f.fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)posix_fadvise(f.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	r = read_any(&f);
	lines_done(&f.lines);
	return r;
}
