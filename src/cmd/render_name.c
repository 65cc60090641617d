/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/render_name.h"

#include <limits.h>
#include <string.h>

static int say(const char *what, const char *name, const char *near, const char *list) {
	if (near)
		return usage_error("there is no %s '%s'; did you mean '%s'?", what, name, near);
	return usage_error("there is no %s '%s'; '%s' shows all", what, name, list);
}

static int unknown_machine(const struct estate *e, const char *name) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	LIST_EACH (struct machine, m, &e->machines)
		if (suggest_better(str_of(name), str_of(m->name.s), &best))
			near = m->name.s;
	return say("machine", name, near, "hextet render ESTATE --list");
}

static int unknown_target(const char *name) {
	const char *near = NULL;
	unsigned best = UINT_MAX;

	for (const struct target *const *t = target_list; *t; t++)
		if (suggest_better(str_of(name), str_of((*t)->name), &best))
			near = (*t)->name;
	return say("target", name, near, "hextet render --list");
}

int unknown_render_name(const struct estate *e, const struct render_options *o) {
	if (o->machine && !map_get(&e->machine_by_name, o->machine, strlen(o->machine)))
		return unknown_machine(e, o->machine);
	return unknown_target(o->target);
}
