/* SPDX-License-Identifier: Apache-2.0 */
/* A group is reached when a policy line names it, one of its machines, another group of theirs or an address of theirs
 * as a destination; a line for "all" or "any" reaches it on the ports that its role is known for. */
#include "addr/set.h"
#include "estate/check.h"

#define PORTS_MAX 4

/* The roles that exist to be connected to, and their usual ports. */
static const uint16_t role_ports[_ROLE_MAX][PORTS_MAX] = {
	[ROLE_ELASTICSEARCH] = { 9200, 9300 },
	[ROLE_GITLAB] = { 80, 443 },
	[ROLE_HAPROXY] = { 80, 443 },
	[ROLE_JENKINS] = { 80, 443, 8080 },
	[ROLE_KNOT] = { 53, 853 },
	[ROLE_LOGSTASH] = { 5044, 514, 6514 },
	[ROLE_NGINX] = { 80, 443 },
	[ROLE_OPENVPN] = { 1194, 443 },
	[ROLE_POSTGRESQL] = { 5432 },
	[ROLE_UNBOUND] = { 53, 853 },
	[ROLE_VARNISH] = { 80, 443 },
};

struct reach {
	bool *groups, *machines; /* by index */
	struct prefix_set literals;
	uint64_t open[65536 / 64]; /* ports that lines for "all" and "any" allow */
};

static void open_ports(struct reach *x, const struct list *ports) {
	LIST_EACH (struct number, port, ports)
		x->open[port->n / 64 % ARRAY_LEN(x->open)] |= UINT64_C(1) << port->n % 64;
}

static void reach_ref(const struct estate *e, struct reach *x, const struct policy *p, const struct ref *to) {
	if (to->kind == REF_GROUP)
		x->groups[((const struct group *)to->to)->index] = true;
	else if (to->kind == REF_MACHINE)
		x->machines[(const struct machine *)to->to - (const struct machine *)e->machines.items] = true;
	else if (to->kind & (REF_ADDRESS | REF_PREFIX))
		prefix_set_add(&x->literals, to->prefix);
	else
		LIST_EACH (struct ref, ref, &p->allow) {
			const struct service *s = ref->to;

			open_ports(x, &s->tcp);
			open_ports(x, &s->udp);
		}
}

static bool role_is_open(const struct reach *x, unsigned role) {
	for (unsigned i = 0; i < PORTS_MAX && role_ports[role][i]; i++)
		if (x->open[role_ports[role][i] / 64] >> role_ports[role][i] % 64 & 1)
			return true;
	return false;
}

static bool machine_is_reached(const struct estate *e, const struct reach *x, const struct machine *m) {
	if (x->machines[m - (const struct machine *)e->machines.items] ||
	    (m->ip.at && prefix_set_has_ip(&x->literals, m->ip.ip)) ||
	    (m->ipv6.at && prefix_set_has_ip(&x->literals, m->ipv6.ip)))
		return true;
	LIST_EACH (struct ref, ref, &m->groups)
		if (x->groups[((const struct group *)ref->to)->index])
			return true;
	return false;
}

static bool group_is_reached(const struct estate *e, const struct reach *x, const struct group *g) {
	if (x->groups[g->index])
		return true;
	for (uint32_t i = 0; i < g->machine_count; i++)
		if (machine_is_reached(e, x, g->machines[i]))
			return true;
	return g->machine_count == 0;
}

static void check_group(struct check_run *r, const struct reach *x, const struct group *g) {
	LIST_EACH (struct word, role, &g->roles) {
		if (!role_ports[role->index][0] || role_is_open(x, role->index))
			continue;
		check_report(r, role->at, arena_printf(r->arena, "write a policy line with \"to: %s\"", g->name.s),
			     "%s runs on the machines of %s, but no policy line lets anyone reach it",
			     role_words[role->index], g->name.s);
		return;
	}
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	struct reach *x = arena_new(r->arena, struct reach);

	if (!e->policy.n)
		return;
	x->groups = arena_array(r->arena, bool, e->groups.n);
	x->machines = arena_array(r->arena, bool, e->machines.n);
	LIST_EACH (struct policy, p, &e->policy)
		LIST_EACH (struct ref, to, &p->to)
			reach_ref(e, x, p, to);
	prefix_set_normalise(&x->literals);
	LIST_EACH (struct group, g, &e->groups)
		if (!group_is_reached(e, x, g))
			check_group(r, x, g);
	prefix_set_done(&x->literals);
}

const struct check check_role_unreachable = {
	.name = "role-unreachable",
	.severity = SEVERITY_WARNING,
	.whole = true,
	.summary = "A server runs where no policy line lets anyone in",
	.doc = "Everything that the policy does not allow is dropped, so a group that runs a server needs a line that "
	       "leads to it. A line that names one of its machines or their other groups counts too. The check is "
	       "silent while the estate has no policy at all.",
	.run = run,
};
