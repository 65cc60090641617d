/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One machine's rules. For each policy line and family, three questions:
 *
 *   input    Is the machine itself in `to`? By name (any, all, a group, a machine): then any of its addresses will do.
 *            By a literal that holds one of its addresses: then that address is matched. In IPv4 also by a network
 *            behind its NAT, which is its own address to everybody else: a proxy on the machine may answer for it.
 *   ingress  Which of the addresses behind the machine are in `to`? Behind NAT: packets that were sent to the
 *            machine's address and translated, by the port that was asked for.
 *   egress   Which of the addresses behind the machine are in `from`? On a NAT64 translator: which of its clients,
 *            whose IPv4 destinations lie behind the translation prefix; on its other side the pool stands for them.
 *
 * "Which of" is an intersection with the networks behind the machine, never a test for membership alone, so a line that
 * names one container opens that container. A rule is written only when both its ends are known in its family.
 */
#include "render/firewall.h"

#include <string.h>

#include "base/text.h"
#include "estate/party.h"

typedef VEC(const char *) texts;

struct maker {
	const struct firewall *fw;
	const struct machine *machine;
	const struct machine_extra *extra;
	struct arena *arena;
	struct prefix_set own[FAMILY_COUNT];    /* addresses of the machine, with those that may move to it */
	struct prefix_set inside[FAMILY_COUNT]; /* networks behind it, as it sees them */
	struct prefix_set routed[FAMILY_COUNT]; /* those of them that others see as well */
	VEC(const struct named_set *) used;
	/* of the line at hand */
	const struct policy_line *line;
	struct value *list; /* the chain being written */
	texts ends;         /* what either address may match; see find_ends() */
};

/* Which of the networks behind the machine. */
enum networks { EVERY, ROUTED, TRANSLATED };

static const char *const inside_names[FAMILY_COUNT] = { "@inside_4", "@inside_6" };
static const char *const words[FAMILY_COUNT] = { "ip", "ip6" };
static const char *const family_names[FAMILY_COUNT] = { "IPv4", "IPv6" };
static const char *const only[FAMILY_COUNT] = { "meta nfproto ipv4 ", "meta nfproto ipv6 " };

/* Whether a network is among those that are asked for. The IPv4 side of an IPv6 network is always translated. */
static bool wanted(enum networks which, const struct network *n, unsigned f) {
	bool translated = f == V4 && (!n->at || prefix_family(n->prefix) == FAMILY_6 || party_is_private(n->prefix));

	return which == EVERY || (which == TRANSLATED) == translated;
}

/* Whether the party has something that belongs to these groups; NULL stands for everything. */
static bool has_one_of(const struct ref *ref, const struct list *groups) {
	if (!ref || ref->kind == REF_ANY || ref->kind == REF_ALL)
		return true;
	LIST_EACH (struct ref, group, groups)
		if (ref->kind == REF_GROUP && group->to == ref->to)
			return true;
	return false;
}

static void add_network(const struct network *n, struct prefix_set *set) {
	if (n->at)
		prefix_set_add(set, n->prefix);
}

/* The networks behind the machine that are members of the party (NULL: all of them), as the machine sees them. */
static void add_members(const struct maker *k, const struct ref *ref, unsigned f, enum networks which,
			struct prefix_set *set) {
	const struct list *lists[] = { &k->machine->routed_networks, &k->machine->routed_networks6 };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		LIST_EACH (struct routed, n, lists[i])
			if ((!ref || party_has_network(ref, n)) && wanted(which, &n->network, f))
				party_network(n, firewall_family(f), k->machine, set);
	for (const struct machine_extra *x = k->extra; x; x = x->next) {
		const struct network *n = !x->lan ? NULL : f == V4 ? &x->lan->ipv4 : &x->lan->ipv6;

		if (n && has_one_of(ref, &x->lan->groups) && wanted(which, n, f))
			add_network(n, set);
		/* The translator's pool stands for its clients. */
		if (x->nat64 && f == V4 && which != ROUTED && has_one_of(ref, &x->nat64->clients))
			add_network(&x->nat64->ipv4_pool, set);
	}
}

