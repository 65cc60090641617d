/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same lines, whatever is done to the file: written in pieces, rotated by renaming or by copying and emptying, read
 * with a restart at every line. What arrives is compared with what was written, byte for byte; the next thing is done
 * when all has arrived, or, at random, before.
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "logs/source.h"
#include "random.h"

enum { TEXT_MAX = 16 << 20, ROTATED_MAX = 400 };

static char folder[] = "/tmp/hextet-follow-XXXXXX";

struct world {
	char path[100], spec[110];
	struct loop *loop;
	struct log_source *source;
	char *expected, *got;
	size_t expected_len, got_len;
	char *position;
	unsigned infos, warnings;
	char last_text[500];
	uint64_t seed;
	int fd;            /* the writer's */
	unsigned rotated;  /* how many there are */
	size_t file_start; /* of the log, in what is expected */
	bool copied_while_down;
	bool dated;     /* rotated files are called access.log-000001 …, or access.log.1 … */
	unsigned lines; /* still to be written */
	int (*step)(struct world *w);
	unsigned at; /* of a scripted test */
	bool stop_source;
};

static int on_lines(struct log_source *s, const struct log_batch *batch, void *user) {
	struct world *w = user;

	assert_ptr_equal(s, w->source);
	assert_true(batch->len > 0 && batch->bytes[batch->len - 1] == '\n');
	assert_true(w->got_len + batch->len <= TEXT_MAX);
	memcpy(w->got + w->got_len, batch->bytes, batch->len);
	w->got_len += batch->len;
	assert_true(w->got_len <= w->expected_len);
	assert_memory_equal(w->got + w->got_len - batch->len, w->expected + w->got_len - batch->len, batch->len);
	return w->stop_source ? -EPIPE : 0;
}

static void on_log(struct log_source *s, enum log_source_level level, const char *text, void *user) {
	struct world *w = user;

	(void)s;
	if (level == LOG_SOURCE_WARNING)
		w->warnings++;
	else
		w->infos++;
	(void)snprintf(w->last_text, sizeof(w->last_text), "%s", text);
}

static void open_source(struct world *w, const char *resume) {
	struct log_source_config c = { .resume = resume, .lines = on_lines, .log = on_log, .user = w };
	char *why = NULL;
	int r = log_source_open(w->loop, w->spec, &c, &w->source, &why);

	if (r < 0)
		fail_msg("%s: %s", w->spec, why ? why : strerror(-r));
}

static void close_source(struct world *w) {
	free(w->position);
	w->position = w->source->kind->position(w->source);
	log_source_close(w->source);
	w->source = NULL;
}

static bool all_arrived(const struct world *w) {
	return w->got_len == w->expected_len;
}

static int on_pump(int fd, uint32_t events, void *user) {
	struct world *w = user;

	(void)fd;
	(void)events;
	return w->step(w);
}

/* Calls step() in each turn of the loop until it stops the loop. */
static void run(struct world *w, int (*step)(struct world *w)) {
	int fd = eventfd(1, EFD_CLOEXEC);
	struct loop_source *pump;

	assert_true(fd >= 0);
	w->step = step;
	assert_int_equal(loop_add_fd(w->loop, fd, EPOLLIN, on_pump, w, &pump), 0);
	(void)alarm(200);
	assert_int_equal(loop_run(w->loop), 0);
	(void)alarm(0);
	(void)close(fd);
}

static void world_init(struct world *w, const char *name, uint64_t seed) {
	*w = (struct world){ .seed = seed, .fd = -1 };
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", folder, name);
	(void)snprintf(w->spec, sizeof(w->spec), "file:%s", w->path);
	w->expected = malloc(TEXT_MAX);
	w->got = malloc(TEXT_MAX);
	assert_true(w->expected && w->got);
	assert_int_equal(loop_new(&w->loop), 0);
}

