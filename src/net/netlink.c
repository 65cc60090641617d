/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every message gets the sequence number `base + index`; answers to other numbers are left over from something that was
 * given up, and are dropped. As the kernel answers before send() returns, an empty socket after a failure means that
 * there will be no more: a transaction that failed acknowledges nothing else.
 */
#include "net/netlink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
	NETLINK_TRIES = 4,
	NETLINK_RECEIVE = 1 << 16, /* the kernel makes no larger answers */
	NETLINK_QUEUE = 4 << 20,   /* of answers: some thousand failures of one batch */
};

struct netlink {
	struct mnl_socket *socket;
	unsigned timeout_ms;
	uint32_t seq;
	size_t send_room;
	char buf[NETLINK_RECEIVE];
};

/* Best effort: without CAP_NET_ADMIN the system's limit stays. */
static void set_queue(const struct netlink *n, int forced, int plain, int size) {
	int fd = mnl_socket_get_fd(n->socket);

	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

int netlink_open(int protocol, unsigned timeout_ms, struct netlink **ret_netlink) {
	struct netlink *n = calloc(1, sizeof(*n));
	int one = 1, r;

	if (!n)
		return -ENOMEM;
	n->timeout_ms = timeout_ms;
	n->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!n->socket || mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		netlink_close(n);
		return r;
	}
	/* Errors without the message they are about, but with words; filters of a dump are taken seriously. */
	(void)mnl_socket_setsockopt(n->socket, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)mnl_socket_setsockopt(n->socket, NETLINK_EXT_ACK, &one, sizeof(one));
	(void)mnl_socket_setsockopt(n->socket, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	set_queue(n, SO_RCVBUFFORCE, SO_RCVBUF, NETLINK_QUEUE);
	*ret_netlink = n;
	return 0;
}

void netlink_close(struct netlink *n) {
	if (!n)
		return;
	if (n->socket)
		(void)mnl_socket_close(n->socket);
	free(n);
}

struct nlmsghdr *netlink_last(const struct netlink_batch *b) {
	return (struct nlmsghdr *)(void *)(b->data + b->last);
}

size_t netlink_batch_size(const struct netlink_batch *b) {
	return b->count ? b->last + MNL_ALIGN(netlink_last(b)->nlmsg_len) : 0;
}

struct nlmsghdr *netlink_add(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *head, size_t head_len,
			     size_t room) {
	size_t at = netlink_batch_size(b), need = at + MNL_NLMSG_HDRLEN + MNL_ALIGN(head_len) + MNL_ALIGN(room);
	struct nlmsghdr *m;

	if (need > b->cap) {
		b->cap = MAX(2 * b->cap, need);
		b->data = realloc(b->data, b->cap);
		if (!b->data) {
			(void)fprintf(stderr, "hextet: out of memory (%zu bytes of messages were needed)\n", b->cap);
			abort();
		}
	}
	memset(b->data + at, 0, need - at);
	b->last = at;
	m = mnl_nlmsg_put_header(b->data + at);
	m->nlmsg_type = type;
	m->nlmsg_flags = flags | NLM_F_REQUEST;
	m->nlmsg_seq = b->count++;
	memcpy(mnl_nlmsg_put_extra_header(m, head_len), head, head_len);
	return m;
}

void netlink_batch_clear(struct netlink_batch *b) {
	b->last = b->count = 0;
}

void netlink_batch_done(struct netlink_batch *b) {
	free(b->data);
	*b = (struct netlink_batch){ 0 };
}

/* Numbers the messages from n->seq + 1 on. Returns the first one's, and the last one that will be acknowledged. */
static uint32_t number(struct netlink *n, struct netlink_batch *b, uint32_t *ret_acknowledged) {
	size_t size = netlink_batch_size(b);
	uint32_t base = n->seq + 1, i = 0;

	for (size_t at = 0; at < size; i++) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(b->data + at);

		m->nlmsg_seq = base + i;
		if (m->nlmsg_flags & NLM_F_ACK)
			*ret_acknowledged = base + i;
		at += MNL_ALIGN(m->nlmsg_len);
	}
	n->seq += i;
	return base;
}

