/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	LIST_EACH (struct machine, m, &r->estate->machines)
		if (machine_has_role(m, ROLE_KNOT) && machine_has_role(m, ROLE_UNBOUND))
			check_report(r, m->name.at, "give one of the roles to another machine",
				     "%s is to be a name server (knot) and a resolver (unbound): both want its port 53",
				     m->name.s);
}

const struct check check_dns_port_shared = {
	.name = "dns-port-shared",
	.severity = SEVERITY_ERROR,
	.summary = "A machine is both a name server and a resolver",
	.doc = "Knot and unbound listen on port 53 of each address of the machine; the second one to start does not. "
	       "They do not "
	       "belong together anyway: a name server answers the world, a resolver its own clients only.",
	.run = run,
};
