/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's objects are compared with the messages that would make them: what we would send must be part of what is
 * dumped. So whatever the structure is made of is written down once, in sink_nft_message.c, and a rule that somebody
 * edited is found although it still has its place.
 */
#include "guard/sink_nft_check.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

struct attrs {
	const void *data;
	size_t size;
};

/* The n-th (from 0) attribute of a type, or NULL. */
static const struct nlattr *nth(struct attrs in, uint16_t type, size_t n) {
	const struct nlattr *attr;

	mnl_attr_for_each_payload(in.data, in.size) if (mnl_attr_get_type(attr) == type && n-- == 0) return attr;
	return NULL;
}

static struct attrs inside(const struct nlattr *a) {
	return (struct attrs){ mnl_attr_get_payload(a), mnl_attr_get_payload_len(a) };
}

static bool within(struct attrs want, struct attrs got, uint16_t but) {
	size_t count[64] = { 0 };
	const struct nlattr *attr;

	mnl_attr_for_each_payload(want.data, want.size) {
		uint16_t type = mnl_attr_get_type(attr);
		struct attrs w = inside(attr), g;
		const struct nlattr *same;

		if (type == but)
			continue;
		if (type >= ARRAY_LEN(count) || !(same = nth(got, type, count[type]++)))
			return false;
		g = inside(same);
		if (attr->nla_type & NLA_F_NESTED ? !within(w, g, 0)
						  : w.size != g.size || memcmp(w.data, g.data, w.size) != 0)
			return false;
	}
	for (size_t type = 1; type < ARRAY_LEN(count); type++)
		if (count[type] && nth(got, (uint16_t)type, count[type]))
			return false;
	return true;
}

static struct attrs attributes(const struct nlmsghdr *m) {
	return (struct attrs){ mnl_nlmsg_get_payload_offset(m, NFT_HEAD), mnl_nlmsg_get_payload_len(m) - NFT_HEAD };
}

bool nft_matches(const struct nlmsghdr *want, const struct nlmsghdr *got) {
	/* A set's number is for the transaction that makes it. */
	uint16_t but = (want->nlmsg_type & 0xff) == NFT_MSG_NEWSET ? NFTA_SET_ID : 0;

	return want->nlmsg_type == got->nlmsg_type && within(attributes(want), attributes(got), but);
}

struct check {
	struct netlink *netlink;
	struct nft_ruleset *ruleset;
	struct netlink_batch ask, want; /* room for a question, and for what the answer should be */
	size_t rules, chains, sets;     /* seen of ours */
	bool there, named;              /* the table; and it says that it is the guard's */
	const char *table_wrong, *rules_wrong, *allow_wrong;
};

static const char *text_of(const struct nlmsghdr *m, uint16_t type) {
	const struct nlattr *a = netlink_attr(m, NFT_HEAD, type);

	return a && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(a) : "";
}

/* In all kinds of objects the table's name is attribute 1; a dump of chains is one of all tables. */
static bool ours(const struct check *c, const struct nlmsghdr *m) {
	return strcmp(text_of(m, NFTA_TABLE_NAME), c->ruleset->table) == 0;
}

static bool same_attr(const struct nlattr *a, const struct nlattr *b) {
	return a && b && a->nla_len == b->nla_len &&
	       memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(b), mnl_attr_get_payload_len(a)) == 0;
}

static void see_table(const struct nlmsghdr *m, void *user) {
	struct check *c = user;
	const struct nlmsghdr *want;

	nft_begin(&c->want);
	nft_put_table(&c->want, c->ruleset);
	want = netlink_last(&c->want);
	c->there = true;
	c->named = same_attr(netlink_attr(m, NFT_HEAD, NFTA_TABLE_USERDATA),
			     netlink_attr(want, NFT_HEAD, NFTA_TABLE_USERDATA));
	if (!nft_matches(want, m))
		c->table_wrong = "the table was dormant";
}

static void begin_chains(void *user) {
	((struct check *)user)->chains = 0;
}

static void see_chain(const struct nlmsghdr *m, void *user) {
	struct check *c = user;

	if (!ours(c, m))
		return;
	nft_begin(&c->want);
	nft_put_chain(&c->want, c->ruleset);
	if (c->chains++ || !nft_matches(netlink_last(&c->want), m))
		c->table_wrong = "a chain of the table was changed or added";
}

static void begin_sets(void *user) {
	((struct check *)user)->sets = 0;
}

static void see_set(const struct nlmsghdr *m, void *user) {
	struct check *c = user;
	size_t set;

	if (!ours(c, m))
		return;
	c->sets++;
	set = nft_set_named(c->ruleset, text_of(m, NFTA_SET_NAME));
	if (set != SIZE_MAX) {
		nft_begin(&c->want);
		nft_put_set(&c->want, c->ruleset, set);
	}
	if (set == SIZE_MAX || !nft_matches(netlink_last(&c->want), m))
		c->table_wrong = "a set of the table was changed or added";
}

static void begin_rules(void *user) {
	((struct check *)user)->rules = 0;
}

