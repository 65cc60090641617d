/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* Docker makes these itself, or gives the word another meaning. */
static const char *const taken[] = { "bridge", "host", "none", "default", "container" };

static const char hint[] = "take another name";

static bool is_taken(const char *name) {
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcmp(taken[i], name) == 0)
			return true;
	return false;
}

static void check_twice(struct check_run *r, struct map *names, const struct machine *m, const struct scalar *name) {
	struct scalar *other = map_add(names, name->s, strlen(name->s), (void *)(uintptr_t)name);

	if (other == name || is_taken(name->s))
		return;
	check_report(r, name->at, hint, "%s has two Docker networks called %s", m->name.s, name->s);
	check_note(r, other->at, "the first one is here");
}

static void check_machine(struct check_run *r, const struct machine *m) {
	struct map names;
	uint32_t named = 0;

	LIST_EACH (struct routed, n, &m->routed_networks6) {
		if (!n->docker_network || !n->docker_network->name.at)
			continue;
		named++;
		if (is_taken(n->docker_network->name.s))
			check_report(r, n->docker_network->name.at, hint, "Docker keeps the network name %s for itself",
				     n->docker_network->name.s);
	}
	if (named < 2)
		return;
	map_init(&names, r->arena);
	LIST_EACH (struct routed, n, &m->routed_networks6)
		if (n->docker_network && n->docker_network->name.at)
			check_twice(r, &names, m, &n->docker_network->name);
	map_done(&names);
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines)
		check_machine(r, m);
}

const struct check check_docker_network_name = {
	.name = "docker-network-name",
	.severity = SEVERITY_ERROR,
	.summary = "A Docker network's name is taken",
	.doc = "Network names are unique on a Docker host, and bridge, host and none exist already. \"docker network "
	       "create\" refuses the second one, and its containers end up without the network.",
	.run = run,
};
