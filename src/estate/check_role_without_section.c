/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of missing-role. */
#include "estate/check.h"

/* Sets the bit of a role for each machine, by its index, that some section gives that job. */
static void mark_refs(const struct estate *e, unsigned *jobs, const struct list *refs, unsigned roles) {
	LIST_EACH (struct ref, ref, refs)
		if (ref->to)
			jobs[(const struct machine *)ref->to - (const struct machine *)e->machines.items] |= roles;
}

static unsigned *find_jobs(struct check_run *r) {
	const struct estate *e = r->estate;
	unsigned *jobs = arena_array(r->arena, unsigned, e->machines.n);

	LIST_EACH (struct failover, f, &e->failover)
		mark_refs(e, jobs, &f->machines, 1U << ROLE_KEEPALIVED);
	LIST_EACH (struct vpn, v, &e->vpn)
		mark_refs(e, jobs, &v->machines, 1U << ROLE_OPENVPN);
	LIST_EACH (struct lan, l, &e->lans)
		if (l->router.to && l->ipv6.at)
			jobs[(const struct machine *)l->router.to - (const struct machine *)e->machines.items] |=
				1U << ROLE_RADVD;
	if (e->nat64)
		mark_refs(e, jobs, &e->nat64->machines, 1U << ROLE_TAYGA | 1U << ROLE_JOOL);
	return jobs;
}

static void run(struct check_run *r) {
	static const struct {
		enum role role;
		const char *section;
	} rows[] = {
		{ ROLE_KEEPALIVED, "an entry of failover" },
		{ ROLE_OPENVPN, "an entry of vpn" },
		{ ROLE_RADVD, "a LAN with IPv6, as its router," },
		{ ROLE_TAYGA, "nat64" },
		{ ROLE_JOOL, "nat64" },
	};
	const struct estate *e = r->estate;
	const unsigned *jobs = find_jobs(r), *job = jobs;

	LIST_EACH (struct machine, m, &e->machines) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (machine_has_role(m, rows[i].role) && !(*job >> rows[i].role & 1))
				check_report(
					r, m->name.at,
					arena_printf(r->arena, "name it in %s or take the role away", rows[i].section),
					"%s has the role %s, but %s does not name it: nothing is written for it",
					m->name.s, role_words[rows[i].role], rows[i].section);
		job++;
	}
}

const struct check check_role_without_section = {
	.name = "role-without-section",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A machine has a role whose section does not name it",
	.doc = "What keepalived, openvpn, radvd, tayga and jool are to do is said by a section of the estate. A "
	       "machine that has "
	       "the role only looks as if it did the job: it gets no configuration, and the program keeps the one that "
	       "came with its package.",
	.run = run,
};
