/* SPDX-License-Identifier: Apache-2.0 */
/* Both families of a wildcard are two listeners, so that the loss of one of them is seen. */
#include "render/listen_add.h"

#include <errno.h>
#include <netinet/in.h>

enum { EXCERPT_MAX = 60 };

int32_t listen_port(struct str text) {
	int32_t n = 0;

	if (!text.len || text.len > 5)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] < '0' || text.s[i] > '9')
			return -1;
		n = n * 10 + (text.s[i] - '0');
	}
	return n > UINT16_MAX ? -1 : n;
}

static bool is_wildcard(struct ip ip) {
	return ip_equal(ip, (struct ip){ 0 }) || ip_equal(ip, ip_from_v4(0));
}

static void add_one(struct facts *f, const char *program, uint8_t protocol, struct ip ip, int32_t port) {
	const struct fact_listener l = {
		.program = program, .family = ip_family(ip), .ip = ip, .protocol = protocol, .port = (uint16_t)port
	};

	vec_push(&f->listeners, l);
}

int listen_add(struct facts *f, const struct listen_kind *k, struct str address, int32_t port) {
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	struct ip ip = ip_from_v4(0);

	if (port < 1 || (address.len && !str_is(address, "*") && ip_parse(address.s, address.len, &ip, NULL) < 0))
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_LEN(protocols); i++) {
		if (!(k->protocols & 1U << i))
			continue;
		add_one(f, k->program, protocols[i], ip, port);
		if (k->both && ip_equal(ip, (struct ip){ 0 }))
			add_one(f, k->program, protocols[i], ip_from_v4(0), port);
	}
	return 0;
}

int listen_add_one(struct facts *f, const struct listen_kind *k, struct str address, int32_t port) {
	struct ip ip;

	if (ip_parse(address.s, address.len, &ip, NULL) < 0 || is_wildcard(ip))
		return -EINVAL;
	return listen_add(f, k, address, port);
}

int listen_refuse(struct facts *f, uint32_t line, struct str what, const char *reason, const char **ret_error) {
	*ret_error = arena_printf(f->arena, "line %u: '%.*s' %s", line, (int)MIN(what.len, (size_t)EXCERPT_MAX), what.s,
				  reason);
	return -EINVAL;
}
