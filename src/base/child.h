/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program and keeping what it says. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct child_options {
	const char *const *argv; /* argv[0] is looked up in PATH and the sbin folders */
	const char *folder;      /* to start in; NULL: here */
	bool own_network;        /* in a new network namespace, with loopback up and non-local binds allowed */
	/* Interfaces to make there, up and without addresses, NULL-terminated; NULL: none. They are bridges, which
	 * carry any name that a card or a VLAN has. */
	const char *const *interfaces;
	unsigned limit_s;  /* seconds until it is killed, with all that it started */
	size_t output_max; /* bytes of stdout and stderr that are kept */
};

/*
 * Runs it with an empty standard input and waits; what it leaves running in the background is killed. *ret_status is
 * the exit status, or 128 + the signal that ended it. Returns 0; -ENOENT when there is no such program; -ETIMEDOUT;
 * -EPERM when the namespace is refused; another -errno. Safe to call from several threads.
 */
int child_run(const struct child_options *o, struct arena *a, int *ret_status, struct str *ret_output);