/* Whether the party has a network behind this machine's NAT. */
static bool has_translated(const struct maker *k, const struct ref *ref) {
	const struct list *lists[] = { &k->machine->routed_networks, &k->machine->routed_networks6 };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		LIST_EACH (struct routed, n, lists[i])
			if (party_has_network(ref, n) && wanted(TRANSLATED, &n->network, V4))
				return true;
	for (const struct machine_extra *x = k->extra; x; x = x->next)
		if (x->lan && has_one_of(ref, &x->lan->groups) && wanted(TRANSLATED, &x->lan->ipv4, V4))
			return true;
	return false;
}

static void find_places(struct maker *k) {
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		party_machine(k->machine, firewall_family(f), &k->own[f]);
		add_members(k, NULL, f, EVERY, &k->inside[f]);
		add_members(k, NULL, f, ROUTED, &k->routed[f]);
		for (const struct machine_extra *x = k->extra; x; x = x->next) {
			const struct network *n = !x->vpn ? NULL : f == V4 ? &x->vpn->ipv4 : &x->vpn->ipv6;

			if (n)
				add_network(n, &k->inside[f]);
			if (n && wanted(ROUTED, n, f))
				add_network(n, &k->routed[f]);
		}
		prefix_set_normalise(&k->own[f]);
		prefix_set_normalise(&k->inside[f]);
		prefix_set_normalise(&k->routed[f]);
	}
}

/* Adds what two normal sets share; quick when `few` is small, however large `many` is. */
static void add_shared(const struct prefix_set *many, const struct prefix_set *few, struct prefix_set *set) {
	for (size_t i = 0; i < few->ranges.n; i++) {
		const struct range *r = &few->ranges.v[i];

		for (size_t at = prefix_set_find(many, r->first); at < many->ranges.n; at++) {
			const struct range *m = &many->ranges.v[at];

			if (ip_compare(m->first, r->last) > 0 || ip_is_v4(m->first) != ip_is_v4(r->first))
				break;
			prefix_set_add_range(set,
					     (struct range){ ip_compare(m->first, r->first) > 0 ? m->first : r->first,
							     ip_compare(m->last, r->last) < 0 ? m->last : r->last });
		}
	}
}

/*
 * Which of the addresses behind the machine are on this side, as text for nft; NULL: none. As destinations seen from
 * outside, networks behind NAT do not count: nobody else has a way to them but the translation.
 */
static const char *inside_part(const struct maker *k, const struct side *s, unsigned f, bool from_outside) {
	struct prefix_set set = PREFIX_SET_INIT;
	const char *text;

	if (!k->inside[f].ranges.n)
		return NULL;
	add_shared(&s->literal[f], &k->inside[f], &set);
	LIST_EACH (struct ref, ref, s->refs) {
		const struct named_set *sets = firewall_sets(k->fw, ref);

		if (party_is_any(ref))
			prefix_set_add_set(&set, from_outside ? &k->routed[f] : &k->inside[f]);
		else if (sets) {
			add_members(k, ref, f, from_outside ? ROUTED : EVERY, &set);
			add_shared(&sets[f].addresses, &k->inside[f], &set);
		}
	}
	prefix_set_normalise(&set);
	text = prefix_set_equal(&set, &k->inside[f]) ? inside_names[f] : firewall_set_text(&set, k->arena);
	prefix_set_done(&set);
	return text;
}

static void use_set(struct maker *k, const struct named_set *s) {
	for (size_t i = 0; i < k->used.n; i++)
		if (k->used.v[i] == s)
			return;
	vec_push(&k->used, s);
}

/* Machines and literals of one side, and those networks behind the machine that the named sets show from outside. */
static const char *unnamed_part(const struct maker *k, const struct side *s, unsigned f) {
	struct prefix_set set = PREFIX_SET_INIT;
	const char *text = s->literal_text[f];

	LIST_EACH (struct ref, ref, s->refs)
		if (f == V4 && firewall_sets(k->fw, ref))
			add_members(k, ref, f, TRANSLATED, &set);
	if (set.ranges.n) {
		prefix_set_add_set(&set, &s->literal[f]);
		prefix_set_normalise(&set);
		text = firewall_set_text(&set, k->arena);
	}
	prefix_set_done(&set);
	return text;
}

/* Fills k->ends with the matches that make up one side in one family: "@g_frontend_4", "{ 192.0.2.1, 192.0.2.7 }". */
static void find_ends(struct maker *k, const struct side *s, unsigned f) {
	const char *unnamed = unnamed_part(k, s, f);

	k->ends.n = 0;
	LIST_EACH (struct ref, ref, s->refs) {
		const struct named_set *sets = firewall_sets(k->fw, ref);

		if (!sets || !sets[f].addresses.ranges.n)
			continue;
		use_set(k, &sets[f]);
		vec_push(&k->ends, arena_printf(k->arena, "@%s", sets[f].name));
	}
	if (unnamed)
		vec_push(&k->ends, unnamed);
}

