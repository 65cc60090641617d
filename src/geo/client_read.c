/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what others may be writing to. A file is read between two calls of fstat(2) that must agree. That alone
 * proves little: times of files advance in ticks (10 ms at most), and a write in the tick of the first call leaves no
 * trace. So a file that was changed within RACY of now is read again once it is older than that; what is read then was
 * the file's content at one moment. A file that never rests is given up after TRIES.
 *
 * Whether that moment was in the middle of somebody's writing is for verification to find, and for the watch, which
 * sees writers come and go (client_watch.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geo/client_load.h"
#include "net/http_client.h"

enum { RACY_MS = 11, TRIES = 100, CONNECT_MS = 5000, FETCH_MS = 30000 };
#define SIZE_LIMIT ((off_t)4 << 30)

bool client_identity_equal(const struct client_identity *a, const struct client_identity *b) {
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct client_identity identity_of(const struct stat *s) {
	return (struct client_identity){ s->st_dev, s->st_ino, s->st_size, s->st_mtim, s->st_ctim };
}

int client_file_identity(const char *path, struct client_identity *ret_identity) {
	struct stat s;

	if (stat(path, &s) < 0)
		return -errno;
	*ret_identity = identity_of(&s);
	return 0;
}

void client_bytes_done(struct client_bytes *b) {
	free(b->v);
	b->v = NULL;
}

static int fail(const char *name, const char *doing, int r, char why[HEXTET_GEO_MESSAGE]) {
	char text[64];

	(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s: cannot %s: %s", name, doing, strerror_r(-r, text, sizeof text));
	return r;
}

/* Exactly len bytes from the start of a descriptor; -EBUSY when there are more or fewer by now. */
static int read_all(int fd, uint8_t *bytes, size_t len) {
	size_t done = 0;
	char more;

	while (done < len) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBUSY;
		done += (size_t)n;
	}
	return pread(fd, &more, 1, (off_t)len) > 0 ? -EBUSY : 0;
}

/* Whether so little time has passed since the last change that another one might look the same. */
static bool is_racy(const struct client_identity *id) {
	struct timespec now;
	int64_t age;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - id->changed.tv_sec) * INT64_C(1000) + (now.tv_nsec - id->changed.tv_nsec) / 1000000;
	return age >= 0 && age < RACY_MS;
}

/* One attempt at an open file: 0, -EBUSY when it must be made again, -errno. */
static int read_once(int fd, struct client_bytes *ret_bytes) {
	struct client_identity before, after;
	struct stat s;
	uint8_t *bytes;
	int r;

	if (fstat(fd, &s) < 0)
		return -errno;
	before = identity_of(&s);
	if (!S_ISREG(s.st_mode))
		return S_ISDIR(s.st_mode) ? -EISDIR : -EINVAL;
	if (s.st_size > SIZE_LIMIT)
		return -EFBIG;
	if (is_racy(&before))
		return -EBUSY;
	bytes = malloc((size_t)s.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	r = read_all(fd, bytes, (size_t)s.st_size);
	if (r == 0 && fstat(fd, &s) < 0)
		r = -errno;
	after = identity_of(&s);
	if (r == 0 && !client_identity_equal(&before, &after))
		r = -EBUSY;
	if (r < 0) {
		free(bytes);
		return r;
	}
	*ret_bytes = (struct client_bytes){ .v = bytes, .len = (size_t)before.size, .identity = before };
	return 0;
}

/* Always the same descriptor: a file that others are renamed over rests, whatever comes after it. */
int client_file_read(const char *path, struct client_bytes *ret_bytes, char why[HEXTET_GEO_MESSAGE]) {
	const struct timespec rest = { .tv_nsec = RACY_MS * 1000000L };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;

	if (fd < 0)
		return fail(path, "open it", -errno, why);
	r = read_once(fd, ret_bytes);
	for (int try = 1; r == -EBUSY && try < TRIES; try++) {
		(void)nanosleep(&rest, NULL);
		r = read_once(fd, ret_bytes);
	}
	(void)close(fd);
	if (r == -EBUSY)
		(void)snprintf(why, HEXTET_GEO_MESSAGE,
			       "%s: somebody writes to it all the time; write a new file and rename it", path);
	else if (r == -EINVAL)
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s: not a regular file; name the file itself", path);
	else if (r < 0)
		(void)fail(path, "read it", r, why);
	return r;
}

bool client_is_url(const char *path_or_url) {
	return strncasecmp(path_or_url, "http://", 7) == 0 || strncasecmp(path_or_url, "https://", 8) == 0;
}

/* The answer's bytes, from the memory file that they were fetched to. */
static int take_body(const char *url, int fd, const struct http_fetched *got, struct client_bytes *ret_bytes,
		     char why[HEXTET_GEO_MESSAGE]) {
	struct client_bytes b = { .len = (size_t)got->len };
	int r;

	if (got->status == 304)
		return 0;
	if (got->status != 200) {
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s: the server answers %u", url, got->status);
		return -EPROTO;
	}
	b.v = malloc(b.len + 1);
	r = b.v ? read_all(fd, b.v, b.len) : -ENOMEM;
	if (r < 0) {
		client_bytes_done(&b);
		return fail(url, "keep what the server sent", r, why);
	}
	memcpy(b.etag, got->etag, sizeof b.etag);
	*ret_bytes = b;
	return 1;
}

int client_url_read(const char *url, const char *etag, struct client_bytes *ret_bytes, char why[HEXTET_GEO_MESSAGE]) {
	struct http_fetch f = {
		.url = url,
		.if_none_match = *etag ? etag : NULL,
		.connect_timeout_ms = CONNECT_MS,
		.timeout_ms = FETCH_MS,
		.size_max = (uint64_t)SIZE_LIMIT,
	};
	struct http_fetched got;
	char *sentence = NULL;
	int fd = memfd_create("hextet-geo", MFD_CLOEXEC), r;
	char shown[HTTP_URL_SHOWN_MAX];

	http_url_show(url, shown);
	if (fd < 0)
		return fail(shown, "make room for it", -errno, why);
	r = http_fetch(&f, fd, &got, &sentence);
	if (r < 0)
		(void)snprintf(why, HEXTET_GEO_MESSAGE, "%s", sentence ? sentence : "not enough memory");
	else
		r = take_body(shown, fd, &got, ret_bytes, why);
	free(sentence);
	(void)close(fd);
	return r;
}
