/* SPDX-License-Identifier: Apache-2.0 */
/* Groups are asked through party.h, so that a check sees the very addresses that the firewall gets. One machine with
 * both families answers for its whole group, which keeps the usual case off that path. */
#include "estate/family.h"

#include "estate/party.h"

static unsigned bits_of_group(const struct group *g) {
	unsigned bits = 0;

	for (uint32_t i = 0; i < g->machine_count; i++)
		if (g->machines[i]->ip.at && g->machines[i]->ipv6.at)
			return HAS_BOTH;
	for (unsigned bit = HAS_4; bit <= HAS_6; bit++) {
		struct prefix_set set = PREFIX_SET_INIT;

		party_group(g, bit == HAS_4 ? FAMILY_4 : FAMILY_6, NULL, &set);
		bits |= set.ranges.n ? bit : 0;
		prefix_set_done(&set);
	}
	return bits;
}

uint8_t *family_groups(struct check_run *r) {
	uint8_t *bits = arena_array(r->arena, uint8_t, r->estate->groups.n);

	LIST_EACH (struct group, g, &r->estate->groups)
		bits[g->index] = (uint8_t)bits_of_group(g);
	return bits;
}

static unsigned bits_of_machine(const struct machine *m) {
	return (m->ip.at || m->other_ips.n ? HAS_4 : 0) | (m->ipv6.at || m->other_ips6.n ? HAS_6 : 0);
}

/* Without its further addresses: DNS does not publish those. */
static unsigned bits_of_names(const struct machine *m) {
	return (m->ip.at ? HAS_4 : 0) | (m->ipv6.at ? HAS_6 : 0);
}

unsigned family_ref(const uint8_t *groups, const struct ref *ref) {
	switch (ref->kind) {
	case REF_GROUP:
		return groups[((const struct group *)ref->to)->index];
	case REF_MACHINE:
		return bits_of_machine(ref->to);
	case REF_ADDRESS:
	case REF_PREFIX:
		if (prefix_text_len(ref->prefix) == 0)
			return HAS_BOTH;
		return prefix_family(ref->prefix) == FAMILY_4 ? HAS_4 : HAS_6;
	default:
		return HAS_BOTH;
	}
}

unsigned family_list(const uint8_t *groups, const struct list *refs) {
	unsigned bits = 0;

	LIST_EACH (struct ref, ref, refs)
		bits |= family_ref(groups, ref);
	return bits;
}

const struct machine *family_literal(const struct estate *e, const struct ref *ref) {
	if (!(ref->kind & (REF_ADDRESS | REF_PREFIX)) || ref->prefix.len != 128)
		return NULL;
	for (size_t i = claims_find(e, ref->prefix.ip);
	     i < e->claim_count && ip_equal(e->claims[i].prefix.ip, ref->prefix.ip); i++)
		if (e->claims[i].kind == CLAIM_MACHINE || e->claims[i].kind == CLAIM_OTHER)
			return e->claims[i].machine;
	return NULL;
}

unsigned family_vips(const struct failover *f) {
	unsigned bits = f->ipv4.n ? HAS_4 : 0;

	LIST_EACH (struct ifaddr, vip, &f->ipv6)
		bits |= ip_is_link_local(vip->ip) ? 0 : HAS_6;
	return bits;
}

unsigned family_target(const struct ref *ref) {
	const struct group *g = ref->to;
	unsigned bits = 0;

	if (ref->kind == REF_FAILOVER)
		return family_vips(ref->to);
	if (ref->kind == REF_MACHINE)
		return bits_of_names(ref->to);
	if (ref->kind == REF_GROUP)
		for (uint32_t i = 0; i < g->machine_count && bits != HAS_BOTH; i++)
			bits |= bits_of_names(g->machines[i]);
	return bits;
}

const char *family_names(struct arena *a, const struct list *refs) {
	const struct ref *ref = refs->items;
	const char *text = "";

	for (uint32_t i = 0; i < refs->n; i++)
		text = arena_printf(a, "%s%s%s", text, i == 0 ? "" : i + 1 == refs->n ? " and " : ", ", ref[i].s);
	return text;
}