static void push(struct maker *k, const char *match, const char *note) {
	const struct loc loc = k->line ? k->line->policy->at->loc : NO_LOC;
	struct value *d = value_dict(k->arena, loc);

	value_dict_set(k->arena, d, "match", match ? value_text(k->arena, match, loc) : &value_null);
	value_dict_set(k->arena, d, "comment", match ? value_text(k->arena, k->line->name, loc) : &value_null);
	value_dict_set(k->arena, d, "note", note ? value_text(k->arena, note, loc) : &value_null);
	value_list_push(k->arena, k->list, d);
}

/* One rule for each match on ports. */
static void push_ports(struct maker *k, const char *addresses, const struct matches *ports) {
	for (uint32_t i = 0; i < ports->n; i++)
		push(k, arena_printf(k->arena, "%s%s", addresses, ports->v[i]), NULL);
}

/* Whether a party that ought to have addresses has none in the family. Literals are of one family on purpose. */
static bool is_missing(const struct maker *k, const struct ref *ref, unsigned f, bool with_literals) {
	const struct named_set *sets = firewall_sets(k->fw, ref);
	struct prefix_set set = PREFIX_SET_INIT;
	bool missing;

	if (!sets && ref->kind != REF_MACHINE && !with_literals)
		return false;
	if (sets && sets[f].addresses.ranges.n)
		return false;
	if (sets)
		add_members(k, ref, f, EVERY, &set);
	else
		party_addresses(k->fw->estate, ref, firewall_family(f), NULL, &set);
	missing = !set.ranges.n;
	prefix_set_done(&set);
	return missing;
}

/* A remark, once in a chain. */
static void push_note(struct maker *k, const char *note) {
	for (uint32_t i = 0; i < k->list->list.n; i++) {
		const struct value *old = value_get(k->list->list.v[i], key_of("note", 4));

		if (value_is_str(old) && str_is(value_as_str(old), note))
			return;
	}
	push(k, NULL, note);
}

/* Says which parties of a side are left out in a family, and that this is on purpose. Call after find_ends(). */
static void note_missing(struct maker *k, const struct side *s, unsigned f, const char *direction) {
	struct text names = { 0 };

	LIST_EACH (struct ref, ref, s->refs)
		if (is_missing(k, ref, f, !k->ends.n))
			text_printf(&names, "%s%s", names.n ? ", " : "", ref->s);
	if (names.n)
		push_note(k, arena_printf(k->arena, "%s: nothing over %s %s %.*s: no %s address there", k->line->name,
					  family_names[f], direction, (int)names.n, names.v, family_names[f]));
	text_done(&names);
}

/*
 * Rules for one family, from the line's sources to a destination that is already a match ("", "ip daddr 192.0.2.1 ").
 */
static void push_from(struct maker *k, unsigned f, const char *destination, const struct matches *ports) {
	const struct side *from = &k->line->from;

	if (from->any) {
		push_ports(k, *destination ? destination : only[f], ports);
		return;
	}
	find_ends(k, from, f);
	for (size_t i = 0; i < k->ends.n; i++)
		push_ports(k, arena_printf(k->arena, "%s saddr %s %s", words[f], k->ends.v[i], destination), ports);
	note_missing(k, from, f, "from");
}

static bool names_machine(const struct maker *k, const struct side *s) {
	LIST_EACH (struct ref, ref, s->refs)
		if (party_has_machine(ref, k->machine))
			return true;
	return false;
}

/* The machine's addresses that are in `to` without its name being there; NULL: none. */
static const char *own_part(const struct maker *k, unsigned f) {
	const struct side *to = &k->line->to;
	struct prefix_set set = PREFIX_SET_INIT;
	const char *text;

	add_shared(&to->literal[f], &k->own[f], &set);
	LIST_EACH (struct ref, ref, to->refs)
		if (f == V4 && k->machine->ip.at && has_translated(k, ref))
			prefix_set_add(&set, prefix_host(k->machine->ip.ip));
	prefix_set_normalise(&set);
	text = firewall_set_text(&set, k->arena);
	prefix_set_done(&set);
	return text;
}

