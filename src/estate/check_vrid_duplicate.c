/* SPDX-License-Identifier: Apache-2.0 */
/* Two entries meet when they share a machine, or the network of an address: then they are on one link. Link-local
 * networks say nothing about that. */
#include "estate/family.h"

/* Remembers f as the user of its id there, unless somebody else is. Returns that one, or NULL. */
static const struct failover *claim_id(struct check_run *r, struct map *m, const struct failover *f,
				       const char *where) {
	const char *key = arena_printf(r->arena, "%u %s %s", (unsigned)f->vrid.n, f->interface.s, where);
	const struct failover *other = map_add(m, key, strlen(key), (void *)(uintptr_t)f);

	return other == f ? NULL : other;
}

static const struct failover *claim_networks(struct check_run *r, struct map *m, const struct failover *f,
					     const struct list *vips) {
	const struct failover *other = NULL;
	char text[PREFIX_TEXT_MAX];

	LIST_EACH (struct ifaddr, vip, vips) {
		if (ip_is_link_local(vip->ip))
			continue;
		(void)prefix_format(prefix_around(vip->ip, vip->len), text);
		other = other ? other : claim_id(r, m, f, text);
	}
	return other;
}

static void run(struct check_run *r) {
	struct map m;

	map_init(&m, r->arena);
	LIST_EACH (struct failover, f, &r->estate->failover) {
		const struct failover *other = NULL;

		if (!f->vrid.at || !f->interface.at)
			continue;
		LIST_EACH (struct ref, ref, &f->machines)
			other = other ? other : claim_id(r, &m, f, ref->s);
		other = other ? other : claim_networks(r, &m, f, &f->ipv4);
		other = other ? other : claim_networks(r, &m, f, &f->ipv6);
		if (!other)
			continue;
		check_report(r, f->vrid.at, "take another number from 1 to 255",
			     "%s and %s are both virtual router %u on %s", other->name.s, f->name.s,
			     (unsigned)f->vrid.n, f->interface.s);
		check_note(r, other->vrid.at, "the other one is here");
	}
	map_done(&m);
}

const struct check check_vrid_duplicate = {
	.name = "vrid-duplicate",
	.severity = SEVERITY_ERROR,
	.summary = "Two failover entries have one virtual router id on one link",
	.doc = "On a link the id is all that tells virtual routers apart (RFC 9568 section 5.2.3): two entries with "
	       "one id take each other's advertisements for their own, and both move at random. One entry may use its "
	       "id for IPv4 and IPv6: those are two instances by definition.",
	.run = run,
};
