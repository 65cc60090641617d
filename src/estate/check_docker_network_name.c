/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

/* Docker makes these itself, or gives the word another meaning. */
static const char *const taken[] = { "bridge", "host", "none", "default", "container" };

static bool is_taken(const char *name) {
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (strcmp(taken[i], name) == 0)
			return true;
	return false;
}

static void check_name(struct check_run *r, struct map *names, const struct machine *m, const struct scalar *name) {
	struct scalar *other = map_add(names, name->s, strlen(name->s), (void *)(uintptr_t)name);

	if (is_taken(name->s))
		check_report(r, name->at, "take another name", "Docker keeps the network name %s for itself", name->s);
	else if (other != name) {
		check_report(r, name->at, "take another name", "%s has two Docker networks called %s", m->name.s,
			     name->s);
		check_note(r, other->at, "the first one is here");
	}
}

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines) {
		struct map names;

		if (!m->routed_networks6.n)
			continue;
		map_init(&names, r->arena);
		LIST_EACH (struct routed, n, &m->routed_networks6)
			if (n->docker_network && n->docker_network->name.at)
				check_name(r, &names, m, &n->docker_network->name);
		map_done(&names);
	}
}

const struct check check_docker_network_name = {
	.name = "docker-network-name",
	.severity = SEVERITY_ERROR,
	.summary = "A Docker network's name is taken",
	.doc = "Network names are unique on a Docker host, and bridge, host and none exist already. \"docker network "
	       "create\" refuses the second one, and its containers end up without the network.",
	.run = run,
};
