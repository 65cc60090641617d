/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nearly all rows are about ordinary addresses, in order. So the stretch between two special places in which the last
 * row of a family was is remembered, and a row inside it costs two comparisons.
 */
#include "geo/policy.h"

#include <inttypes.h>

#include "addr/special.h"

enum { MAPPED, COMPATIBLE, SIXTOFOUR, TEREDO, NAT64, RESERVED, _KINDS };

_Static_assert(_KINDS <= ARRAY_LEN(((struct geo_policy *)0)->seen), "a count for each kind");

static const struct kind {
	const char *check;
	enum severity severity;
	bool take;
	const char *what; /* the network … */
	const char *hint;
} kinds[] = {
	[MAPPED] = { "geo-mapped", SEVERITY_NOTE, true,
		     "is written as an IPv4-mapped IPv6 network; it is taken as IPv4", "write it as IPv4" },
	[COMPATIBLE] = { "geo-compatible", SEVERITY_WARNING, false,
			 "lies in ::/96, where the file has IPv4; the row is left out",
			 "if IPv4 is meant, write it as IPv4; else remove the row" },
	[SIXTOFOUR] = { "geo-6to4", SEVERITY_WARNING, false,
			"lies in 2002::/16 (6to4), where the IPv4 network inside answers; the row is left out",
			"write a row for the IPv4 network that bits 16 to 47 name" },
	[TEREDO] = { "geo-teredo", SEVERITY_WARNING, true,
		     "lies in 2001::/32 (Teredo), whose addresses name a server and hide the client",
		     "remove the row, unless it is the server's country that you want" },
	[NAT64] = { "geo-nat64", SEVERITY_WARNING, true,
		    "lies in a NAT64 prefix, whose addresses are IPv4 destinations and never come from abroad",
		    "write a row for the IPv4 network inside" },
	[RESERVED] = { "geo-reserved", SEVERITY_NOTE, true, "is not globally reachable",
		       "remove the row, unless such addresses reach you on a network of your own" },
};

/* The registry's row for ::ffff:0:0/96, which is all of IPv4 here. */
static bool is_ipv4(const struct special *s) {
	return s->prefix.len == 96 && ip_is_v4(s->prefix.ip);
}

void geo_policy_init(struct geo_policy *p) {
	size_t n;
	const struct special *all = special_table(&n);
	/* first behind last: no row is inside */
	struct range nowhere = { { UINT64_MAX, UINT64_MAX }, { 0, 0 } };

	*p = (struct geo_policy){ .plain = { nowhere, nowhere } };
	for (size_t i = 0; i < n; i++)
		if (!is_ipv4(&all[i]))
			prefix_set_add(&p->special, all[i].prefix);
	prefix_set_normalise(&p->special);
}

void geo_policy_done(struct geo_policy *p) {
	prefix_set_done(&p->special);
}

static bool inside(const struct range *outer, const struct range *r) {
	return ip_compare(outer->first, r->first) <= 0 && ip_compare(r->last, outer->last) <= 0;
}

/* The stretch without special places around an address; false when it is in such a place. */
static bool plain_around(const struct prefix_set *special, struct ip ip, struct range *ret_r) {
	enum family family = ip_family(ip);
	struct prefix v4 = { ip_from_v4(0), 96 };
	struct range r = { family == FAMILY_4 ? v4.ip : (struct ip){ 0, 0 },
			   family == FAMILY_4 ? prefix_last(v4) : (struct ip){ UINT64_MAX, UINT64_MAX } };
	size_t at = prefix_set_find(special, ip);
	const struct range *behind = &special->ranges.v[at];

	if (prefix_set_has_ip(special, ip))
		return false;
	if (at < special->ranges.n && ip_family(behind->first) == family)
		r.last = ip_previous(behind->first);
	if (at > 0 && ip_family(behind[-1].first) == family)
		r.first = ip_next(behind[-1].last);
	*ret_r = r;
	return true;
}

/* The most specific registry row that has the whole range. */
static const struct special *special_of_range(const struct range *r) {
	const struct special *best = NULL, *all;
	size_t n;

	all = special_table(&n);
	for (size_t i = 0; i < n; i++)
		if (!is_ipv4(&all[i]) && prefix_has_ip(all[i].prefix, r->first) &&
		    prefix_has_ip(all[i].prefix, r->last) && (!best || best->prefix.len < all[i].prefix.len))
			best = &all[i];
	return best;
}

/* Kind of place that the range lies in, or _KINDS. */
static unsigned kind_of(const struct range *r) {
	static const struct {
		struct prefix prefix;
		unsigned kind;
	} fixed[] = {
		{ { { 0, 0 }, 96 }, COMPATIBLE },
		{ { { UINT64_C(0x2002) << 48, 0 }, 16 }, SIXTOFOUR },
		{ { { UINT64_C(0x20010000) << 32, 0 }, 32 }, TEREDO },
		{ { { UINT64_C(0x0064ff9b) << 32, 0 }, 96 }, NAT64 },
		{ { { UINT64_C(0x0064ff9b0001) << 16, 0 }, 48 }, NAT64 },
	};
	const struct special *special;

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (prefix_has_ip(fixed[i].prefix, r->first) && prefix_has_ip(fixed[i].prefix, r->last))
			return fixed[i].kind;
	special = special_of_range(r);
	return special && !special->global ? RESERVED : _KINDS;
}

static void report(struct geo_policy *p, unsigned kind, const struct geo_row *row, uint32_t file, struct diags *diags) {
	const struct kind *k = &kinds[kind];
	struct loc loc = geo_row_loc(file, row->id, row->id_is_line);
	char first[IP_TEXT_MAX], last[IP_TEXT_MAX];

	if (p->seen[kind]++ >= GEO_POLICY_SHOWN)
		return;
	(void)ip_format(row->range.first, first);
	(void)ip_format(row->range.last, last);
	if (row->id_is_line)
		diag_add(diags, k->severity, k->check, loc, k->hint, "%s - %s %s", first, last, k->what);
	else
		diag_add(diags, k->severity, k->check, loc, k->hint, "row %" PRIu64 ": %s - %s %s", row->id, first,
			 last, k->what);
}

bool geo_policy_take(struct geo_policy *p, const struct geo_row *row, uint32_t file, struct diags *diags) {
	struct range *plain = &p->plain[ip_is_v4(row->range.first) ? 0 : 1];
	unsigned kind;

	if (row->mapped)
		report(p, MAPPED, row, file, diags);
	if (inside(plain, &row->range))
		return true;
	if (plain_around(&p->special, row->range.first, plain))
		return true;
	kind = kind_of(&row->range);
	if (kind == _KINDS)
		return true;
	report(p, kind, row, file, diags);
	return kinds[kind].take;
}

void geo_policy_finish(struct geo_policy *p, uint32_t file, struct diags *diags) {
	for (unsigned i = 0; i < _KINDS; i++) {
		if (p->seen[i] > GEO_POLICY_SHOWN)
			diag_add(diags, kinds[i].severity, kinds[i].check, (struct loc){ .file = file }, NULL,
				 "%u more rows of this kind", p->seen[i] - GEO_POLICY_SHOWN);
		p->seen[i] = 0;
	}
}
