/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy as nftables says it: who may open which connections to, through and from a machine.
 *
 * Each policy line allows from × to × services, one family at a time. In IPv6 a party is what is written; in IPv4 a
 * network behind NAT is the address of the machine in front of it, except on that machine, which sees the network
 * itself (see estate/party.h). A party without addresses in a family allows nothing in that family, and a note says so.
 *
 *     const struct firewall *fw = firewall_compile(estate, &arena);          // once; const afterwards
 *     struct firewall_rules rules;
 *     firewall_make(fw, machine, &scratch, &rules);                          // per machine, in any thread
 */
#pragma once

#include "addr/set.h"
#include "estate/estate.h"
#include "render/value.h"

/* Index of the arrays that hold something for each family. */
enum { V4, V6, FAMILY_COUNT };

static inline enum family firewall_family(unsigned f) {
	return f == V4 ? FAMILY_4 : FAMILY_6;
}

/* The addresses of a group, or of "all", in one family, as every other host sees them. The same on all machines. */
struct named_set {
	const char *name;            /* g_frontend_4, all_6 */
	struct prefix_set addresses; /* normal; its ranges live in the arena */
	const struct value *data;    /* name, type, comment, elements (list), text (the elements as nft reads them) */
	uint32_t number;             /* order of appearance */
};

/* A few matches of which any one will do. */
struct matches {
	const char **v;
	uint32_t n;
};

/* One side of a policy line. */
struct side {
	const struct list *refs;
	bool any;
	struct prefix_set literal[FAMILY_COUNT]; /* of its machines, addresses and prefixes; ranges in the arena */
	const char *literal_text[FAMILY_COUNT];  /* as nft reads them, NULL when there are none */
};

struct policy_line {
	const struct policy *policy;
	const char *name; /* of the policy, safe in comments and quotes, at most 128 bytes with the zero */
	struct side from, to;
	struct matches ports;    /* "tcp dport { 80, 443 }", "udp dport 443" */
	struct matches original; /* the same for the destination before NAT */
};

/* What the sections of the estate, not the machine database, say about a machine. */
struct machine_extra {
	const struct lan *lan;
	const struct vpn *vpn;
	const struct nat64 *nat64;
	struct machine_extra *next;
};

struct firewall {
	const struct estate *estate;
	const struct policy_line *lines;
	struct named_set all[FAMILY_COUNT];
	struct named_set (*groups)[FAMILY_COUNT]; /* by group.index; only those that the policy names are filled */
	struct machine_extra **extras;            /* by position in estate.machines; NULL: nothing */
};

const struct firewall *firewall_compile(const struct estate *e, struct arena *a);

/* The named sets of a party, by family; NULL for one without (any, machines, literals). */
const struct named_set *firewall_sets(const struct firewall *fw, const struct ref *ref);

static inline const struct machine_extra *firewall_extra(const struct firewall *fw, const struct machine *m) {
	return fw->extras[m - (const struct machine *)fw->estate->machines.items];
}

/* The minimal prefixes of a normal set: "192.0.2.1", or "{ 192.0.2.1, 198.51.100.0/24 }"; NULL when it is empty. */
const char *firewall_set_text(const struct prefix_set *set, struct arena *a);

/* A set as templates see it: name, type, comment, elements, text. The texts are borrowed. */
const struct value *firewall_set_data(const struct prefix_set *set, unsigned f, const char *name, const char *comment,
				      struct arena *a);

/*
 * What a line lets through a NAT64 translator on its IPv6 side, as texts for nft: the translator's clients that are in
 * `from`, and the IPv4 addresses of `to` behind the translation prefix. False when either is nobody.
 */
bool firewall_nat64(const struct estate *e, const struct policy_line *l, struct arena *a, const char **ret_sources,
		    const char **ret_destinations);

/*
 * One machine's rules, as lists for templates. A rule is a dict: `match` ("ip saddr @g_jenkins_4 tcp dport 8080"; what
 * it matches is accepted), `comment` (the policy's name, safe in double quotes), `note` (a remark; null in a rule; a
 * remark has no match).
 */
struct firewall_rules {
	const struct value *sets;          /* named_set.data of those that the rules use */
	const struct value *input;         /* to the machine */
	const struct value *forward;       /* to and from the networks behind it */
	const struct value *inside;        /* matches of packets that claim to come from those networks */
	const struct value *links;         /* matches of packets that stay inside one Docker network */
	const struct value *hidden;        /* matches of packets that leave with the machine's IPv4 address (NAT) */
	const struct value *nat64;         /* what jool may translate; NULL: the machine has no jool */
	const struct value *nat64_clients; /* who may use it, as nft reads them; null: nobody */
	bool routes;                       /* whether there is a network behind it, or it translates */
};

void firewall_make(const struct firewall *fw, const struct machine *m, struct arena *a,
		   struct firewall_rules *ret_rules);
