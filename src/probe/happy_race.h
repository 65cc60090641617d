/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The race of RFC 8305 run for real: two lookups, TCP connections that are closed as soon as they are there, and behind
 * it one more connection, as a client without Happy Eyeballs makes it. Nothing is sent on any of them.
 */
#pragma once

#include "probe/happy.h"

struct happy_target {
	const char *host; /* to look up; an address without brackets will do */
	uint16_t port;
	bool direct; /* to these addresses, without a lookup */
	const struct ip *ips[2];
	uint32_t counts[2];
};

struct happy_options {
	unsigned connect_ms;      /* for an answer of DNS, and for each connection */
	volatile const int *stop; /* not 0: end at once; NULL: never */
};

/* Times are microseconds from the start of the race. */
struct happy_result {
	struct happy race;
	bool unanswered[2]; /* no answer for A, for AAAA, within connect_ms; at_us is when it was given up */
	struct happy_attempt
		alone; /* the first address only; begun when both answers were there; no address: pending */
};

/* 0; -EINTR when it was stopped; or -errno for want of descriptors or threads. */
int happy_race(const struct happy_options *o, const struct happy_target *t, struct happy_result *ret_result);
