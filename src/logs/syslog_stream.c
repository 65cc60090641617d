/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each connection has a buffer of its own, which grows with the message that waits in it. A message without a count is
 * looked for only when the bytes that came last have a line end, so that one that comes byte by byte costs no more than
 * its length.
 */
#include "logs/syslog_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "logs/syslog.h"

enum {
	BUFFER_MIN = 4 << 10,
	READ_MAX = 64 << 10, /* at once: others have their turn then */
	ACCEPTS_MAX = 64,
	RETRY_MS = 10 * 1000,          /* of accept(), when there is no descriptor */
	FRAME_MAX = LOG_LINE_MAX + 16, /* a message and its count */
};

struct connection {
	struct syslog_streams *streams;
	struct connection *next, **link;
	struct loop_source *source;
	int fd;
	char *buffer;
	size_t len, cap;
	bool skipping; /* what is over LOG_LINE_MAX, up to the line's end */
	uint64_t heard_ms;
};

struct syslog_streams {
	struct loop *loop;
	struct line_batch *batch;
	struct loop_source *source, *retry;
	struct connection *first;
	unsigned count;
	size_t memory;
	uint64_t refused_ms; /* when that was said last, 0: never */
	bool stopped;
};

static void hang_up(struct connection *c) {
	struct syslog_streams *s = c->streams;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	loop_source_free(c->source);
	(void)close(c->fd);
	s->count--;
	s->memory -= c->cap;
	free(c->buffer);
	free(c);
}

static int add_line(struct syslog_streams *s, const char *bytes, size_t len) {
	while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == 0)) /* within the count of some senders */
		len--;
	if (!len)
		return 0;
	line_batch_add(s->batch, bytes, len);
	return line_batch_end(s->batch);
}

/* The beginning of a line that is too long is handed over, the rest of it is skipped. */
static int cut_long(struct connection *c) {
	int r = c->skipping ? 0 : add_line(c->streams, c->buffer, c->len);

	c->skipping = true;
	c->len = 0;
	return r;
}

/* Whether the message at the beginning has, or may have, a count: "123 <". */
static bool may_be_counted(const struct connection *c) {
	size_t n = 0;

	while (n < c->len && n < 8 && c->buffer[n] >= '0' && c->buffer[n] <= '9')
		n++;
	return n && (c->len <= n + 1 || (c->buffer[n] == ' ' && c->buffer[n + 1] == '<'));
}

/* Takes off the messages that are complete; n bytes are new. 0, -EBADMSG, or what lines() said. */
static int take_messages(struct connection *c, size_t n) {
	size_t at = 0;
	int r = 0;

	if ((c->skipping || !may_be_counted(c)) && !memchr(c->buffer + c->len - n, '\n', n))
		return c->skipping || c->len > LOG_LINE_MAX ? cut_long(c) : 0;
	while (r >= 0 && at < c->len) {
		struct str message;
		ssize_t skip;

		if (c->skipping) {
			skip = (const char *)memchr(c->buffer + at, '\n', c->len - at) + 1 - (c->buffer + at);
			c->skipping = false;
			at += (size_t)skip;
			continue;
		}
		skip = syslog_frame(c->buffer + at, c->len - at, &message);
		if (skip == 0)
			break;
		r = skip < 0 ? (int)skip : add_line(c->streams, message.s, message.len);
		at += skip < 0 ? 0 : (size_t)skip;
	}
	memmove(c->buffer, c->buffer + at, c->len - at);
	c->len -= at;
	return r < 0 || c->len <= FRAME_MAX ? r : cut_long(c);
}

static int make_room(struct connection *c) {
	struct syslog_streams *s = c->streams;
	size_t cap = c->cap ? c->cap * 2 : BUFFER_MIN;
	char *buffer;

	if (c->cap - c->len >= BUFFER_MIN / 2)
		return 0;
	if (s->memory + cap - c->cap > SYSLOG_STREAM_MEMORY)
		return -ENOBUFS;
	buffer = realloc(c->buffer, cap);
	if (!buffer)
		return -ENOMEM;
	s->memory += cap - c->cap;
	c->buffer = buffer;
	c->cap = cap;
	return 0;
}