static void see_rule(const struct nlmsghdr *m, void *user) {
	struct check *c = user;
	size_t rule = c->rules++;

	if (rule < nft_set_count(c->ruleset)) {
		nft_begin(&c->want);
		nft_put_rule(&c->want, c->ruleset, rule);
	}
	if (rule >= nft_set_count(c->ruleset) || !nft_matches(netlink_last(&c->want), m))
		c->rules_wrong = "rules of the chain were changed or added";
}

static int ask(struct check *c, uint16_t type, void (*begin)(void *user),
	       void (*see)(const struct nlmsghdr *m, void *user)) {
	struct netlink_reader reader = { begin, see, c };

	nft_ask(&c->ask, type, c->ruleset, NULL);
	return netlink_ask(c->netlink, &c->ask, &reader);
}

struct allow_reading {
	VEC(struct nft_element) elements;
};

static void see_allowed(const struct nft_element *e, void *user) {
	struct allow_reading *a = user;

	vec_push(&a->elements, *e);
}

static int element_order(const void *pa, const void *pb) {
	const struct nft_element *a = pa, *b = pb;
	int order = ip_compare(a->key, b->key);

	/* Where one interval ends another may begin: the end first. */
	return order ? order : (int)b->end - (int)a->end;
}

/* nft puts an end at the lowest address in front of the first interval, which means nothing. */
static bool is_front(const struct nft_element *e) {
	return e->end && (e->key.hi | (uint32_t)e->key.lo) == 0;
}

static bool allow_matches(const struct allow_reading *a, enum family family, const struct prefix_set *allow) {
	const struct nft_element *e = a->elements.v, *last = e + a->elements.n;
	struct ip end;

	if (a->elements.n)
		qsort(a->elements.v, a->elements.n, sizeof(*a->elements.v), element_order);
	if (e < last && is_front(e))
		e++;
	for (size_t i = 0; i < allow->ranges.n; i++) {
		struct range range = allow->ranges.v[i];

		if (ip_family(range.first) != family)
			continue;
		if (e == last || e->end || !ip_equal(e->key, range.first))
			return false;
		e++;
		if (!nft_range_end(range, &end))
			continue;
		if (e == last || !e->end || !ip_equal(e->key, end))
			return false;
		e++;
	}
	return e == last;
}

static int check_allow(struct check *c) {
	struct allow_reading a = { 0 };
	int r = 0;

	for (size_t set = NFT_ALLOW4; set <= NFT_ALLOW6 && r >= 0; set++) {
		a.elements.n = 0;
		r = nft_each_element(c->netlink, c->ruleset, set, see_allowed, &a);
		if (r >= 0 && !allow_matches(&a, nft_set_family(c->ruleset, set), c->ruleset->allow))
			c->allow_wrong = "the allowlist was another one";
	}
	vec_done(&a.elements);
	return r;
}

/* What is inside the table is looked at as long as it is worth keeping. */
static int check_inside(struct check *c) {
	int r = ask(c, NFT_MSG_GETCHAIN, begin_chains, see_chain);

	if (r >= 0)
		r = ask(c, NFT_MSG_GETSET, begin_sets, see_set);
	if (r < 0)
		return r;
	if (!c->chains)
		c->table_wrong = "the chain of the table was missing";
	if (c->table_wrong)
		return 0;
	r = ask(c, NFT_MSG_GETRULE, begin_rules, see_rule);
	if (r < 0)
		return r;
	if (c->sets != nft_set_count(c->ruleset))
		c->rules_wrong = "sets of the table were missing";
	else if (c->rules < nft_set_count(c->ruleset))
		c->rules_wrong = "rules of the chain were missing";
	return c->rules_wrong ? 0 : check_allow(c);
}

static int check_all(struct check *c) {
	int r = ask(c, NFT_MSG_GETTABLE, NULL, see_table);

	if (r == -ENOENT) {
		c->table_wrong = "the table was missing";
		return 0;
	}
	if (r < 0)
		return r;
	return c->named ? check_inside(c) : -EEXIST;
}

/* The transaction that mends it. */
static void put_mending(struct netlink_batch *b, const struct check *c) {
	const struct nft_ruleset *s = c->ruleset;
	size_t n = c->table_wrong || c->rules_wrong ? nft_set_count(s) : 0;

	nft_begin(b);
	if (c->table_wrong && c->there)
		nft_remove_table(b, s);
	if (c->table_wrong) {
		nft_put_table(b, s);
		nft_put_chain(b, s);
	} else if (c->rules_wrong) {
		nft_remove_rules(b, s);
	}
	for (size_t i = 0; i < n; i++)
		nft_put_set(b, s, i);
	nft_put_allow(b, s, NFT_ALLOW4);
	nft_put_allow(b, s, NFT_ALLOW6);
	for (size_t i = 0; i < n; i++)
		nft_put_rule(b, s, i);
	nft_commit(b);
}

int nft_mend(struct netlink *n, struct nft_ruleset *s, const char **ret_found) {
	struct check c = { .netlink = n, .ruleset = s };
	int r = check_all(&c);

	*ret_found = c.table_wrong ? c.table_wrong : c.rules_wrong ? c.rules_wrong : c.allow_wrong;
	if (r >= 0 && *ret_found) {
		put_mending(&c.want, &c);
		r = netlink_send(n, &c.want, NULL, NULL);
	}
	netlink_batch_done(&c.ask);
	netlink_batch_done(&c.want);
	return r;
}
