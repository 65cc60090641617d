/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FILE.etag has three lines, of which the last two may be missing:
 *
 *     sha256 9f86d081…
 *     etag W/"5f3-abc"
 *     modified 784111777
 */
#include "geo/fetch_state.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

enum { CHUNK = 1 << 16, STATE_MAX = 1024 };

static int hash_file(const char *path, struct fetch_state *s) {
	_cleanup_(fdp_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char chunk[CHUNK], sum[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state h;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
	(void)crypto_hash_sha256_init(&h);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		(void)crypto_hash_sha256_update(&h, chunk, (size_t)n);
		s->bytes += (uint64_t)n;
	}
	if (n < 0)
		return -errno;
	(void)crypto_hash_sha256_final(&h, sum);
	(void)sodium_bin2hex(s->sha256, sizeof(s->sha256), sum, sizeof(sum));
	return 0;
}

/* The rest of a line that begins with a word and a blank. */
static bool line_is(struct str line, const char *word, struct str *ret_rest) {
	size_t len = strlen(word);

	if (line.len <= len || strncmp(line.s, word, len) != 0 || line.s[len] != ' ')
		return false;
	*ret_rest = (struct str){ line.s + len + 1, line.len - len - 1 };
	return true;
}

/* What would break a header is no ETag of ours. */
static bool is_printable(struct str s) {
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < 0x20 || s.s[i] == 0x7f)
			return false;
	return true;
}

static void parse(struct str text, struct fetch_state *s) {
	struct str line, rest;
	bool ours = false;

	while (str_split(&text, '\n', &line)) {
		if (line_is(line, "sha256", &rest))
			ours = str_is(rest, s->sha256);
		else if (!ours)
			return;
		else if (line_is(line, "etag", &rest) && rest.len < sizeof(s->etag) && is_printable(rest))
			(void)snprintf(s->etag, sizeof(s->etag), "%.*s", (int)rest.len, rest.s);
		else if (line_is(line, "modified", &rest) && rest.len < 18)
			for (size_t i = 0; i < rest.len && rest.s[i] >= '0' && rest.s[i] <= '9'; i++)
				s->modified = s->modified * 10 + (rest.s[i] - '0');
	}
}

static char *state_path(struct arena *a, const char *path) {
	return arena_printf(a, "%s.etag", path);
}

int fetch_state_read(const char *path, struct fetch_state *ret_state) {
	struct fetch_state s = { .bytes = 0 };
	struct arena a = { 0 };
	struct str text;
	char *bytes;
	int r = hash_file(path, &s);

	if (r >= 0 && *s.sha256 && file_read(&a, state_path(&a, path), STATE_MAX, &bytes, &text.len) >= 0) {
		text.s = bytes;
		parse(text, &s);
	}
	arena_done(&a);
	if (r >= 0)
		*ret_state = s;
	return r;
}

int fetch_state_write(const char *path, const struct fetch_state *s, bool needed) {
	struct arena a = { 0 };
	const char *name = state_path(&a, path), *text;
	int r;

	if (needed) {
		text = arena_printf(&a, "sha256 %s\n", s->sha256);
		if (*s->etag)
			text = arena_printf(&a, "%setag %s\n", text, s->etag);
		if (s->modified > 0)
			text = arena_printf(&a, "%smodified %jd\n", text, (intmax_t)s->modified);
		r = file_write_atomic(name, text, strlen(text), 0644);
	} else
		r = unlink(name) < 0 && errno != ENOENT ? -errno : 0;
	arena_done(&a);
	return r;
}
