/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small coat over libmnl: messages are built one behind the other, sent in one go, and answered with what failed; or
 * one question is asked, and what it lists is read. RFC 3549.
 *
 *     struct netlink_batch b = { 0 };
 *     struct nlmsghdr *m = netlink_add(&b, RTM_NEWROUTE, NLM_F_CREATE, &rtm, sizeof(rtm), 64);
 *     mnl_attr_put_u32(m, RTA_TABLE, 100);
 *     r = netlink_send(n, &b, on_error, user);
 *     netlink_batch_done(&b);
 *
 * The kernel does what a message says before send() returns, in the caller's thread: the timeout is for its answers
 * only. Errors are -errno; -ETIMEDOUT when there is no answer, -ENOBUFS when answers were lost, so that nobody knows
 * what was done. A socket is good for one thread.
 */
#pragma once

#include "base/macro.h"

#include <libmnl/libmnl.h>

struct netlink;

int netlink_open(int protocol, unsigned timeout_ms, struct netlink **ret_netlink); /* protocol: NETLINK_ROUTE, … */
void netlink_close(struct netlink *n);                                             /* NULL is fine */

/* Messages, the last of which may still grow by `room` bytes of attributes. Zero is empty. */
struct netlink_batch {
	char *data;
	size_t last, cap;
	uint32_t count;
};

/* Begins a message; NLM_F_REQUEST is added. `head` is what follows the netlink header. The pointer is good until the
 * next call. Out of memory aborts, as in vec.h. */
struct nlmsghdr *netlink_add(struct netlink_batch *b, uint16_t type, uint16_t flags, const void *head, size_t head_len,
			     size_t room);
struct nlmsghdr *netlink_last(const struct netlink_batch *b); /* the message added last; there must be one */
size_t netlink_batch_size(const struct netlink_batch *b);     /* bytes */
void netlink_batch_clear(struct netlink_batch *b);            /* empty, and keeps its memory */
void netlink_batch_done(struct netlink_batch *b);

/*
 * Sends them all; at least one must ask for an acknowledgement (NLM_F_ACK), the last one that is not a mark. With fn it
 * is called for each message that failed (`index` counts from 0, `text` is the kernel's own words or NULL), and what is
 * returned is about the batch as a whole (-EMSGSIZE: it is too large); without fn the first failure is returned.
 */
typedef void (*netlink_error_fn)(uint32_t index, int error, const char *text, void *user);
int netlink_send(struct netlink *n, struct netlink_batch *b, netlink_error_fn fn, void *user);

/*
 * Sends one question (NLM_F_DUMP, or a single object with NLM_F_ACK), and calls `message` for each answer. When what is
 * listed changed meanwhile (NLM_F_DUMP_INTR), all is read again, after another `begin`; four times, then the list is
 * taken as it is.
 */
struct netlink_reader {
	void (*begin)(void *user); /* forget what was read */
	void (*message)(const struct nlmsghdr *m, void *user);
	void *user;
};
int netlink_ask(struct netlink *n, struct netlink_batch *b, const struct netlink_reader *reader);

/* The attribute of this type (without its flag bits) behind `head_len` bytes of header, or NULL; and inside another. */
const struct nlattr *netlink_attr(const struct nlmsghdr *m, size_t head_len, uint16_t type);
const struct nlattr *netlink_attr_in(const struct nlattr *nest, uint16_t type);

/* The kernel's words in an error message, or NULL. */
const char *netlink_error_text(const struct nlmsghdr *m);
