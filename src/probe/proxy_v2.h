/* SPDX-License-Identifier: Apache-2.0 */
/* The header of the PROXY protocol, version 2: HAProxy's doc/proxy-protocol.txt, section 2.2; TCP, no TLVs. */
#pragma once

#include "addr/ip.h"

struct proxy_v2 {
	struct ip client, server;
	uint16_t client_port, server_port;
	bool mapped; /* write an IPv4 client as IPv6 (::ffff:a.b.c.d); so it is when the server's family is the other */
};

enum { PROXY_V2_MAX = 16 + 36 };

/* Writes it; its length. */
size_t proxy_v2_header(const struct proxy_v2 *p, uint8_t ret_header[static PROXY_V2_MAX]);