static void part(struct connection *c, int error) {
	struct log_source *source = c->streams->batch->source;

	if (c->len && !c->skipping && error == 0)
		(void)add_line(c->streams, c->buffer, c->len); /* a last line without its end */
	if (error == -EBADMSG)
		source_warn(source, "a connection was cut off: its messages are over 1 MiB long, or no syslog");
	else if (error == -ENOBUFS)
		source_warn(source, "a connection was cut off: unfinished messages take up %d MiB",
			    SYSLOG_STREAM_MEMORY >> 20);
	else if (error < 0 && error != -ECONNRESET)
		source_warn(source, "a connection has ended: %s", strerror(-error));
	hang_up(c);
}

static int on_bytes(int fd, uint32_t events, void *user) {
	struct connection *c = user;
	struct syslog_streams *s = c->streams;
	ssize_t n;
	int r = make_room(c);

	(void)events;
	if (s->stopped || r < 0) {
		part(c, s->stopped ? -ECONNRESET : r);
		return 0;
	}
	n = recv(fd, c->buffer + c->len, MIN(c->cap - c->len, (size_t)READ_MAX), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		c->heard_ms = loop_now_ms(s->loop);
		c->len += (size_t)n;
		r = take_messages(c, (size_t)n);
		if (r == -EBADMSG)
			part(c, r);
		else if (r < 0)
			s->stopped = true;
	} else {
		part(c, n < 0 ? -errno : 0);
	}
	if (line_batch_flush(s->batch) < 0)
		s->stopped = true;
	return 0;
}

/* Room for one more: true. */
static bool find_room(struct syslog_streams *s) {
	struct connection *oldest = s->first;
	uint64_t now = loop_now_ms(s->loop);

	if (!oldest || s->count < SYSLOG_CONNECTIONS_MAX)
		return true;
	for (struct connection *c = s->first; c; c = c->next)
		if (c->heard_ms < oldest->heard_ms)
			oldest = c;
	if (now - oldest->heard_ms >= SYSLOG_IDLE_MS) {
		part(oldest, 0);
		if (line_batch_flush(s->batch) < 0)
			s->stopped = true;
		return true;
	}
	if (!s->refused_ms || now - s->refused_ms > SYSLOG_IDLE_MS) {
		source_warn(s->batch->source, "connections are refused: %d are open, and all in use",
			    SYSLOG_CONNECTIONS_MAX);
		s->refused_ms = now;
	}
	return false;
}

static int add_connection(struct syslog_streams *s, int fd) {
	struct connection *c = calloc(1, sizeof(*c));
	int one = 1, r;

	if (!c)
		return -ENOMEM;
	r = loop_add_fd(s->loop, fd, EPOLLIN, on_bytes, c, &c->source);
	if (r < 0) {
		free(c);
		return r;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	c->streams = s;
	c->fd = fd;
	c->heard_ms = loop_now_ms(s->loop);
	c->next = s->first;
	c->link = &s->first;
	if (c->next)
		c->next->link = &c->next;
	s->first = c;
	s->count++;
	return 0;
}

static int on_retry(void *user) {
	struct syslog_streams *s = user;

	return loop_set_events(s->source, EPOLLIN);
}

static int on_connection(int fd, uint32_t events, void *user) {
	struct syslog_streams *s = user;

	(void)events;
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peer < 0 && (errno == EMFILE || errno == ENFILE)) {
			source_warn(s->batch->source, "connections wait: no descriptor is left; raise LimitNOFILE");
			(void)loop_set_events(s->source, 0);
			(void)loop_timer_set(s->retry, RETRY_MS);
		}
		if (peer < 0)
			break;
		if (s->stopped || !find_room(s) || add_connection(s, peer) < 0)
			(void)close(peer);
	}
	return 0;
}

int syslog_streams_open(struct loop *l, int listen_fd, struct line_batch *batch, struct syslog_streams **ret_streams) {
	struct syslog_streams *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->loop = l;
	s->batch = batch;
	r = loop_add_fd(l, listen_fd, EPOLLIN, on_connection, s, &s->source);
	if (r == 0)
		r = loop_add_timer(l, RETRY_MS, on_retry, s, &s->retry);
	if (r < 0) {
		syslog_streams_close(s);
		return r;
	}
	*ret_streams = s;
	return 0;
}

void syslog_streams_close(struct syslog_streams *s) {
	if (!s)
		return;
	while (s->first)
		hang_up(s->first);
	loop_source_free(s->source);
	loop_source_free(s->retry);
	free(s);
}
