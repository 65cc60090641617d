/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"
#include "estate/claim_walk.h"
#include "estate/party.h"

enum {
	KINDS = CLAIM_BIT(CLAIM_ROUTED) | CLAIM_BIT(CLAIM_VPN) | CLAIM_BIT(CLAIM_LAN) | CLAIM_BIT(CLAIM_NAT64),
};

static bool names_machine(const struct list *refs, const struct machine *m) {
	LIST_EACH (struct ref, ref, refs)
		if (ref->to == m)
			return true;
	return false;
}

/* The same network told twice: as a VPN, LAN or translator, and as what is routed to the machine that runs it. */
static bool is_served_by(const struct claim *service, const struct machine *m) {
	switch (service->kind) {
	case CLAIM_VPN:
		return names_machine(&((const struct vpn *)service->owner)->machines, m);
	case CLAIM_LAN:
		return ((const struct lan *)service->owner)->router.to == m;
	case CLAIM_NAT64:
		return names_machine(&((const struct nat64 *)service->owner)->machines, m);
	default:
		return false;
	}
}

/* Two concentrators of one VPN, either of which may hold its network. */
static bool share_vpn(const struct estate *e, const struct claim *a, const struct claim *b) {
	LIST_EACH (struct vpn, v, &e->vpn)
		if ((prefix_equal(v->ipv4.prefix, a->prefix) || prefix_equal(v->ipv6.prefix, a->prefix)) &&
		    names_machine(&v->machines, a->machine) && names_machine(&v->machines, b->machine))
			return true;
	return false;
}

/* A private IPv4 network is behind its machine's NAT: others may use the same one. */
static bool is_meant(const struct estate *e, const struct claim *outer, const struct claim *inner) {
	if (outer->kind == CLAIM_ROUTED && inner->kind == CLAIM_ROUTED)
		return party_is_private(inner->prefix) ||
		       (prefix_equal(outer->prefix, inner->prefix) && share_vpn(e, outer, inner));
	if (inner->kind == CLAIM_ROUTED)
		return prefix_equal(outer->prefix, inner->prefix) && is_served_by(outer, inner->machine);
	return outer->kind == CLAIM_ROUTED && is_served_by(inner, outer->machine);
}

static void report(const struct claim *outer, const struct claim *inner, struct check_run *r) {
	check_report(r, inner->at, "give each a network of its own", "%s is %s", inner->at->text.s,
		     claim_relation(r->arena, outer, inner));
	check_note(r, outer->at, "the other network is here");
}

static bool look(const struct claim *outer, const struct claim *inner, void *user) {
	struct check_run *r = user;

	if (!outer || is_meant(r->estate, outer, inner))
		return !outer;
	report(outer, inner, r);
	return true;
}

/* Private ones that meet on one machine. */
static void look_within(const struct claim *outer, const struct claim *inner, void *user) {
	if (party_is_private(inner->prefix))
		report(outer, inner, user);
}

static void run(struct check_run *r) {
	claims_each_inner(r->estate, KINDS, KINDS, look, r);
	claims_each_nested(r->estate, CLAIM_BIT(CLAIM_ROUTED), r->arena, look_within, r);
}

const struct check check_overlapping_networks = {
	.name = "overlapping-networks",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "Two networks share addresses",
	.doc = "A packet to an address in two networks goes to one of them, and which one depends on the router it "
	       "passes; a rule for one group means members of another. Routed networks, VPNs, LANs and the NAT64 "
	       "prefix must be apart. A VPN, LAN or translator whose network is also a routed network of the machine "
	       "that runs it is one network, and so is that of two concentrators of one VPN.",
	.run = run,
};
