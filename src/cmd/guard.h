/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `hextet guard` share: the section guard of an estate as the guard's own configuration.
 */
#pragma once

#include "cmd/job.h"
#include "estate/model.h"
#include "guard/daemon.h"

/* The option --estate/-C ESTATE: add { &guard_estate_argp, 0, NULL, 0 } to a command's argp children, with a struct
 * guard_options as its input. */
struct guard_options {
	const char *estate; /* NULL: the current folder */
};
extern const struct argp guard_estate_argp;

struct guard_setup {
	struct guard_config config; /* everything it points to lives in the job's arena or below */
	struct prefix_set allow;    /* machines, routed networks, virtual addresses, trusted proxies, `never` */
	struct prefix_set trusted;
};

/* Translates the section of a loaded estate; mistakes that only the guard can know go to d, with their places.
 * Everything is in the arena or in *ret_setup. Without a section, all is empty. */
void guard_translate(struct arena *a, struct diags *d, const struct estate *e, struct guard_setup *ret_setup);

/* Loads the estate, runs its checks, and translates. Returns 0, or the exit code after a message (or with errors in the
 * job's diags): give it to job_finish(). */
int guard_setup(struct job *j, const struct guard_options *o, struct guard_setup *ret_setup);
void guard_setup_done(struct guard_setup *s);
