/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

#define ROLE_BIT(role) (1U << (role))

struct need {
	unsigned roles; /* any of these */
	const char *what;
};

static const struct need needs_failover[] = { { ROLE_BIT(ROLE_KEEPALIVED), "keepalived" }, { 0 } };
static const struct need needs_vpn[] = { { ROLE_BIT(ROLE_OPENVPN), "openvpn" }, { 0 } };
static const struct need needs_lan[] = { { ROLE_BIT(ROLE_RADVD), "radvd" }, { 0 } };
static const struct need needs_nat64[] = {
	{ ROLE_BIT(ROLE_UNBOUND), "unbound" },
	{ ROLE_BIT(ROLE_TAYGA) | ROLE_BIT(ROLE_JOOL), "tayga or jool" },
	{ 0 },
};

/* One finding for a machine, whatever it lacks. */
static void check_ref(struct check_run *r, const struct ref *ref, const struct need *needs, const char *whose) {
	const struct machine *m = ref->to;

	for (; needs->roles; needs++) {
		if (m->role_bits & needs->roles)
			continue;
		check_report(r, ref->at, arena_printf(r->arena, "put it into a group with role %s", needs->what),
			     "%s is to serve %s, but none of its groups has role %s", m->name.s, whose, needs->what);
		return;
	}
}

static void check_refs(struct check_run *r, const struct list *refs, const struct need *needs, const char *whose) {
	LIST_EACH (struct ref, ref, refs)
		check_ref(r, ref, needs, whose);
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;

	LIST_EACH (struct failover, f, &e->failover)
		check_refs(r, &f->machines, needs_failover, f->name.s);
	LIST_EACH (struct vpn, v, &e->vpn)
		check_refs(r, &v->machines, needs_vpn, v->name.s);
	LIST_EACH (struct lan, l, &e->lans)
		if (l->ipv6.at)
			check_ref(r, &l->router, needs_lan, l->name.s);
	if (e->nat64)
		check_refs(r, &e->nat64->machines, needs_nat64, "NAT64");
}

const struct check check_missing_role = {
	.name = "missing-role",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A machine is named for a job that none of its roles does",
	.doc = "Roles decide which configuration files a machine gets. Failover entries need keepalived, VPNs "
	       "openvpn, LANs with IPv6 radvd, and NAT64 both unbound (for DNS64) and a translator, tayga or jool. "
	       "Without the role the section is complete and nothing runs.",
	.run = run,
};
