/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams are taken by the dozen, and each becomes a line with its header: the parser takes that off. What the kernel
 * had to drop is asked for once a second, and said.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "logs/syslog_socket.h"
#include "logs/syslog_stream.h"

enum {
	DATAGRAMS = 32,
	DATAGRAM_MAX = 256 << 10, /* UDP's are below 64 KiB; a unix socket's sender has a buffer of about this */
	BUFFER_WANTED = 1 << 20,
	TICK_MS = 1000,
};

struct syslog_source {
	struct log_source source;
	struct loop *loop;
	struct syslog_socket datagram, stream;
	struct loop_source *datagram_source, *tick;
	struct syslog_streams *streams;
	struct line_batch batch;
	char *room; /* DATAGRAMS of DATAGRAM_MAX bytes: those that no message needs are never touched */
	uint32_t dropped;
};

static int on_datagrams(int fd, uint32_t events, void *user) {
	struct syslog_source *s = user;
	struct mmsghdr message[DATAGRAMS] = { 0 };
	struct iovec part[DATAGRAMS];
	int n, r = 0;

	(void)events;
	for (size_t i = 0; i < DATAGRAMS; i++) {
		part[i] = (struct iovec){ s->room + i * DATAGRAM_MAX, DATAGRAM_MAX };
		message[i].msg_hdr.msg_iov = &part[i];
		message[i].msg_hdr.msg_iovlen = 1;
	}
	n = recvmmsg(fd, message, DATAGRAMS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n && r >= 0; i++) {
		const char *bytes = part[i].iov_base;
		size_t len = message[i].msg_len;

		if (message[i].msg_hdr.msg_flags & MSG_TRUNC)
			source_warn(&s->source, "a message was cut to %d KiB", DATAGRAM_MAX >> 10);
		while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == 0))
			len--;
		line_batch_add(&s->batch, bytes, len);
		r = line_batch_end(&s->batch);
	}
	if (r >= 0)
		r = line_batch_flush(&s->batch);
	if (r < 0) {
		loop_source_free(s->datagram_source);
		s->datagram_source = NULL;
	}
	return 0;
}

static void say_dropped(struct syslog_source *s) {
	uint32_t dropped = syslog_socket_dropped(&s->datagram);

	if (dropped != s->dropped)
		source_warn(&s->source,
			    "%" PRIu32
			    " messages were dropped by the kernel, for they came faster than they were read; raise "
			    "net.core.rmem_max (sysctl), or send by TCP",
			    dropped - s->dropped);
	s->dropped = dropped;
}

static int on_tick(void *user) {
	struct syslog_source *s = user;

	say_dropped(s);
	return loop_timer_set(s->tick, TICK_MS);
}

static void syslog_close(struct log_source *source) {
	struct syslog_source *s = (struct syslog_source *)source;

	if (s->tick)
		say_dropped(s);
	loop_source_free(s->tick);
	loop_source_free(s->datagram_source);
	syslog_streams_close(s->streams);
	syslog_socket_close(&s->datagram);
	syslog_socket_close(&s->stream);
	line_batch_done(&s->batch);
	free(s->room);
	free(s);
}

static int open_datagrams(struct syslog_source *s, const struct syslog_place *p, char **ret_why) {
	int r = syslog_socket_open(p, false, &s->datagram, ret_why);

	if (r < 0)
		return r;
	(void)syslog_socket_widen(&s->datagram);
	s->room = malloc((size_t)DATAGRAMS * DATAGRAM_MAX);
	if (!s->room)
		return -ENOMEM;
	return loop_add_fd(s->loop, s->datagram.fd, EPOLLIN, on_datagrams, s, &s->datagram_source);
}

static int syslog_open(struct loop *l, const struct log_source_config *c, struct log_source **ret_source,
		       char **ret_why) {
	struct syslog_source *s;
	struct syslog_place p;
	int r = syslog_place_parse(c->place, &p, ret_why);

	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->source.config = *c;
	s->loop = l;
	s->datagram.fd = s->stream.fd = -1;
	r = line_batch_init(&s->batch, &s->source);
	if (r >= 0 && p.datagrams)
		r = open_datagrams(s, &p, ret_why);
	if (r >= 0 && p.streams)
		r = syslog_socket_open(&p, true, &s->stream, ret_why);
	if (r >= 0 && p.streams)
		r = syslog_streams_open(l, s->stream.fd, &s->batch, &s->streams);
	if (r >= 0)
		r = loop_add_timer(l, TICK_MS, on_tick, s, &s->tick);
	if (r < 0) {
		syslog_close(&s->source);
		return r;
	}
	*ret_source = &s->source;
	return 0;
}

static char *syslog_position(const struct log_source *s) {
	(void)s;
	return NULL;
}

static uint64_t syslog_behind(const struct log_source *s) {
	(void)s;
	return 0;
}

const struct log_source_kind log_source_kind_syslog = {
	.name = "syslog",
	.summary = "messages that others send: syslog:[ADDRESS]:PORT, syslog:udp:…, syslog:tcp:…, syslog:/PATH",
	.open = syslog_open,
	.close = syslog_close,
	.position = syslog_position,
	.behind = syslog_behind,
};
