/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that a client puts in front of a header that has an answer changes the answer; with all hops trusted, and
 * none, the same. */
#include "fuzz.h"

#include <string.h>

#include "logs/forwarded.h"

static struct ip ip_of(const char *text) {
	struct ip ip = { 0, 0 };

	CLAIM(ip_parse(text, strlen(text), &ip, NULL) == 0);
	return ip;
}

static void check(struct str value, bool rfc7239, const struct prefix_set *trusted) {
	static const char appended[] = ", for=192.0.2.1;by=\"[::1]\"", listed[] = ", 192.0.2.1";
	struct ip peer = ip_of("10.0.0.1"), ip = { 4, 7 }, stranger = ip_of("198.51.100.1");
	enum forwarded_result r = forwarded_client(peer, value, rfc7239, trusted, &ip);
	const char *more = rfc7239 ? appended : listed;
	size_t len = strlen(more);
	char *poisoned = malloc(value.len + len);

	CLAIM(r == FORWARDED_CLIENT || (ip.hi == 4 && ip.lo == 7));
	CLAIM(forwarded_client(stranger, value, rfc7239, trusted, &ip) == FORWARDED_NONE);
	CLAIM(forwarded_client(peer, value, rfc7239, NULL, &ip) == FORWARDED_NONE);
	/* Whatever the client writes, what a proxy adds is what counts. */
	memcpy(poisoned, value.s, value.len);
	memcpy(poisoned + value.len, more, len);
	CLAIM(forwarded_client(peer, (struct str){ poisoned, value.len + len }, rfc7239, trusted, &ip) ==
	      FORWARDED_CLIENT);
	CLAIM(ip_equal(ip, ip_of("192.0.2.1")));
	free(poisoned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct prefix_set trusted = PREFIX_SET_INIT;
	struct str value = { (const char *)data, size };
	struct ip ip;

	prefix_set_add(&trusted, prefix_around(ip_of("10.0.0.0"), 104));
	prefix_set_normalise(&trusted);
	check(value, false, &trusted);
	check(value, true, &trusted);
	if (forwarded_hop(value.s, value.len, &ip) == 0)
		CLAIM(memchr(value.s, '.', size) || memchr(value.s, ':', size));
	prefix_set_done(&trusted);
	return 0;
}
