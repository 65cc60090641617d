/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that syslog messages come in by (RFC 6587: counted, or a line each). At most SYSLOG_CONNECTIONS_MAX,
 * which together hold at most SYSLOG_STREAM_MEMORY bytes of messages that have not come to their end; whoever would go
 * over it is cut off. When there is no room for a new one, the one that was silent longest goes, if it was for
 * SYSLOG_IDLE_MS; a sender that is gone is found by the kernel's keep-alive.
 */
#pragma once

#include "logs/line_batch.h"

enum {
	SYSLOG_CONNECTIONS_MAX = 256,
	SYSLOG_STREAM_MEMORY = 64 << 20,
	SYSLOG_IDLE_MS = 60 * 1000,
};

struct syslog_streams;

/* Accepts from a socket that listens, and hands lines over by the batch, which is borrowed. 0 or -errno. */
int syslog_streams_open(struct loop *l, int listen_fd, struct line_batch *batch, struct syslog_streams **ret_streams);
void syslog_streams_close(struct syslog_streams *s); /* NULL is fine */
