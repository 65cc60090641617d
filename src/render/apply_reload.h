/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the running programs take their files. The order is that of a machine that starts: kernel, network, firewall,
 * then services in the order of their names.
 */
#pragma once

#include "base/arena.h"
#include "render/apply_journal.h"

/* Hears what happens, one line a call. */
struct apply_say {
	void (*line)(const char *text, void *user);
	void *user;
};

void apply_tell(const struct apply_say *say, const char *fmt, ...) _printf_(2, 3);

void reload_sort(struct journal_reload *list, size_t n);

/* What is run for a target, NULL-terminated; NULL: nothing, or there is no such target. */
const char *const *reload_commands(const struct journal_reload *r);

/*
 * Runs the commands of all, each for at most limit_s seconds, and tells each. A command that fails or has to be killed
 * ends it, unless `all`. 0, or -EIO after the first failure was told.
 */
int reload_run(const struct journal_reload *list, size_t n, unsigned limit_s, bool all, const struct apply_say *say);
