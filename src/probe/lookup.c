/* SPDX-License-Identifier: Apache-2.0 */
/* Owned twice, by the caller and by the thread; the last one frees. The eventfd orders their accesses to the answer. */
#include "probe/lookup.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/vec.h"
#include "net/listen.h"
#include "probe/fetch_transfer.h"

struct lookup {
	atomic_uint owners;
	enum family family;
	char *name;
	int fd;
	int64_t at_us;
	VEC(struct ip) ips;
};

void lookup_free(struct lookup *l) {
	if (!l || atomic_fetch_sub(&l->owners, 1) > 1)
		return;
	(void)close(l->fd);
	free(l->name);
	vec_done(&l->ips);
	free(l);
}

static void *resolve(void *user) {
	struct lookup *l = user;
	const struct addrinfo hints = { .ai_family = l->family == FAMILY_4 ? AF_INET : AF_INET6,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;

	if (getaddrinfo(l->name, NULL, &hints, &found) != 0)
		found = NULL;
	for (const struct addrinfo *i = found; i; i = i->ai_next) {
		const struct ip ip = endpoint_from_sockaddr(i->ai_addr, i->ai_addrlen).ip;

		if (ip_family(ip) == l->family) /* AAAA may hold a mapped one, which is the other family */
			vec_push(&l->ips, ip);
	}
	if (found)
		freeaddrinfo(found);
	l->at_us = fetch_now_us();
	(void)eventfd_write(l->fd, 1);
	lookup_free(l);
	return NULL;
}

int lookup_new(const char *name, enum family family, struct lookup **ret_lookup) {
	struct lookup *l = calloc(1, sizeof(*l));
	pthread_t thread = 0;
	int r;

	if (!l || !(l->name = strdup(name))) {
		free(l);
		return -ENOMEM;
	}
	l->family = family;
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_init(&l->owners, 2);
	r = l->fd < 0 ? errno : pthread_create(&thread, NULL, resolve, l);
	if (r != 0) {
		atomic_store(&l->owners, 1);
		lookup_free(l);
		return -r;
	}
	(void)pthread_detach(thread);
	*ret_lookup = l;
	return 0;
}

int lookup_fd(const struct lookup *l) {
	return l->fd;
}

uint32_t lookup_take(const struct lookup *l, struct ip *ret_ips, uint32_t max, int64_t *ret_at_us) {
	const uint32_t n = (uint32_t)MIN(l->ips.n, (size_t)max);

	for (uint32_t i = 0; i < n; i++)
		ret_ips[i] = l->ips.v[i];
	*ret_at_us = l->at_us;
	return n;
}
