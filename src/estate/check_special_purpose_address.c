/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up the claims of each special block, not the block of each claim: there are few of the former. */
#include <string.h>

#include "addr/special.h"
#include "estate/check.h"
#include "estate/claim_walk.h"

enum { KINDS = CLAIM_HOSTS | CLAIM_NETWORKS | CLAIM_BIT(CLAIM_GIVEN) };

/* The kinds that no machine can have, and what to do. */
static const struct {
	const char *kind, *hint;
} rows[] = {
	{ "6to4", "6to4 is switched off (RFC 7526): use the IPv6 space of your provider" },
	{ "teredo", "a Teredo address comes and goes with a tunnel: use the IPv6 space of your provider" },
	{ "site-local",
	  "site-local space was withdrawn (RFC 3879): use global space, or a unique local prefix of RFC 4193" },
	{ "loopback", "every machine is this address to itself: write the one that the others reach it by" },
	{ "unspecified", "this stands for \"no address\": write the machine's own, or leave the field out" },
	{ "broadcast", "this is everybody on the link: write the machine's own address" },
	{ "multicast", "a multicast group is joined, not owned: write a unicast address" },
	{ "benchmarking", "this space is for tests of routers in a laboratory: use space that you were given" },
	{ "discard", "routers drop packets to this space on purpose: use space that you were given" },
	{ "dummy", "this space stands for no host at all: use space that you were given" },
	{ "orchid", "these are identifiers that no router forwards: use space that you were given" },
	{ "protocol", "this space belongs to protocols: use space that you were given" },
	{ "nat64", "only a translator answers here: write it under nat64, and give the machine an address of its own" },
	{ "nat64-local",
	  "only a translator answers here: write it under nat64, and give the machine an address of its own" },
	{ "reserved", "nobody has been given space there: look for a typing mistake" },
};

static const char *hint_of(const char *kind) {
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].kind, kind) == 0)
			return rows[i].hint;
	return NULL;
}

static void report(struct check_run *r, const struct claim *c, const struct special *block, const char *hint) {
	char text[PREFIX_TEXT_MAX];

	(void)prefix_format(block->prefix, text);
	check_report(r, c->at, hint, "\"%s\" is in %s, %s (%s)", c->at->text.s, text, block->name, block->reference);
}

static void run(struct check_run *r) {
	size_t n;
	const struct special *table = special_table(&n);

	for (size_t i = 0; i < n; i++) {
		const char *hint = hint_of(table[i].kind);
		const struct claim *c, *end;

		if (!hint)
			continue;
		claims_inside(r->estate, table[i].prefix, &c, &end);
		for (; c != end; c++)
			if (claim_is(c, KINDS) && claim_family(c) == prefix_family(table[i].prefix) &&
			    special_of_prefix(c->prefix) == &table[i])
				report(r, c, &table[i], hint);
	}
}

const struct check check_special_purpose_address = {
	.name = "special-purpose-address",
	.severity = SEVERITY_ERROR,
	.summary = "An address out of a block that has another purpose",
	.doc = "The registries of special-purpose addresses (RFC 6890) name the blocks that do not lead to a "
	       "machine: loopback, multicast, unspecified, reserved and broadcast addresses, benchmarking and "
	       "discard-only space, and transition mechanisms that are gone (6to4, Teredo, site-local). Private IPv4 "
	       "space, unique local and link-local addresses are not meant here.",
	.run = run,
};
