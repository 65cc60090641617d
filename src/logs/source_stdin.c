/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input. epoll takes no regular files; these are always ready, as is an eventfd that counts one. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "logs/lines.h"
#include "logs/source_kind.h"

struct stdin_source {
	struct log_source source;
	struct lines lines;
	struct loop_source *ready;
	int ready_fd; /* -1: standard input itself */
};

static int on_lines(const struct log_batch *batch, void *user) {
	struct stdin_source *s = user;

	return source_lines(&s->source, batch);
}

static void stop(struct stdin_source *s) {
	loop_source_free(s->ready);
	s->ready = NULL;
}

static int on_ready(int fd, uint32_t events, void *user) {
	struct stdin_source *s = user;
	size_t room;
	char *p = lines_room(&s->lines, &room);
	ssize_t n;
	int r;

	(void)fd;
	(void)events;
	if (!p)
		return -ENOMEM;
	n = read(STDIN_FILENO, p, room);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n > 0) {
		if (lines_added(&s->lines, (size_t)n) < 0)
			stop(s);
		return 0;
	}
	if (n < 0)
		source_warn(&s->source, "cannot be read any more: %s", strerror(errno));
	r = lines_finish(&s->lines);
	if (n == 0 && r >= 0)
		source_info(&s->source, "has come to its end");
	stop(s);
	return 0;
}

static void stdin_close(struct log_source *source) {
	struct stdin_source *s = (struct stdin_source *)source;

	stop(s);
	if (s->ready_fd >= 0)
		(void)close(s->ready_fd);
	lines_done(&s->lines);
	free(s);
}

static int stdin_open(struct loop *l, const struct log_source_config *c, struct log_source **ret_source,
		      char **ret_why) {
	struct stdin_source *s;
	int r;

	if (*c->place)
		return source_why(ret_why, -EINVAL,
				  "stdin takes nothing behind it, not \"%s\"; for a file write file:PATH", c->place);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->source.config = *c;
	s->lines.fn = on_lines;
	s->lines.user = s;
	s->ready_fd = -1;
	r = loop_add_fd(l, STDIN_FILENO, EPOLLIN, on_ready, s, &s->ready);
	if (r == -EPERM) {
		s->ready_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
		r = s->ready_fd < 0 ? -errno : loop_add_fd(l, s->ready_fd, EPOLLIN, on_ready, s, &s->ready);
	}
	if (r < 0) {
		stdin_close(&s->source);
		return source_why(ret_why, r, "standard input cannot be read: %s", strerror(-r));
	}
	*ret_source = &s->source;
	return 0;
}

static char *stdin_position(const struct log_source *s) {
	(void)s;
	return NULL;
}

static uint64_t stdin_behind(const struct log_source *s) {
	(void)s;
	return 0;
}

const struct log_source_kind log_source_kind_stdin = {
	.name = "stdin",
	.summary = "standard input, to its end: stdin",
	.open = stdin_open,
	.close = stdin_close,
	.position = stdin_position,
	.behind = stdin_behind,
};
