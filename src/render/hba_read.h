/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader for PostgreSQL's pg_hba.conf (version 15). Stricter than PostgreSQL: no continued lines, no files
 * (@name), no host names, samehost or samenet, no masks in a field of their own, no host bits, and none of the methods
 * that send a password in clear or ask for nothing.
 */
#pragma once

#include "addr/prefix.h"
#include "base/str.h"

struct hba_rule {
	uint32_t line; /* from 1 */
	bool is_local; /* the Unix socket; there is no address then */
	bool rejects;  /* method reject */
	bool any;      /* the word all: every address of both families */
	struct prefix from;
};

struct hba_reader {
	void (*rule)(const struct hba_rule *rule, void *user);
	void (*complain)(uint32_t line, const char *message, void *user);
	void *user;
};

/* Pure; takes any bytes, calls back in the order of the lines. Returns how many complaints there were. */
unsigned hba_read(struct str text, const struct hba_reader *r);
