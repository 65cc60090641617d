/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

struct endpoint endpoint_from_sockaddr(const struct sockaddr *sa, socklen_t len) {
	struct endpoint e = { .port = -1 };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	/* Copied out, for what is pointed to is a sockaddr_storage to some and not to others. */
	if (sa->sa_family == AF_INET && len >= sizeof(v4)) {
		memcpy(&v4, sa, sizeof(v4));
		e.ip = ip_from_v4(ntohl(v4.sin_addr.s_addr));
		e.port = ntohs(v4.sin_port);
	} else if (sa->sa_family == AF_INET6 && len >= sizeof(v6)) {
		memcpy(&v6, sa, sizeof(v6));
		e.ip = ip_from_bytes(v6.sin6_addr.s6_addr);
		e.port = ntohs(v6.sin6_port);
	}
	return e;
}

int endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *ret_sa, socklen_t *ret_len) {
	uint16_t port_be = htons((uint16_t)(e->port < 0 ? 0 : e->port));
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port_be };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port_be };

	if (ip_is_v4(e->ip)) {
		v4.sin_addr.s_addr = htonl((uint32_t)e->ip.lo);
		memcpy(ret_sa, &v4, sizeof(v4));
		*ret_len = sizeof(v4);
		return 0;
	}
	if (*e->zone) {
		v6.sin6_scope_id = if_nametoindex(e->zone);
		if (!v6.sin6_scope_id)
			return -ENODEV;
	}
	ip_to_bytes(e->ip, v6.sin6_addr.s6_addr);
	memcpy(ret_sa, &v6, sizeof(v6));
	*ret_len = sizeof(v6);
	return 0;
}

static int bind_to(int fd, const struct sockaddr_storage *sa, socklen_t len, bool only_v6) {
	int one = 1, only = only_v6;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return -errno;
	if (sa->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)sa, len) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

int listen_tcp(const struct endpoint *at, bool only_v6, int *ret_fd) {
	struct sockaddr_storage sa = { 0 };
	socklen_t len;
	int fd, r;

	r = endpoint_to_sockaddr(at, &sa, &len);
	if (r < 0)
		return r;
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = bind_to(fd, &sa, len, only_v6);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int listen_bound(int fd, struct endpoint *ret_at) {
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret_at = endpoint_from_sockaddr((struct sockaddr *)&sa, len);
	return 0;
}
