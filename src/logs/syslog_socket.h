/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that syslog messages come in by:
 *
 *     [::1]:5140  udp:[::]:514  tcp:192.0.2.1:601     without a word in front: both; [::] takes IPv4 as well
 *     /run/hextet/log.sock                            datagrams, as programs send to /dev/log
 *     stream:/run/hextet/log.sock                     streams
 */
#pragma once

#include "addr/ip.h"

#include <sys/types.h>

enum { SYSLOG_PORT = 514, SYSLOG_MODE = 0660 };

struct syslog_place {
	bool datagrams, streams;
	const char *path; /* of a unix socket, borrowed; or NULL: */
	struct endpoint at;
};

int syslog_place_parse(const char *text, struct syslog_place *ret_place, char **ret_why); /* 0 or -EINVAL */

struct syslog_socket {
	int fd; /* non-blocking */
	const char *path;
	dev_t dev; /* the socket's file, */
	ino_t ino; /* which is removed when it is closed */
};

/* Binds it, and listens to a stream's. A unix socket that nobody listens to any more is replaced; the new one has
 * SYSLOG_MODE. 0, or -errno and why. */
int syslog_socket_open(const struct syslog_place *p, bool is_stream, struct syslog_socket *ret_socket, char **ret_why);
void syslog_socket_close(struct syslog_socket *s); /* fd -1 is fine */

/* Makes the kernel's buffer as large as it gives: its size in bytes. */
size_t syslog_socket_widen(const struct syslog_socket *s);

/* Messages that the kernel has dropped since the socket was opened, for want of room. */
uint32_t syslog_socket_dropped(const struct syslog_socket *s);
