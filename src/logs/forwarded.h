/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the client is behind proxies: the right-most hop that is no proxy of ours. Everything left of it was written by
 * the client, who may have written somebody else's address there to have him banned.
 *
 * X-Forwarded-For: addresses separated by commas, with ports, in brackets, quoted, "unknown" or anything else.
 * Forwarded (RFC 7239): for=… of each element, obfuscated identifiers ("_hidden") included.
 *
 * Both are read from their right end, so that nothing that stands left of the answer (a quote that is never closed) can
 * change it. Empty elements of the list do not count (RFC 9110 section 5.6.1). The time is linear in the length.
 */
#pragma once

#include "addr/set.h"

enum forwarded_result {
	FORWARDED_CLIENT,  /* *ret_ip is the client */
	FORWARDED_NONE,    /* the peer is not trusted, or there is no header: the peer is the client */
	FORWARDED_UNKNOWN, /* the hop that a trusted proxy named is no address: nobody can be blamed */
};

/* An address in any form that software writes into these headers: 192.0.2.1, 192.0.2.1:80, 2001:db8::1,
 * [2001:db8::1]:443, "…" quoted, fe80::1%eth0, and RFC 7239's hidden ports (192.0.2.1:_a). IPv6 with a port and no
 * brackets is not guessed at: -EINVAL. Blanks around it do not count. */
int forwarded_hop(const char *s, size_t len, struct ip *ret_ip);

/* The header's value, unescaped, as X-Forwarded-For or (`rfc7239`) Forwarded; of several headers, joined by commas.
 * When every hop is trusted, the left-most one is the client. `trusted` is normal; NULL: nobody is. */
enum forwarded_result forwarded_client(struct ip peer, struct str value, bool rfc7239, const struct prefix_set *trusted,
				       struct ip *ret_ip);

/*
 * Whether a server gives this status (its text in the log) also when it stops in the middle of the header: 400, 408,
 * 431. Proxies put their hop last, so what was read by then may be the client's own header alone; nginx and Apache log
 * that. A client who sends "X-Forwarded-For: VICTIM" and a malformed line behind it would be somebody else: the header
 * of such a line is not believed.
 */
bool forwarded_may_be_cut(struct str status);
