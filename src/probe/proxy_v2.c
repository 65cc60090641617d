/* SPDX-License-Identifier: Apache-2.0 */
/* Both addresses of a header are of one family: two of IPv4 take 12 bytes, anything else goes as IPv6 with 36. */
#include "probe/proxy_v2.h"

#include <string.h>

enum { VERSION_2_PROXY = 0x21, TCP_OVER_IPV4 = 0x11, TCP_OVER_IPV6 = 0x21 };

static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static uint8_t *put16(uint8_t *p, unsigned v) {
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put_ip(uint8_t *p, struct ip ip, bool v4) {
	uint8_t bytes[16];

	ip_to_bytes(ip, bytes);
	memcpy(p, v4 ? bytes + 12 : bytes, v4 ? 4 : 16);
	return p + (v4 ? 4 : 16);
}

size_t proxy_v2_header(const struct proxy_v2 *h, uint8_t ret_header[static PROXY_V2_MAX]) {
	bool v4 = ip_is_v4(h->client) && ip_is_v4(h->server) && !h->mapped;
	uint8_t *p = ret_header;

	memcpy(p, signature, sizeof(signature));
	p += sizeof(signature);
	*p++ = VERSION_2_PROXY;
	*p++ = v4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
	p = put16(p, v4 ? 12 : 36);
	p = put_ip(p, h->client, v4);
	p = put_ip(p, h->server, v4);
	p = put16(p, h->client_port);
	p = put16(p, h->server_port);
	return (size_t)(p - ret_header);
}
