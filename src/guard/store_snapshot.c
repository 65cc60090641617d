/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot's file:
 *
 *     hextet-guard-snapshot 1
 *     command 17                  the last operator's command that is in it
 *     lines 123456
 *     log POSITION SPEC           for each log
 *     engine                      the rest, but for the last 32 bytes, is the engine's
 *     …
 *     32 bytes BLAKE2b of all before
 *
 * The sum is looked at before anything is believed: half a file, or a bit that turned, is no state at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/file_swap.h"
#include "base/why.h"
#include "guard/store_sql.h"

#define MAGIC "hextet-guard-snapshot 1"
enum { SUM_LEN = 32 };

static char *snapshot_path(const char *path) {
	char *text = NULL;

	return asprintf(&text, "%s-snapshot", path) < 0 ? NULL : text;
}

/* ---- writing ---- */

static int write_content(int fd, const struct engine *e, const struct store_snapshot *s) {
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), r;
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");

	if (!out) {
		r = -errno;
		if (copy >= 0)
			(void)close(copy);
		return r;
	}
	(void)fprintf(out, MAGIC "\ncommand %" PRIu64 "\nlines %" PRIu64 "\n", s->last_command, s->lines);
	for (size_t i = 0; i < s->position_count; i++)
		if (s->positions[i].position)
			(void)fprintf(out, "log %s %s\n", s->positions[i].position, s->positions[i].spec);
	(void)fputs("engine\n", out);
	r = engine_save(e, out);
	if (ferror(out) && r == 0)
		r = -EIO;
	if (fclose(out) != 0 && r == 0)
		r = -errno;
	return r;
}

/* The whole file, as it is; an empty one is no error here. */
static int map_file(int fd, const uint8_t **ret_bytes, size_t *ret_len) {
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0)
		return -EBADMSG;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret_bytes = p;
	*ret_len = (size_t)st.st_size;
	return 0;
}

static int append_sum(int fd) {
	uint8_t sum[SUM_LEN];
	const uint8_t *bytes = NULL;
	size_t len = 0;
	int r = map_file(fd, &bytes, &len);

	if (r < 0)
		return r;
	(void)crypto_generichash(sum, sizeof(sum), bytes, len, NULL, 0);
	(void)munmap((void *)bytes, len);
	if (lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	return file_write_fd(fd, sum, sizeof(sum));
}

int store_write_snapshot(const char *path, const struct engine *e, const struct store_snapshot *s, char **ret_why) {
	_cleanup_(freep) char *name = snapshot_path(path);
	struct file_swap f;
	int r = name ? file_swap_begin(&f, name) : -ENOMEM;

	if (r == 0) {
		r = write_content(f.fd, e, s);
		if (r == 0)
			r = append_sum(f.fd);
		if (r == 0)
			r = file_swap_commit(&f, 0640);
		else
			file_swap_abort(&f);
	}
	return r < 0 ? why_set(ret_why, r, "cannot write %s: %s", name ? name : path, file_swap_error(r)) : 0;
}

/* ---- reading ---- */

static bool number_after(struct str line, const char *word, uint64_t *ret_value) {
	size_t n = strlen(word);
	uint64_t value = 0;

	if (line.len <= n || memcmp(line.s, word, n) != 0)
		return false;
	for (size_t i = n; i < line.len; i++)
		if (line.s[i] < '0' || line.s[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(line.s[i] - '0'), &value))
			return false;
	*ret_value = value;
	return true;
}

/* "log POSITION SPEC" */
static bool position_of(struct str line, struct arena *a, struct store_position *ret_p) {
	struct str rest = line, word;

	if (!str_split(&rest, ' ', &word) || !str_is(word, "log") || !str_split(&rest, ' ', &word) || !rest.s)
		return false;
	*ret_p = (struct store_position){ .position = arena_dup(a, word.s, word.len),
					  .spec = arena_dup(a, rest.s, rest.len) };
	return true;
}

/* Up to and with the line "engine"; what follows is left in *rest. */
static int parse_head(struct str *rest, struct arena *a, struct store_snapshot *ret_s) {
	struct store_snapshot s = { 0 };
	VEC(struct store_position) positions = { 0 };
	struct str line;
	bool good = str_split(rest, '\n', &line) && str_is(line, MAGIC), end = false;

	while (good && !end && str_split(rest, '\n', &line)) {
		struct store_position p;

		end = str_is(line, "engine");
		if (position_of(line, a, &p))
			vec_push(&positions, p);
		else
			good = end || number_after(line, "command ", &s.last_command) ||
			       number_after(line, "lines ", &s.lines);
	}
	s.position_count = positions.n;
	s.positions = vec_freeze(&positions, a);
	if (!good || !end || !rest->s)
		return -EBADMSG;
	*ret_s = s;
	return 0;
}

static int load_engine(struct str bytes, struct engine *e, char **ret_engine_why) {
	FILE *in = fmemopen((void *)bytes.s, MAX(bytes.len, (size_t)1), "r");
	char *why = NULL;
	int r;

	if (!in)
		return -errno;
	r = engine_load(e, in, &why);
	(void)fclose(in);
	if (r == -EBADMSG) {
		*ret_engine_why = why ? TAKE_PTR(why) : strdup("it is damaged");
		r = *ret_engine_why ? 0 : -ENOMEM;
	}
	free(why);
	return r;
}

static int load(const uint8_t *bytes, size_t len, struct engine *e, struct arena *a, struct store_snapshot *ret_s,
		char **ret_engine_why) {
	uint8_t sum[SUM_LEN];
	struct str rest;
	int r;

	if (len <= SUM_LEN)
		return -EBADMSG;
	(void)crypto_generichash(sum, sizeof(sum), bytes, len - SUM_LEN, NULL, 0);
	if (sodium_memcmp(sum, bytes + len - SUM_LEN, SUM_LEN) != 0)
		return -EBADMSG;
	rest = (struct str){ (const char *)bytes, len - SUM_LEN };
	r = parse_head(&rest, a, ret_s);
	return r < 0 ? r : load_engine(rest, e, ret_engine_why);
}

int store_load_snapshot(const char *path, struct engine *e, struct arena *a, struct store_snapshot *ret_s,
			char **ret_engine_why, char **ret_why) {
	_cleanup_(freep) char *name = snapshot_path(path);
	_cleanup_(fdp_close) int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	const uint8_t *bytes = NULL;
	size_t len = 0;
	int r = name ? fd < 0 ? -errno : map_file(fd, &bytes, &len) : -ENOMEM;

	*ret_engine_why = NULL;
	if (r == 0) {
		r = load(bytes, len, e, a, ret_s, ret_engine_why);
		(void)munmap((void *)bytes, len);
	}
	if (r == -EBADMSG)
		return why_set(ret_why, r, "%s is damaged", name);
	return r < 0 ? why_set(ret_why, r, "cannot read %s: %s", name ? name : path, strerror(-r)) : 0;
}
