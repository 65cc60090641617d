/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file for each machine, which replaces one table in one transaction: `table`, `delete table`, `table` in a row
 * give the same result whether the table was there or not, never leave the machine without rules, and touch nobody
 * else's tables. What the policy says is decided in firewall_rules.c; what RFC 4890 says is in the template, where a
 * sysadmin will look for it. This file adds VRRP: who may speak it is said by the failover entries.
 *
 * The templates see, beside machine and estate: sets, input, forward, inside, links, hidden, nat64,
 * nat64_clients, routes (see firewall.h)
 * and vrrp, a list of {interface, names, ipv4 (the peers'
 * addresses as a text, null: no IPv4), ipv6 (whether it is spoken there)}.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "estate/party.h"
#include "render/data.h"
#include "render/facts.h"
#include "render/firewall.h"
#include "render/nft_read.h"
#include "render/target.h"
#include "render/verify.h"

#define RULESET "/etc/nftables.d/hextet.nft"

static const void *prepare(const struct estate *e, struct arena *a) {
	return firewall_compile(e, a);
}

/* The failover entries of one interface. */
struct vrrp {
	const char *interface;
	struct text names;
	struct prefix_set peers;
	bool speaks4, speaks6;
};

static void add_entry(struct vrrp *v, const struct failover *f, const struct machine *m) {
	text_printf(&v->names, "%s%s", v->names.n ? ", " : "", f->name.s);
	v->speaks4 |= f->ipv4.n > 0;
	v->speaks6 |= f->ipv6.n > 0;
	LIST_EACH (struct ref, ref, &f->machines)
		if (ref->to != m && f->ipv4.n)
			party_machine_own(ref->to, FAMILY_4, &v->peers);
}

static const struct value *vrrp_value(struct vrrp *v, struct arena *a) {
	struct value *d = value_dict(a, NO_LOC);
	const char *peers;

	prefix_set_normalise(&v->peers);
	peers = firewall_set_text(&v->peers, a);
	value_dict_set(a, d, "interface", value_text(a, v->interface, NO_LOC));
	value_dict_set(a, d, "names", value_str(a, arena_dup(a, v->names.v, v->names.n), v->names.n, NO_LOC));
	value_dict_set(a, d, "ipv4", v->speaks4 && peers ? value_text(a, peers, NO_LOC) : &value_null);
	value_dict_set(a, d, "ipv6", value_bool(a, v->speaks6, NO_LOC));
	prefix_set_done(&v->peers);
	text_done(&v->names);
	return d;
}

/* By interface, in the order of the failover entries. */
static const struct value *vrrp_list(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);
	VEC(struct vrrp) found = { 0 };

	for (uint32_t k = 0; k < r->machine->failover_count; k++) {
		const struct failover *f = r->machine->failover[k];
		size_t i = 0;

		while (i < found.n && strcmp(found.v[i].interface, f->interface.s) != 0)
			i++;
		if (i == found.n)
			vec_push(&found, (struct vrrp){ .interface = f->interface.s });
		add_entry(&found.v[i], f, r->machine);
	}
	for (size_t i = 0; i < found.n; i++)
		value_list_push(r->arena, list, vrrp_value(&found.v[i], r->arena));
	vec_done(&found);
	return list;
}

static int files(struct target_run *r) {
	struct firewall_rules rules;

	firewall_make(r->shared, r->machine, r->arena, &rules);
	target_set(r, "sets", rules.sets);
	target_set(r, "input", rules.input);
	target_set(r, "forward", rules.forward);
	target_set(r, "inside", rules.inside);
	target_set(r, "links", rules.links);
	target_set(r, "hidden", rules.hidden);
	target_set(r, "nat64", rules.nat64 ? rules.nat64 : &value_null);
	target_set(r, "nat64_clients", rules.nat64 ? rules.nat64_clients : &value_null);
	target_set(r, "nat64_prefix", rules.nat64 ? data_network(r->arena, &r->estate->nat64->prefix) : &value_null);
	target_set(r, "routes", rules.routes ? &value_true : &value_false);
	target_set(r, "vrrp", vrrp_list(r));
	return target_file(r, RULESET, "nftables/hextet.nft", 0644);
}

/* In a namespace of its own: nft asks the kernel about the tables that are there, which takes CAP_NET_ADMIN. */
static int verify(struct verify_run *v) {
	const char *const argv[] = { "nft", "-c", "-f", verify_path(v, RULESET), NULL };

	return verify_program(v, argv, VERIFY_NETNS);
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	struct nft_text t;
	int r = nft_read(text, f->arena, &t);

	(void)path;
	if (r == 0) {
		for (size_t i = 0; i < t.flows.boxes.n; i++)
			vec_push(&f->flows.boxes, t.flows.boxes.v[i]);
		for (size_t i = 0; i < t.other.n; i++)
			vec_push(&f->other, arena_dup(f->arena, t.other.v[i].s, t.other.v[i].len));
	} else if (r == -EINVAL)
		*ret_error = arena_printf(f->arena, "line %u: %s", t.error_line, t.error);
	else
		*ret_error = "it is too large";
	nft_text_done(&t);
	return r < 0 ? -EINVAL : 0;
}

const struct target target_nftables = {
	.name = "nftables",
	.summary = "the firewall of each machine, from the policy",
	.doc = "Every machine gets " RULESET
	       ", one table named hextet that replaces itself in one transaction and leaves "
	       "other tables (Docker's, the guard's) alone. /etc/nftables.conf must have a line 'include "
	       "\"/etc/nftables.d/*.nft\"'; after a change, 'nft -f " RULESET "' is enough. Everything that no policy "
	       "line allows is dropped, to the machine and through it; what the machine itself sends is not filtered. "
	       "Groups become one set for each family: IPv6 means the addresses and routed networks themselves; IPv4 "
	       "means the machine's address where a network is behind NAT (private space, or the IPv4 side of a Docker "
	       "network), and the port that was asked for is opened both for NAT and for a proxy on the machine. A "
	       "party without addresses in a family gets no rule there, and a comment says so. Networks behind the "
	       "machine (routed networks, VPN, LAN, NAT64 clients) get what policy lines allow to them, and may open "
	       "only what lines allow from them: write 'from: containers, to: any' for those that fetch from the "
	       "Internet (any has the estate's own machines in it, too). Packets that claim an address of such a "
	       "network but come from elsewhere are dropped. Private IPv4 networks behind the machine leave with the "
	       "machine's "
	       "address (masquerade), which is what the policy takes them for; Docker does that for its own. jool "
	       "translates before a forward chain sees a packet: on its machine a chain in front of it lets only the "
	       "NAT64 clients in, to what lines allow them. ICMP and ICMPv6 follow RFC 4890; VRRP is open to the "
	       "other machines of a failover entry, on its interface. "
	       "Checked with nft -c.",
	.templates = (const char *const[]){ "nftables/hextet.nft", NULL },
	.prepare = prepare,
	.files = files,
	.verify = verify,
	.facts = facts,
	.reload = (const char *const[]){ "nft -f " RULESET, NULL },
	/* nft joins its arguments; "add" first, because 1.0.6 has no "destroy". */
	.withdraw = (const char *const[]){ "nft add table inet hextet ; delete table inet hextet", NULL },
};
