/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One poll() over two lookups and at most HAPPY_ATTEMPTS_MAX sockets. The race may be over before the slower lookup is:
 * that one is waited for all the same, for what a client without Happy Eyeballs waits for is asked, too.
 */
#include "probe/happy_race.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/listen.h"
#include "probe/fetch_transfer.h"
#include "probe/lookup.h"

enum { POLL_MS = 100 }; /* `stop` is looked at so often */

struct racing {
	const struct happy_options *o;
	const struct happy_target *target;
	struct happy_result *result;
	struct lookup *lookups[2];
	int fds[HAPPY_ATTEMPTS_MAX];
	int64_t start_us, limit_us;
};

static const enum family families[2] = { FAMILY_4, FAMILY_6 };

static int64_t now_of(const struct racing *r) {
	return fetch_now_us() - r->start_us;
}

static enum happy_end end_of_error(int error) {
	static const struct {
		int error;
		enum happy_end end;
	} ends[] = {
		{ ENETUNREACH, HAPPY_NO_ROUTE },  { EHOSTUNREACH, HAPPY_NO_ROUTE }, { EADDRNOTAVAIL, HAPPY_NO_ROUTE },
		{ EAFNOSUPPORT, HAPPY_NO_ROUTE }, { EPERM, HAPPY_NO_ROUTE },        { ETIMEDOUT, HAPPY_NO_ANSWER },
	};

	if (error == 0)
		return HAPPY_WON;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends[i].error == error)
			return ends[i].end;
	return HAPPY_REFUSED;
}

/* Begins to connect. 0 or EINPROGRESS with the socket, else an errno and -1. */
static int connect_begin(struct ip ip, uint16_t port, int *ret_fd) {
	const struct endpoint to = { .ip = ip, .port = port };
	struct sockaddr_storage sa;
	socklen_t len;
	int fd, r = endpoint_to_sockaddr(&to, &sa, &len);

	*ret_fd = -1;
	if (r < 0)
		return -r;
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	r = connect(fd, (const struct sockaddr *)&sa, len) < 0 ? errno : 0;
	if (r == 0 || r == EINPROGRESS)
		*ret_fd = fd;
	else
		(void)close(fd);
	return r;
}

static enum happy_end connect_end(int fd) {
	int error = 0;
	socklen_t len = sizeof(error);

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return end_of_error(error);
}