static void input_line(struct maker *k) {
	const bool named = names_machine(k, &k->line->to);

	if (named && k->line->from.any && k->own[V4].ranges.n && k->own[V6].ranges.n) {
		push_ports(k, "", &k->line->ports);
		return;
	}
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		const char *part;

		if (!k->own[f].ranges.n)
			continue;
		part = named ? NULL : own_part(k, f);
		if (named || part)
			push_from(k, f, part ? arena_printf(k->arena, "%s daddr %s ", words[f], part) : "",
				  &k->line->ports);
	}
}

static bool translates(const struct maker *k) {
	for (const struct machine_extra *x = k->extra; x; x = x->next)
		if (x->nat64)
			return true;
	return false;
}

static void ingress(struct maker *k, unsigned f) {
	const char *part = inside_part(k, &k->line->to, f, true);
	bool translated = false;

	if (part)
		push_from(k, f, arena_printf(k->arena, "%s daddr %s ", words[f], part), &k->line->ports);
	LIST_EACH (struct ref, ref, k->line->to.refs)
		translated |= f == V4 && k->machine->ip.at && has_translated(k, ref);
	if (translated) {
		char host[IP_TEXT_MAX];

		(void)ip_format(k->machine->ip.ip, host);
		push_from(k, f, arena_printf(k->arena, "ct status dnat ct original ip daddr %s ", host),
			  &k->line->original);
	}
}

static void egress(struct maker *k, unsigned f) {
	const char *part = inside_part(k, &k->line->from, f, false), *source;

	if (!part)
		return;
	source = arena_printf(k->arena, "%s saddr %s ", words[f], part);
	if (k->line->to.any) {
		push_ports(k, source, &k->line->ports);
		return;
	}
	find_ends(k, &k->line->to, f);
	for (size_t i = 0; i < k->ends.n; i++)
		push_ports(k, arena_printf(k->arena, "%s%s daddr %s ", source, words[f], k->ends.v[i]),
			   &k->line->ports);
	note_missing(k, &k->line->to, f, "to");
}

/*
 * jool takes packets off the way before any forward chain sees them, and tracks its connections itself: what it may
 * translate is said once more for prerouting, without connection states.
 */
static void nat64_line(struct maker *k) {
	const char *sources, *destinations;

	if (firewall_nat64(k->fw->estate, k->line, k->arena, &sources, &destinations))
		push_ports(k, arena_printf(k->arena, "ip6 saddr %s ip6 daddr %s ", sources, destinations),
			   &k->line->ports);
}

static void forward_line(struct maker *k) {
	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		ingress(k, f);
	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		egress(k, f);
	if (translates(k))
		nat64_line(k);
}

static const struct value *chain(struct maker *k, void (*write_line)(struct maker *k)) {
	for (uint32_t i = 0; i < k->fw->estate->policy.n; i++) {
		k->line = &k->fw->lines[i];
		write_line(k);
	}
	return k->list;
}

static const struct value *input(struct maker *k) {
	k->list = value_list(k->arena, NO_LOC);
	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		if (!k->own[f].ranges.n)
			push(k, NULL,
			     arena_printf(k->arena, "This machine has no %s address: nothing is accepted over %s.",
					  family_names[f], family_names[f]));
	return chain(k, input_line);
}

static const struct value *forward(struct maker *k, bool routes) {
	k->list = value_list(k->arena, NO_LOC);
	return routes ? chain(k, forward_line) : k->list;
}

