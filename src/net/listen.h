/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that listen, and addresses between the kernel's form and ours. */
#pragma once

#include "addr/ip.h"

#include <sys/socket.h>

/* A non-blocking TCP socket that listens. A port of -1 counts as 0: any. With `only_v6`, [::] leaves IPv4 alone. 0 or
 * -errno. */
int listen_tcp(const struct endpoint *at, bool only_v6, int *ret_fd);

/* What a socket is bound to. 0 or -errno. */
int listen_bound(int fd, struct endpoint *ret_at);

/* Zones are left out. An address of another kind than IPv4 and IPv6 becomes "::", port -1. */
struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len);

/* Returns the length. IPv4 becomes AF_INET. A zone that is no interface here is -ENODEV. */
int endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret_sa, socklen_t *ret_len);