static int transmit(struct netlink *n, struct netlink_batch *b) {
	size_t size = netlink_batch_size(b);
	ssize_t sent;

	if (size > INT32_MAX / 2)
		return -EMSGSIZE;
	if (size > n->send_room) {
		n->send_room = MAX(size, (size_t)1 << 18);
		set_queue(n, SO_SNDBUFFORCE, SO_SNDBUF, (int)n->send_room);
	}
	do
		sent = mnl_socket_sendto(n->socket, b->data, size);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* What is in the socket: its size, 0 when there is nothing and `wait` is not set, or -errno. */
static ssize_t receive(struct netlink *n, bool wait) {
	for (;;) {
		struct pollfd p = { mnl_socket_get_fd(n->socket), POLLIN, 0 };
		ssize_t size = mnl_socket_recvfrom(n->socket, n->buf, sizeof(n->buf));
		int ready;

		if (size > 0)
			return size;
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno != EAGAIN)
			return errno == ENOSPC ? -EMSGSIZE : -errno;
		if (!wait)
			return 0;
		ready = poll(&p, 1, (int)n->timeout_ms);
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

static int error_of(const struct nlmsghdr *m) {
	int error;

	if (mnl_nlmsg_get_payload_len(m) < sizeof(error))
		return 0;
	memcpy(&error, mnl_nlmsg_get_payload(m), sizeof(error));
	return error < 0 ? error : 0;
}

const char *netlink_error_text(const struct nlmsghdr *m) {
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t head = sizeof(*e);
	const struct nlattr *a;

	if (m->nlmsg_type != NLMSG_ERROR || !(m->nlmsg_flags & NLM_F_ACK_TLVS) || mnl_nlmsg_get_payload_len(m) < head)
		return NULL;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		head += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (head > mnl_nlmsg_get_payload_len(m))
		return NULL;
	a = netlink_attr(m, head, NLMSGERR_ATTR_MSG);
	return a && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(a) : NULL;
}

struct answers {
	uint32_t base, count;  /* of what was sent */
	uint32_t acknowledged; /* the number after whose acknowledgement nothing comes */
	netlink_error_fn fn;
	void *user;
	int failure;
	bool done;
};

static void take_answers(const struct netlink *n, ssize_t size, struct answers *a) {
	int left = (int)size;

	for (const struct nlmsghdr *m = (const void *)n->buf; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		uint32_t index = m->nlmsg_seq - a->base;
		int error;

		if (index >= a->count || m->nlmsg_type != NLMSG_ERROR)
			continue;
		error = error_of(m);
		a->done |= m->nlmsg_seq == a->acknowledged;
		if (!error)
			continue;
		if (!a->failure)
			a->failure = error;
		if (a->fn)
			a->fn(index, error, netlink_error_text(m), a->user);
	}
}

int netlink_send(struct netlink *n, struct netlink_batch *b, netlink_error_fn fn, void *user) {
	struct answers a = { .count = b->count, .fn = fn, .user = user };
	bool lost = false;
	int r;

	a.base = number(n, b, &a.acknowledged);
	r = transmit(n, b);
	if (r < 0)
		return r;
	while (!a.done) {
		ssize_t size = receive(n, !a.failure && !lost);

		if (size == 0)
			break;
		if (size == -ENOBUFS)
			lost = true;
		else if (size < 0)
			return (int)size;
		else
			take_answers(n, size, &a);
	}
	return lost ? -ENOBUFS : fn ? 0 : a.failure;
}

enum reading { READING, READ, READ_TORN };

/* Gives one datagram's messages out; *r is the error that ended it. */
static enum reading read_messages(const struct netlink *n, ssize_t size, const struct netlink_reader *reader,
				  bool *torn, int *r) {
	int left = (int)size;

	for (const struct nlmsghdr *m = (const void *)n->buf; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_seq != n->seq)
			continue;
		*torn |= (m->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR) {
			*r = error_of(m);
			return *torn ? READ_TORN : READ;
		}
		if (m->nlmsg_type >= NLMSG_MIN_TYPE)
			reader->message(m, reader->user);
	}
	return READING;
}

static enum reading ask_once(struct netlink *n, struct netlink_batch *b, const struct netlink_reader *reader, int *r) {
	enum reading reading = READING;
	bool torn = false;
	uint32_t unused;

	if (reader->begin)
		reader->begin(reader->user);
	(void)number(n, b, &unused);
	*r = transmit(n, b);
	while (*r == 0 && reading == READING) {
		ssize_t size = receive(n, true);

		if (size < 0)
			*r = (int)size;
		else
			reading = read_messages(n, size, reader, &torn, r);
	}
	return reading;
}

int netlink_ask(struct netlink *n, struct netlink_batch *b, const struct netlink_reader *reader) {
	int r = 0;

	for (unsigned i = 0; i < NETLINK_TRIES; i++)
		if (ask_once(n, b, reader, &r) != READ_TORN || r < 0)
			break;
	return r;
}

const struct nlattr *netlink_attr(const struct nlmsghdr *m, size_t head_len, uint16_t type) {
	const struct nlattr *a;

	mnl_attr_for_each(a, m, head_len) if (mnl_attr_get_type(a) == type) return a;
	return NULL;
}

const struct nlattr *netlink_attr_in(const struct nlattr *nest, uint16_t type) {
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) if (mnl_attr_get_type(a) == type) return a;
	return NULL;
}
