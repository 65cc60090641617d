/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of a name in one family, asked for in the background, as programs get them: /etc/hosts, DNS and
 * whatever else nsswitch.conf(5) names, in the order of RFC 6724. getaddrinfo(3) cannot be interrupted, so a lookup
 * that is not waited for goes on by itself until the resolver gives up; nobody sees what it finds.
 */
#pragma once

#include "addr/ip.h"

struct lookup;

/* The name is copied. 0, or -errno when there is no descriptor or thread for it. */
int lookup_new(const char *name, enum family family, struct lookup **ret_lookup);
void lookup_free(struct lookup *l); /* NULL is fine */

/* Readable once the answer is there. */
int lookup_fd(const struct lookup *l);

/* At most `max` addresses, and when they came (fetch_now_us); only once the descriptor is readable. */
uint32_t lookup_take(const struct lookup *l, struct ip *ret_ips, uint32_t max, int64_t *ret_at_us);
