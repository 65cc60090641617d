/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the first line of the buffer can be over LOG_LINE_MAX: the others lie within the bytes that were added last, and
 * those are at most LINES_STEP, which is less. It is handed over alone; all others with one call. Only new bytes are
 * searched for an end, so a line that comes byte by byte costs no more than its length.
 */
#include "logs/lines.h"

#include <string.h>

_Static_assert((int)LINES_STEP < (int)LOG_LINE_MAX, "a step may hold no line that is too long");

char *lines_room(struct lines *l, size_t *ret_room) {
	if (l->cap - l->len <= LINES_STEP) { /* one more, for the end that lines_finish() may have to write */
		size_t cap = l->len + 2 * (size_t)LINES_STEP;
		char *buffer = realloc(l->buffer, cap);

		if (!buffer)
			return NULL;
		l->buffer = buffer;
		l->cap = cap;
	}
	*ret_room = LINES_STEP;
	return l->buffer + l->len;
}

static int hand_over(const struct lines *l, size_t len) {
	struct log_batch batch = { .bytes = l->buffer, .len = len };

	return l->fn(&batch, l->user);
}

/* The first line ends at `end`, too late. Its last byte but one makes room for an end, which lies at `end` or before
 * it. */
static int hand_over_long(struct lines *l, size_t end, size_t *fresh) {
	size_t rest = l->len - end - 1;
	int r;

	l->buffer[LOG_LINE_MAX + 1] = '\n';
	r = hand_over(l, LOG_LINE_MAX + 2);
	memmove(l->buffer, l->buffer + end + 1, rest);
	l->len = rest;
	l->dropped = 0;
	*fresh = 0;
	return r;
}

int lines_added(struct lines *l, size_t n) {
	size_t fresh = l->len, done;
	const char *end;
	int r;

	l->len += n;
	if (l->len > LOG_LINE_MAX) {
		end = memchr(l->buffer + fresh, '\n', n);
		if (end && end - l->buffer > LOG_LINE_MAX) {
			r = hand_over_long(l, (size_t)(end - l->buffer), &fresh);
			if (r != 0)
				return r;
		}
	}
	end = memrchr(l->buffer + fresh, '\n', l->len - fresh);
	if (!end) {
		if (l->len > LOG_LINE_MAX + 1) {
			l->dropped += l->len - (LOG_LINE_MAX + 1);
			l->len = LOG_LINE_MAX + 1;
		}
		return 0;
	}
	done = (size_t)(end + 1 - l->buffer);
	r = hand_over(l, done);
	memmove(l->buffer, l->buffer + done, l->len - done);
	l->len -= done;
	return r;
}

int lines_finish(struct lines *l) {
	size_t len = l->len;

	if (!len)
		return 0;
	l->len = 0;
	l->dropped = 0;
	l->buffer[len] = '\n';
	return hand_over(l, len + 1);
}

uint64_t lines_waiting(const struct lines *l) {
	return l->len + l->dropped;
}

void lines_forget(struct lines *l) {
	l->len = 0;
	l->dropped = 0;
}

void lines_done(struct lines *l) {
	free(l->buffer);
	l->buffer = NULL;
	l->len = l->cap = 0;
}