static int compare_sets(const void *a, const void *b) {
	const struct named_set *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static const struct value *sets(struct maker *k) {
	struct value *list = value_list(k->arena, NO_LOC);

	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		if (k->inside[f].ranges.n)
			value_list_push(k->arena, list,
					firewall_set_data(&k->inside[f], f, inside_names[f] + 1,
							  "the networks behind this machine", k->arena));
	if (k->used.n)
		qsort(k->used.v, k->used.n, sizeof(*k->used.v), compare_sets);
	for (size_t i = 0; i < k->used.n; i++)
		value_list_push(k->arena, list, k->used.v[i]->data);
	return list;
}

static const struct value *inside(const struct maker *k) {
	struct value *list = value_list(k->arena, NO_LOC);

	for (unsigned f = V4; f < FAMILY_COUNT; f++)
		if (k->inside[f].ranges.n)
			value_list_push(k->arena, list,
					value_text(k->arena,
						   arena_printf(k->arena, "%s saddr %s", words[f], inside_names[f]),
						   NO_LOC));
	return list;
}

/* Containers of one Docker network are on one link. Where br_netfilter is loaded, as dockerd does, their frames pass
 * the forward hook all the same. VPN clients and LANs are not meant: what they send each other is for the policy. */
static const struct value *links(const struct maker *k) {
	struct value *list = value_list(k->arena, NO_LOC);
	struct prefix_set set = PREFIX_SET_INIT;

	if (!machine_has_role(k->machine, ROLE_DOCKER))
		return list;
	LIST_EACH (struct routed, n, &k->machine->routed_networks6)
		for (unsigned f = V4; f < FAMILY_COUNT; f++) {
			const char *p;

			set.ranges.n = 0;
			party_network(n, firewall_family(f), k->machine, &set);
			p = firewall_set_text(&set, k->arena);
			if (p)
				value_list_push(k->arena, list,
						value_text(k->arena,
							   arena_printf(k->arena, "%s saddr %s %s daddr %s", words[f],
									p, words[f], p),
							   n->network.at->loc));
		}
	prefix_set_done(&set);
	return list;
}

static const struct value *nat64_clients(const struct maker *k) {
	const struct estate *e = k->fw->estate;
	struct prefix_set set = PREFIX_SET_INIT;
	const char *text;

	LIST_EACH (struct ref, ref, &e->nat64->clients)
		party_addresses(e, ref, FAMILY_6, NULL, &set);
	prefix_set_normalise(&set);
	text = firewall_set_text(&set, k->arena);
	prefix_set_done(&set);
	return text ? value_text(k->arena, text, NO_LOC) : &value_null;
}

/*
 * Private IPv4 networks behind the machine: the whole policy takes them for the machine's own address, and so they must
 * leave as that. Docker does it for its networks; jool translates to the machine's address to begin with.
 */
static const struct value *hidden(const struct maker *k) {
	struct value *list = value_list(k->arena, NO_LOC);
	struct prefix_set set = PREFIX_SET_INIT;
	const char *text;

	LIST_EACH (struct routed, n, &k->machine->routed_networks)
		if (wanted(TRANSLATED, &n->network, V4))
			prefix_set_add(&set, n->network.prefix);
	for (const struct machine_extra *x = k->extra; x; x = x->next) {
		const struct network *networks[] = {
			x->lan ? &x->lan->ipv4 : NULL,
			x->vpn ? &x->vpn->ipv4 : NULL,
			x->nat64 && machine_has_role(k->machine, ROLE_TAYGA) ? &x->nat64->ipv4_pool : NULL,
		};

		for (size_t i = 0; i < ARRAY_LEN(networks); i++)
			if (networks[i] && wanted(TRANSLATED, networks[i], V4))
				add_network(networks[i], &set);
	}
	prefix_set_normalise(&set);
	text = k->machine->ip.at ? firewall_set_text(&set, k->arena) : NULL;
	if (text)
		value_list_push(k->arena, list,
				value_text(k->arena,
					   arena_printf(k->arena, "ip saddr %s ip daddr != %s", text, inside_names[V4]),
					   NO_LOC));
	prefix_set_done(&set);
	return list;
}

void firewall_make(const struct firewall *fw, const struct machine *m, struct arena *a,
		   struct firewall_rules *ret_rules) {
	struct maker k = { .fw = fw, .machine = m, .arena = a, .extra = firewall_extra(fw, m) };

	find_places(&k);
	*ret_rules = (struct firewall_rules){
		.routes = k.inside[V4].ranges.n || k.inside[V6].ranges.n || translates(&k),
		.inside = inside(&k),
		.links = links(&k),
		.hidden = hidden(&k),
		.input = input(&k),
	};
	ret_rules->forward = forward(&k, ret_rules->routes);
	if (translates(&k) && machine_has_role(m, ROLE_JOOL)) {
		k.list = value_list(a, NO_LOC);
		ret_rules->nat64 = chain(&k, nat64_line);
		ret_rules->nat64_clients = nat64_clients(&k);
	}
	ret_rules->sets = sets(&k);
	for (unsigned f = V4; f < FAMILY_COUNT; f++) {
		prefix_set_done(&k.own[f]);
		prefix_set_done(&k.inside[f]);
		prefix_set_done(&k.routed[f]);
	}
	vec_done(&k.used);
	vec_done(&k.ends);
}
