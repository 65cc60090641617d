/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Happy Eyeballs (RFC 8305) as a state machine: which address a dual-stack client tries, when, and which one it keeps.
 * It opens nothing and reads no clock. The caller says what happened and when, in microseconds that never go back:
 *
 *     happy_init(&h, &delays);
 *     happy_answer(&h, 1, ips, n, now);           // the AAAA records came; none: n is 0
 *     while (happy_begin(&h, now, &index)) …      // connect to h.attempts[index].ip
 *     happy_end(&h, index, HAPPY_WON, now);       // or how else it ended
 *     happy_wake(&h)                              // when to ask again, if nothing happens before
 *
 * Sides: 0 is IPv4, 1 is IPv6.
 */
#pragma once

#include "addr/ip.h"

enum {
	HAPPY_RESOLUTION_US = 50 * 1000, /* RFC 8305 section 8: to wait for AAAA once A is there */
	HAPPY_ATTEMPT_US = 250 * 1000,   /* and between two attempts */
	HAPPY_ADDRESSES_MAX = 8,         /* of a family; more are left out */
	HAPPY_ATTEMPTS_MAX = 2 * HAPPY_ADDRESSES_MAX,
};

enum happy_end {
	HAPPY_PENDING,
	HAPPY_WON,
	HAPPY_LOST, /* another one won while it still waited */
	HAPPY_REFUSED,
	HAPPY_NO_ROUTE,
	HAPPY_NO_ANSWER,
	_HAPPY_END_MAX,
};
const char *happy_end_to_str(enum happy_end e); /* "no-answer" */

struct happy_attempt {
	struct ip ip;
	int64_t begun_us, ended_us;
	enum happy_end end;
};

struct happy_delays {
	int64_t resolution_us, attempt_us, connect_us; /* connect: what nobody answers for so long is given up */
};

struct happy {
	struct happy_delays delays;
	struct happy_answer {
		struct ip ips[HAPPY_ADDRESSES_MAX];
		uint32_t n, next; /* next: the first one that was not tried */
		bool has;
		int64_t at_us;
	} answers[2];
	struct happy_attempt attempts[HAPPY_ATTEMPTS_MAX]; /* in their order */
	uint32_t n;
	int winner; /* index of an attempt, or -1 */
};

void happy_init(struct happy *h, const struct happy_delays *d);

/* A resolver's answer for one family, which comes once. */
void happy_answer(struct happy *h, unsigned side, const struct ip *ips, uint32_t n, int64_t now_us);

/* Whether an attempt is due: it has begun then. Ask until there is none. */
bool happy_begin(struct happy *h, int64_t now_us, uint32_t *ret_index);

/* A pending attempt has ended; HAPPY_WON makes all others that are pending HAPPY_LOST. */
void happy_end(struct happy *h, uint32_t index, enum happy_end end, int64_t now_us);

/* Gives up the attempts whose time is over. */
void happy_expire(struct happy *h, int64_t now_us);

/* One has won, or both answers are there and nothing is left to try or to wait for. */
bool happy_is_over(const struct happy *h);

/* When the next attempt is due or one is to be given up; INT64_MAX: only an answer or an end brings anything. */
int64_t happy_wake(const struct happy *h);
