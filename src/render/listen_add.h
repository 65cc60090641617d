/* SPDX-License-Identifier: Apache-2.0 */
/* What readers of listeners share: numbers, addresses, and the refusal by line. Pure. */
#pragma once

#include "render/facts.h"

enum { LISTEN_TCP = 1 << 0, LISTEN_UDP = 1 << 1 };

struct listen_kind {
	const char *program; /* must outlive the facts */
	unsigned protocols;
	bool both; /* an IPv6 wildcard takes IPv4, too */
};

/* 0 to 65535, or -1. */
int32_t listen_port(struct str text);

/* Adds a listener for each protocol. An empty address or * is the IPv4 wildcard. 0, or -EINVAL for what is no address
 * in numbers, or no port. */
int listen_add(struct facts *f, const struct listen_kind *k, struct str address, int32_t port);

/* The same without wildcards: what they mean to a JVM depends on its options. */
int listen_add_one(struct facts *f, const struct listen_kind *k, struct str address, int32_t port);

/* Returns -EINVAL and sets "line N: 'what' REASON", with the beginning of `what` only. */
int listen_refuse(struct facts *f, uint32_t line, struct str what, const char *reason, const char **ret_error);