static void empty_folder(void) {
	assert_int_equal(file_remove_at(AT_FDCWD, folder), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void world_done(struct world *w) {
	assert_true(all_arrived(w));
	log_source_close(w->source);
	loop_free(w->loop);
	if (w->fd >= 0)
		(void)close(w->fd);
	free(w->position);
	free(w->expected);
	free(w->got);
	empty_folder();
}

/* The writer */

static void writer_open(struct world *w) {
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = open(w->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(w->fd >= 0);
}

static void put(struct world *w, const char *bytes, size_t n) {
	assert_int_equal(write(w->fd, bytes, n), (ssize_t)n);
}

_unused_ static void text(struct world *w, const char *bytes) {
	put(w, bytes, strlen(bytes));
}

_unused_ static void expect(struct world *w, const char *bytes) {
	memcpy(w->expected + w->expected_len, bytes, strlen(bytes));
	w->expected_len += strlen(bytes);
}

/* The next line is expected; its length is returned, and it begins at the old end. */
static size_t next_line(struct world *w) {
	char *line = w->expected + w->expected_len;
	size_t n = random_below(&w->seed, 20) == 0 ? random_below(&w->seed, 5000) : random_below(&w->seed, 120);
	size_t len = (size_t)snprintf(line, 32, "%u ", w->lines);

	for (size_t i = 0; i < n; i++)
		line[len++] = (char)('a' + random_below(&w->seed, 26));
	line[len++] = '\n';
	w->expected_len += len;
	w->lines--;
	return len;
}

static void rotated_name(const struct world *w, unsigned number, char *ret_name, size_t size) {
	(void)snprintf(ret_name, size, w->dated ? "%s-%06u" : "%s.%u", w->path, number);
}

/* Makes room for the newest: its name. */
static void shift(struct world *w, char *ret_name, size_t size) {
	char from[120], to[120];

	w->rotated++;
	assert_true(w->rotated <= ROTATED_MAX);
	for (unsigned i = w->rotated; !w->dated && i > 1; i--) {
		rotated_name(w, i - 1, from, sizeof(from));
		rotated_name(w, i, to, sizeof(to));
		assert_int_equal(rename(from, to), 0);
	}
	rotated_name(w, w->dated ? w->rotated : 1, ret_name, size);
}

static void rotate_by_name(struct world *w) {
	char to[120];

	shift(w, to, sizeof(to));
	assert_int_equal(rename(w->path, to), 0);
	writer_open(w);
	w->file_start = w->expected_len;
}

/* A log of which not one byte was read may be copied and emptied without a trace: nobody can follow that. */
static bool may_be_copied(const struct world *w) {
	return w->got_len > w->file_start || (!w->source && w->copied_while_down);
}

static void rotate_by_copy(struct world *w) {
	struct arena a = { 0 };
	char to[120], *bytes;
	size_t len;

	shift(w, to, sizeof(to));
	assert_int_equal(file_read(&a, w->path, TEXT_MAX, &bytes, &len), 0);
	assert_int_equal(file_write_plain(to, bytes, len, 0600), 0);
	assert_int_equal(ftruncate(w->fd, 0), 0);
	arena_done(&a);
	w->file_start = w->expected_len;
	w->copied_while_down = !w->source;
}

static void restart(struct world *w) {
	close_source(w);
	open_source(w, w->position);
}

/* What is done to the file between two lines. */
enum {
	SPLIT = 1, /* the line is written in pieces */
	RENAME = 2,
	COPY = 4,
	RESTART = 8,
	HASTY = 16,     /* without waiting for the line to arrive */
	SOMETIMES = 32, /* each only now and then */
	DOWN = 64,      /* all of it while nobody reads, at times */
};

static unsigned deeds;

static bool is_due(struct world *w, unsigned deed) {
	return (deeds & deed) && (!(deeds & SOMETIMES) || random_below(&w->seed, 8) == 0);
}

static int step_random(struct world *w) {
	const char *line;
	size_t len;

	if (!all_arrived(w) && !(is_due(w, HASTY) && w->lines))
		return 0;
	if (!w->lines) {
		loop_stop(w->loop);
		return 0;
	}
	if (is_due(w, DOWN) && w->source) {
		close_source(w);
		w->copied_while_down = false;
	}
	do {
		line = w->expected + w->expected_len;
		len = next_line(w);
		while ((deeds & SPLIT) && len > 1) {
			size_t part = 1 + random_below(&w->seed, (unsigned)len - 1);

			put(w, line, part);
			line += part;
			len -= part;
		}
		put(w, line, len);
		if (is_due(w, RENAME) && w->rotated < ROTATED_MAX)
			rotate_by_name(w);
		if (is_due(w, COPY) && w->rotated < ROTATED_MAX && may_be_copied(w))
			rotate_by_copy(w);
	} while (!w->source && w->lines && random_below(&w->seed, 4));
	if (!w->source)
		open_source(w, w->position);
	else if (is_due(w, RESTART))
		restart(w);
	return 0;
}

static void test_the_same_lines(void **state) {
	static const struct {
		unsigned deeds, lines;
		bool dated;
	} c[] = {
		{ 0, 1000, false },
		{ SPLIT, 1000, false },
		{ RENAME, 150, false },
		{ RENAME, 150, true },
		{ COPY, 150, false },
		{ COPY, 150, true },
		{ RESTART, 300, false },
		{ SPLIT | RENAME | RESTART, 150, false },
		{ SPLIT | COPY | RESTART, 150, true },
		{ SPLIT | HASTY, 1000, false },
		{ HASTY | RENAME | SOMETIMES, 600, true },
		{ HASTY | RENAME | COPY | RESTART | SOMETIMES, 600, false },
		{ HASTY | RENAME | COPY | RESTART | SOMETIMES, 600, true },
		{ DOWN | RENAME | SOMETIMES, 600, false },
		{ DOWN | COPY | SOMETIMES, 600, true },
		{ SPLIT | HASTY | RENAME | COPY | RESTART | DOWN | SOMETIMES, 800, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct world w;

		world_init(&w, "access.log", 100 + i);
		deeds = c[i].deeds;
		w.lines = c[i].lines;
		w.dated = c[i].dated;
		writer_open(&w);
		open_source(&w, NULL);
		run(&w, step_random);
		if (w.warnings)
			fail_msg("case %zu: %s", i, w.last_text);
		world_done(&w);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_lines),
	};

	if (!mkdtemp(folder))
		return 1;
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return r;
}
