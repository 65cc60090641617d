/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes before the offset are read again with those behind it, in one call, so that there is no moment in between
 * in which the file could become another.
 *
 * Whether a file still has a writer is asked of the kernel by way of a read lease (fcntl(2)): it is refused while there
 * is one. The lease is given back at once; who opens the file within that microsecond waits as long, and the signal
 * that the kernel sends us then is one that is ignored by default.
 */
#include "logs/file_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

static int read_at(int fd, void *p, size_t n, uint64_t offset) {
	size_t len = 0;

	while (len < n) {
		ssize_t got = pread(fd, (char *)p + len, n - len, (off_t)(offset + len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENODATA;
		len += (size_t)got;
	}
	return 0;
}

/* Both are min(offset, TAIL_SEEN) bytes long. The hash has no secret: it is compared after a restart, and whoever could
 * choose the bytes of the log so that another file fits would have had to write that file as well. */
static uint64_t fingerprint(const char *first, const char *last, size_t n) {
	static const unsigned char key[crypto_shorthash_KEYBYTES] = "a log's mark";
	unsigned char bytes[2 * TAIL_SEEN], hash[crypto_shorthash_BYTES];
	uint64_t print;

	memcpy(bytes, first, n);
	memcpy(bytes + n, last, n);
	(void)crypto_shorthash(hash, bytes, 2 * n, key);
	memcpy(&print, hash, sizeof(print));
	return print;
}

/* The first and the last bytes before an offset. */
static int read_ends(int fd, uint64_t offset, char *ret_first, char *ret_last, size_t *ret_n) {
	size_t n = (size_t)MIN(offset, (uint64_t)TAIL_SEEN);
	int r = read_at(fd, ret_first, n, 0);

	if (r == 0)
		r = read_at(fd, ret_last, n, offset - n);
	*ret_n = n;
	return r;
}

/* A number, and the colon behind it unless it is the last. */
static bool take_number(struct str *rest, int base, bool last, uint64_t *ret_n) {
	char text[24];
	struct str piece;
	char *end;

	if (!str_split(rest, ':', &piece) || (rest->s == NULL) != last || piece.len == 0 || piece.len >= sizeof(text) ||
	    *piece.s == '-' || *piece.s == '+' || *piece.s == ' ')
		return false;
	memcpy(text, piece.s, piece.len);
	text[piece.len] = 0;
	errno = 0;
	*ret_n = strtoull(text, &end, base);
	return errno == 0 && *end == 0;
}

int file_mark_parse(struct str text, struct file_mark *ret_mark) {
	struct file_mark m;

	if (!take_number(&text, 16, false, &m.dev) || !take_number(&text, 10, false, &m.ino) ||
	    !take_number(&text, 10, false, &m.offset) || !take_number(&text, 10, false, &m.waiting) ||
	    !take_number(&text, 16, true, &m.print) || m.offset > INT64_MAX || m.waiting > m.offset)
		return -EINVAL;
	*ret_mark = m;
	return 0;
}

void file_mark_write(FILE *out, const struct file_mark *m) {
	(void)fprintf(out, "%" PRIx64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%016" PRIx64, m->dev, m->ino, m->offset,
		      m->waiting, m->print);
}

bool file_mark_fits(int fd, const struct file_mark *m) {
	char first[TAIL_SEEN], last[TAIL_SEEN];
	size_t n;

	return read_ends(fd, m->offset, first, last, &n) == 0 && fingerprint(first, last, n) == m->print;
}

int file_tail_open(int fd, uint64_t offset, struct file_tail **ret_tail) {
	struct file_tail *t = calloc(1, sizeof(*t));
	struct stat st;
	int r;

	if (!t) {
		(void)close(fd);
		return -ENOMEM;
	}
	t->fd = fd;
	t->watch = -1;
	t->offset = offset;
	r = fstat(fd, &st) < 0 ? -errno : read_ends(fd, offset, t->first, t->seen, &t->seen_len);
	if (r < 0) {
		file_tail_close(t);
		return r;
	}
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	*ret_tail = t;
	return 0;
}

void file_tail_close(struct file_tail *t) {
	if (!t)
		return;
	(void)close(t->fd);
	lines_done(&t->lines);
	free(t);
}

/* The last bytes before the offset become those of what was seen and of what came now. */
static void remember(struct file_tail *t, const char *bytes, size_t n) {
	size_t kept = n < TAIL_SEEN ? MIN(t->seen_len, TAIL_SEEN - n) : 0;

	if (t->offset < TAIL_SEEN)
		memcpy(t->first + t->offset, bytes - n, MIN(n, TAIL_SEEN - (size_t)t->offset));
	memmove(t->seen, t->seen + t->seen_len - kept, kept);
	n = MIN(n, (size_t)TAIL_SEEN);
	memcpy(t->seen + kept, bytes - n, n);
	t->seen_len = kept + n;
}

int file_tail_read(struct file_tail *t, enum file_tail_state *ret_state) {
	char again[TAIL_SEEN];
	size_t room;
	char *p = lines_room(&t->lines, &room);
	struct iovec part[2] = { { again, t->seen_len }, { p, 0 } };
	ssize_t n;

	if (!p)
		return -ENOMEM;
	part[1].iov_len = (size_t)MIN((uint64_t)room, t->limit > t->offset ? t->limit - t->offset : 0);
	do
		n = preadv(t->fd, part, 2, (off_t)(t->offset - t->seen_len));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n < t->seen_len || memcmp(again, t->seen, t->seen_len) != 0) {
		*ret_state = TAIL_OTHER;
		return 0;
	}
	n -= (ssize_t)t->seen_len;
	if (n == 0) {
		*ret_state = TAIL_END;
		return 0;
	}
	remember(t, p + n, (size_t)n);
	t->offset += (size_t)n;
	*ret_state = t->offset < t->limit ? TAIL_MORE : TAIL_END;
	return lines_added(&t->lines, (size_t)n);
}

void file_tail_rewind(struct file_tail *t) {
	t->offset = t->limit = 0;
	t->seen_len = 0;
}

bool file_tail_fits(const struct file_tail *t, int fd) {
	char bytes[TAIL_SEEN];

	return read_at(fd, bytes, t->seen_len, t->offset - t->seen_len) == 0 &&
	       memcmp(bytes, t->seen, t->seen_len) == 0;
}

struct file_mark file_tail_mark(const struct file_tail *t) {
	return (struct file_mark){
		.dev = t->dev,
		.ino = t->ino,
		.offset = t->offset,
		/* A line that began before the file was emptied begins, for us, with the file. */
		.waiting = MIN(lines_waiting(&t->lines), t->offset),
		.print = fingerprint(t->first, t->seen, t->seen_len),
	};
}

int file_tail_is_written(const struct file_tail *t) {
	if (fcntl(t->fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	if (fcntl(t->fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN ? 1 : -errno;
	return fcntl(t->fd, F_SETLEASE, F_UNLCK) < 0 ? -errno : 0;
}