static void close_fd(int *fd) {
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Closes what has ended, the winner too. */
static void close_ended(struct racing *r) {
	for (uint32_t i = 0; i < r->result->race.n; i++)
		if (r->result->race.attempts[i].end != HAPPY_PENDING)
			close_fd(&r->fds[i]);
}

static void begin_due(struct racing *r) {
	struct happy *h = &r->result->race;
	uint32_t i;

	while (happy_begin(h, now_of(r), &i)) {
		const int error = connect_begin(h->attempts[i].ip, r->target->port, &r->fds[i]);

		if (error != EINPROGRESS)
			happy_end(h, i, end_of_error(error), now_of(r));
	}
}

/* An answer that has come, or that nobody waits for any longer. */
static void take_answer(struct racing *r, unsigned side, bool came) {
	struct ip ips[HAPPY_ADDRESSES_MAX];
	int64_t at = r->start_us + now_of(r);
	uint32_t n = 0;

	if (came)
		n = lookup_take(r->lookups[side], ips, HAPPY_ADDRESSES_MAX, &at);
	r->result->unanswered[side] = !came;
	happy_answer(&r->result->race, side, ips, n, at - r->start_us);
}

/* Not longer than until something is due; the answers and ends that came are told to the race. */
static int wait_once(struct racing *r) {
	struct happy *h = &r->result->race;
	struct pollfd p[2 + HAPPY_ATTEMPTS_MAX];
	const bool asking = !h->answers[0].has || !h->answers[1].has;
	const int64_t wake = asking ? MIN(happy_wake(h), r->limit_us) : happy_wake(h), now = now_of(r);
	const int64_t wait_ms = wake > now ? MIN((wake - now + 999) / 1000, (int64_t)POLL_MS) : 0;

	for (unsigned side = 0; side < 2; side++)
		p[side] = (struct pollfd){ h->answers[side].has ? -1 : lookup_fd(r->lookups[side]), POLLIN, 0 };
	for (uint32_t i = 0; i < h->n; i++)
		p[2 + i] = (struct pollfd){ r->fds[i], POLLOUT, 0 };
	if (poll(p, 2 + h->n, (int)wait_ms) < 0 && errno != EINTR)
		return -errno;
	if (r->o->stop && *r->o->stop)
		return -EINTR;
	for (unsigned side = 0; side < 2; side++)
		if (!h->answers[side].has && (p[side].revents || now_of(r) >= r->limit_us))
			take_answer(r, side, p[side].revents != 0);
	for (uint32_t i = 0; i < h->n; i++)
		if (p[2 + i].revents && h->attempts[i].end == HAPPY_PENDING)
			happy_end(h, i, connect_end(r->fds[i]), now_of(r));
	happy_expire(h, now_of(r));
	close_ended(r);
	return 0;
}

static int run(struct racing *r) {
	const struct happy *h = &r->result->race;

	while (!happy_is_over(h) || !h->answers[0].has || !h->answers[1].has) {
		int error;

		begin_due(r);
		close_ended(r);
		error = wait_once(r);
		if (error < 0)
			return error;
	}
	return 0;
}

/* Connects to one address. Its times are as if it had begun when it would have, not now. */
static int connect_alone(struct racing *r, struct happy_attempt *a) {
	const int64_t limit = (int64_t)r->o->connect_ms * 1000, begun = now_of(r);
	struct pollfd p = { .events = POLLOUT };
	int64_t left = limit;
	int error = connect_begin(a->ip, r->target->port, &p.fd);

	a->end = end_of_error(error);
	while (error == EINPROGRESS && !p.revents && left > 0 && !(r->o->stop && *r->o->stop)) {
		(void)poll(&p, 1, (int)MIN((left + 999) / 1000, (int64_t)POLL_MS));
		left = limit - (now_of(r) - begun);
	}
	if (error == EINPROGRESS)
		a->end = p.revents ? connect_end(p.fd) : HAPPY_NO_ANSWER;
	close_fd(&p.fd);
	a->ended_us = a->begun_us + now_of(r) - begun;
	return r->o->stop && *r->o->stop ? -EINTR : 0;
}

/* What the race knows of the first address is not asked again. */
static int without_happy_eyeballs(struct racing *r) {
	const struct happy *h = &r->result->race;
	struct happy_attempt *a = &r->result->alone;
	const unsigned side = h->answers[1].n ? 1 : 0;
	const int64_t both_us = MAX(h->answers[0].at_us, h->answers[1].at_us);

	if (!h->answers[side].n)
		return 0;
	*a = (struct happy_attempt){ .ip = h->answers[side].ips[0], .begun_us = both_us };
	for (uint32_t i = 0; i < h->n; i++)
		if (ip_equal(h->attempts[i].ip, a->ip) && h->attempts[i].end != HAPPY_LOST) {
			a->end = h->attempts[i].end;
			a->ended_us = both_us + h->attempts[i].ended_us - h->attempts[i].begun_us;
			return 0;
		}
	return connect_alone(r, a);
}

static int ask(struct racing *r) {
	for (unsigned side = 0; side < 2; side++) {
		int error = 0;

		if (r->target->direct)
			happy_answer(&r->result->race, side, r->target->ips[side], r->target->counts[side], 0);
		else
			error = lookup_new(r->target->host, families[side], &r->lookups[side]);
		if (error < 0)
			return error;
	}
	return 0;
}

int happy_race(const struct happy_options *o, const struct happy_target *t, struct happy_result *ret_result) {
	const struct happy_delays delays = { HAPPY_RESOLUTION_US, HAPPY_ATTEMPT_US, (int64_t)o->connect_ms * 1000 };
	struct happy_result result = { 0 };
	struct racing r = { .o = o, .target = t, .result = &result, .limit_us = delays.connect_us };
	int error;

	happy_init(&result.race, &delays);
	for (size_t i = 0; i < ARRAY_LEN(r.fds); i++)
		r.fds[i] = -1;
	r.start_us = fetch_now_us();
	error = ask(&r);
	if (error == 0)
		error = run(&r);
	for (size_t i = 0; i < ARRAY_LEN(r.fds); i++)
		close_fd(&r.fds[i]);
	if (error == 0)
		error = without_happy_eyeballs(&r);
	lookup_free(r.lookups[0]);
	lookup_free(r.lookups[1]);
	if (error == 0)
		*ret_result = result;
	return error;
}
