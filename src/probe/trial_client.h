/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How clients fare, besides what they are answered: which family a dual-stack one ends up with (--happy-eyeballs), and
 * whether large packets arrive (--path-mtu). Both come behind the fetches of a trial.
 */
#pragma once

#include "probe/happy_race.h"
#include "probe/trial.h"

struct trial_happy {
	struct happy_result result;
	enum fetch_problem request; /* what became of the request at the address that won; FETCH_OK without one */
	struct str why;             /* in words, empty with FETCH_OK */
};

/* What a TCP path does to large packets. */
enum path_verdict {
	PATH_GOOD,        /* the request that fills several packets was answered */
	PATH_TO_SERVER,   /* large packets are lost on the way there: black hole */
	PATH_FROM_SERVER, /* large packets are lost on the way back, or both ways: black hole */
	PATH_SERVER,      /* no answer to small packets either: not the path's fault */
	PATH_NONE,        /* nothing could be asked: no connection, or no TLS */
	_PATH_VERDICT_MAX,
};
const char *path_verdict_to_str(enum path_verdict v); /* "to-server" */

struct trial_path {
	enum family family;
	struct ip address; /* unspecified: none was reached */
	uint32_t mtu;      /* that the kernel knew in the end; 0: unknown */
	enum path_verdict verdict;
};

/* --happy-eyeballs and --path-mtu for every result. Each adds its findings. 0, or -errno and *ret_why. */
int trial_race(const struct trial_options *o, struct arena *a, struct trial *t, const char **ret_why);
int trial_path_mtu(const struct trial_options *o, struct arena *a, struct trial *t, const char **ret_why);

/* Functions of what was measured. */
void trial_race_judge(const struct trial_happy *h, struct arena *a, struct findings *ret);
void trial_path_judge(const struct trial_path *p, struct arena *a, struct findings *ret);

/* Of three fetches over one path: a large request; a small one, before it; a large one in small packets. */
enum path_verdict path_verdict(enum fetch_problem large, enum fetch_problem small, enum fetch_problem in_small_packets);

/* No answer, although there was a connection: worth the third fetch. */
bool path_is_silence(enum fetch_problem p);
