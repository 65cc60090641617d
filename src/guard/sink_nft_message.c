/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the chain is where it is: in prerouting it sees what is forwarded to containers as well as what is for this
 * machine, and established connections end with the ban; before `raw` and so before connection tracking, a flood from a
 * banned network costs no entry there. Why each drop has a set of its own length and not one set of ranges: an element
 * goes into a hash table in constant time however many there are, and its timeout is its own; ranges cannot nest.
 *
 * Messages are built with no attribute that the kernel does not give back, so that the same messages are the question
 * whether what is there is right (sink_nft_check.c).
 */
#include "guard/sink_nft_message.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define NFT_CHAIN "prerouting"
/* A comment as nft keeps it: type 0, length, text with its zero. */
static const char comment[] = "\0\x15"
			      "bans of hextet guard";

enum {
	NFT_PRIORITY = -310,   /* NF_IP_PRI_RAW - 10; the same number for IPv6 */
	NFT_ROOM = 1024,       /* of a message without elements; names are at most 255 long */
	NFT_ELEMENT_ROOM = 64, /* list entry 4, key 4 + 4 + 16, timeout 12, flags 8 */
};

/* What differs between the families; types are nft's numbers of ipv4_addr and ipv6_addr, which only nft reads. */
static const struct nft_family {
	uint32_t nfproto, key_len, key_type, saddr; /* saddr: where the header has the source */
} family_of[] = {
	[FAMILY_4] = { NFPROTO_IPV4, 4, 7, 12 },
	[FAMILY_6] = { NFPROTO_IPV6, 16, 8, 8 },
};

enum family nft_set_family(const struct nft_ruleset *s, size_t set) {
	return set == NFT_ALLOW4 ? FAMILY_4 : set == NFT_ALLOW6 ? FAMILY_6 : s->lengths.v[set - NFT_BAN].family;
}

static unsigned set_len(const struct nft_ruleset *s, size_t set) {
	return s->lengths.v[set - NFT_BAN].len;
}

void nft_set_name(const struct nft_ruleset *s, size_t set, char ret_name[static NFT_SET_NAME_MAX]) {
	int family = (int)nft_set_family(s, set);

	if (set < NFT_BAN)
		(void)snprintf(ret_name, NFT_SET_NAME_MAX, "allow%d", family);
	else
		(void)snprintf(ret_name, NFT_SET_NAME_MAX, "ban%d_%u", family, set_len(s, set));
}

size_t nft_set_find(const struct nft_ruleset *s, struct nft_length length) {
	for (size_t i = 0; i < s->lengths.n; i++)
		if (s->lengths.v[i].family == length.family && s->lengths.v[i].len == length.len)
			return NFT_BAN + i;
	return SIZE_MAX;
}

size_t nft_set_of(struct nft_ruleset *s, struct nft_length length) {
	size_t set = nft_set_find(s, length);

	if (set != SIZE_MAX)
		return set;
	vec_push(&s->lengths, length);
	return nft_set_count(s) - 1;
}

size_t nft_set_named(struct nft_ruleset *s, const char *name) {
	char right[NFT_SET_NAME_MAX];
	struct nft_length length;
	unsigned long len;
	char *end;

	for (size_t i = 0; i < nft_set_count(s); i++) {
		nft_set_name(s, i, right);
		if (strcmp(name, right) == 0)
			return i;
	}
	if (strncmp(name, "ban", 3) != 0 || (name[3] != '4' && name[3] != '6') || name[4] != '_')
		return SIZE_MAX;
	len = strtoul(name + 5, &end, 10);
	length.family = name[3] == '4' ? FAMILY_4 : FAMILY_6;
	length.len = (uint8_t)len;
	(void)snprintf(right, sizeof(right), "ban%d_%lu", (int)length.family, len);
	if (len > 8UL * family_of[length.family].key_len || strcmp(name, right) != 0)
		return SIZE_MAX;
	return nft_set_of(s, length);
}

static struct nlmsghdr *put_message(struct netlink_batch *b, uint16_t type, uint16_t flags, size_t room) {
	struct nfgenmsg head = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	return netlink_add(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &head, sizeof(head), room);
}

static void put_mark(struct netlink_batch *b, uint16_t type) {
	struct nfgenmsg head = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	(void)netlink_add(b, type, 0, &head, sizeof(head), 0);
}

void nft_begin(struct netlink_batch *b) {
	netlink_batch_clear(b);
	put_mark(b, NFNL_MSG_BATCH_BEGIN);
}

void nft_commit(struct netlink_batch *b) {
	netlink_last(b)->nlmsg_flags |= NLM_F_ACK;
	put_mark(b, NFNL_MSG_BATCH_END);
}

static void put_u32(struct nlmsghdr *m, uint16_t type, uint32_t value) {
	mnl_attr_put_u32(m, type, htonl(value));
}

void nft_put_table(struct netlink_batch *b, const struct nft_ruleset *s) {
	struct nlmsghdr *m = put_message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFT_ROOM);

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, s->table);
	put_u32(m, NFTA_TABLE_FLAGS, 0);
	mnl_attr_put(m, NFTA_TABLE_USERDATA, sizeof(comment), comment);
}

void nft_put_chain(struct netlink_batch *b, const struct nft_ruleset *s) {
	struct nlmsghdr *m = put_message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFT_ROOM);
	struct nlattr *hook;

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, NFT_CHAIN);
	mnl_attr_put_strz(m, NFTA_CHAIN_TYPE, "filter");
	put_u32(m, NFTA_CHAIN_POLICY, NF_ACCEPT);
	hook = mnl_attr_nest_start(m, NFTA_CHAIN_HOOK);
	put_u32(m, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
	put_u32(m, NFTA_HOOK_PRIORITY, (uint32_t)NFT_PRIORITY);
	mnl_attr_nest_end(m, hook);
}

void nft_put_set(struct netlink_batch *b, const struct nft_ruleset *s, size_t set) {
	struct nlmsghdr *m = put_message(b, NFT_MSG_NEWSET, NLM_F_CREATE, NFT_ROOM);
	const struct nft_family *f = &family_of[nft_set_family(s, set)];
	char name[NFT_SET_NAME_MAX];

	nft_set_name(s, set, name);
	mnl_attr_put_strz(m, NFTA_SET_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_SET_NAME, name);
	put_u32(m, NFTA_SET_FLAGS, set < NFT_BAN ? NFT_SET_INTERVAL : NFT_SET_TIMEOUT);
	put_u32(m, NFTA_SET_KEY_TYPE, f->key_type);
	put_u32(m, NFTA_SET_KEY_LEN, f->key_len);
	put_u32(m, NFTA_SET_ID, (uint32_t)set + 1);
}

/* An expression of a rule: begin, attributes, end. */
struct expression {
	struct nlattr *entry, *data;
};

static struct expression begin_expression(struct nlmsghdr *m, const char *name) {
	struct expression x = { .entry = mnl_attr_nest_start(m, NFTA_LIST_ELEM) };

	mnl_attr_put_strz(m, NFTA_EXPR_NAME, name);
	x.data = mnl_attr_nest_start(m, NFTA_EXPR_DATA);
	return x;
}

static void end_expression(struct nlmsghdr *m, struct expression x) {
	mnl_attr_nest_end(m, x.data);
	mnl_attr_nest_end(m, x.entry);
}

static void put_value(struct nlmsghdr *m, uint16_t type, const void *value, size_t len) {
	struct nlattr *nest = mnl_attr_nest_start(m, type);

	mnl_attr_put(m, NFTA_DATA_VALUE, len, value);
	mnl_attr_nest_end(m, nest);
}

/* meta nfproto: an inet table sees both families. */
static void put_family(struct nlmsghdr *m, const struct nft_family *f) {
	struct expression x = begin_expression(m, "meta");
	uint8_t proto = (uint8_t)f->nfproto;

	put_u32(m, NFTA_META_DREG, NFT_REG_1);
	put_u32(m, NFTA_META_KEY, NFT_META_NFPROTO);
	end_expression(m, x);
	x = begin_expression(m, "cmp");
	put_u32(m, NFTA_CMP_SREG, NFT_REG_1);
	put_u32(m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(m, NFTA_CMP_DATA, &proto, sizeof(proto));
	end_expression(m, x);
}

/* ip saddr & mask, into register 1; a whole mask is left out. */
static void put_source(struct nlmsghdr *m, const struct nft_family *f, unsigned len) {
	struct expression x = begin_expression(m, "payload");
	uint8_t mask[16], zero[16] = { 0 };

	put_u32(m, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_u32(m, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	put_u32(m, NFTA_PAYLOAD_OFFSET, f->saddr);
	put_u32(m, NFTA_PAYLOAD_LEN, f->key_len);
	end_expression(m, x);
	if (len == 8 * f->key_len)
		return;
	ip_to_bytes(prefix_mask(len), mask);
	x = begin_expression(m, "bitwise");
	put_u32(m, NFTA_BITWISE_SREG, NFT_REG_1);
	put_u32(m, NFTA_BITWISE_DREG, NFT_REG_1);
	put_u32(m, NFTA_BITWISE_LEN, f->key_len);
	put_value(m, NFTA_BITWISE_MASK, mask, f->key_len);
	put_value(m, NFTA_BITWISE_XOR, zero, f->key_len);
	end_expression(m, x);
}

static void put_lookup(struct nlmsghdr *m, const char *set) {
	struct expression x = begin_expression(m, "lookup");

	mnl_attr_put_strz(m, NFTA_LOOKUP_SET, set);
	put_u32(m, NFTA_LOOKUP_SREG, NFT_REG_1);
	put_u32(m, NFTA_LOOKUP_FLAGS, 0);
	end_expression(m, x);
}

static void put_verdict(struct nlmsghdr *m, uint32_t verdict) {
	struct expression x = begin_expression(m, "immediate");
	struct nlattr *data, *nest;

	put_u32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(m, NFTA_IMMEDIATE_DATA);
	nest = mnl_attr_nest_start(m, NFTA_DATA_VERDICT);
	put_u32(m, NFTA_VERDICT_CODE, verdict);
	mnl_attr_nest_end(m, nest);
	mnl_attr_nest_end(m, data);
	end_expression(m, x);
}

void nft_put_rule(struct netlink_batch *b, const struct nft_ruleset *s, size_t set) {
	struct nlmsghdr *m = put_message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFT_ROOM + 512);
	const struct nft_family *f = &family_of[nft_set_family(s, set)];
	char name[NFT_SET_NAME_MAX];
	struct nlattr *list;

	nft_set_name(s, set, name);
	mnl_attr_put_strz(m, NFTA_RULE_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, NFT_CHAIN);
	list = mnl_attr_nest_start(m, NFTA_RULE_EXPRESSIONS);
	put_family(m, f);
	put_source(m, f, set < NFT_BAN ? 8 * f->key_len : set_len(s, set));
	put_lookup(m, name);
	if (set >= NFT_BAN)
		end_expression(m, begin_expression(m, "counter"));
	put_verdict(m, set < NFT_BAN ? NF_ACCEPT : NF_DROP);
	mnl_attr_nest_end(m, list);
}

void nft_remove_table(struct netlink_batch *b, const struct nft_ruleset *s) {
	mnl_attr_put_strz(put_message(b, NFT_MSG_DELTABLE, 0, NFT_ROOM), NFTA_TABLE_NAME, s->table);
}

void nft_remove_rules(struct netlink_batch *b, const struct nft_ruleset *s) {
	struct nlmsghdr *m = put_message(b, NFT_MSG_DELRULE, 0, NFT_ROOM);

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, s->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, NFT_CHAIN);
}

struct nft_elements nft_begin_elements(struct netlink_batch *b, const struct nft_ruleset *s, size_t set, uint16_t type,
				       uint16_t flags) {
	struct nft_elements e = { .family = nft_set_family(s, set) };
	char name[NFT_SET_NAME_MAX];

	if (type == NFT_MSG_NEWSETELEM)
		flags |= NLM_F_CREATE;
	e.message = put_message(b, type, flags, NFT_ROOM + NFT_ELEMENTS * NFT_ELEMENT_ROOM);
	nft_set_name(s, set, name);
	mnl_attr_put_strz(e.message, NFTA_SET_ELEM_LIST_TABLE, s->table);
	mnl_attr_put_strz(e.message, NFTA_SET_ELEM_LIST_SET, name);
	return e;
}

void nft_put_element(struct nft_elements *e, struct ip key, uint64_t timeout_ms, uint32_t flags) {
	uint32_t len = family_of[e->family].key_len;
	struct nlmsghdr *m = e->message;
	struct nlattr *entry;
	uint8_t bytes[16];

	if (!e->list)
		e->list = mnl_attr_nest_start(m, NFTA_SET_ELEM_LIST_ELEMENTS);
	ip_to_bytes(key, bytes);
	entry = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
	put_value(m, NFTA_SET_ELEM_KEY, bytes + sizeof(bytes) - len, len);
	if (timeout_ms)
		mnl_attr_put_u64(m, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	if (flags)
		put_u32(m, NFTA_SET_ELEM_FLAGS, flags);
	mnl_attr_nest_end(m, entry);
}

void nft_end_elements(struct nft_elements *e) {
	if (e->list)
		mnl_attr_nest_end(e->message, e->list);
}

bool nft_range_end(struct range r, struct ip *ret_end) {
	uint64_t high = ip_is_v4(r.last) ? IP4_MAPPED_LO | UINT32_MAX : UINT64_MAX;

	if (r.last.lo == high && (ip_is_v4(r.last) || r.last.hi == UINT64_MAX))
		return false;
	*ret_end = ip_next(r.last);
	return true;
}

void nft_put_allow(struct netlink_batch *b, const struct nft_ruleset *s, size_t set) {
	struct nft_elements e = nft_begin_elements(b, s, set, NFT_MSG_DELSETELEM, 0);
	enum family family = e.family;
	size_t n = 0;
	struct ip end;

	nft_end_elements(&e);
	for (size_t i = 0; i < s->allow->ranges.n; i++) {
		struct range r = s->allow->ranges.v[i];

		if (ip_family(r.first) != family)
			continue;
		if (n % (NFT_ELEMENTS / 2) == 0)
			e = nft_begin_elements(b, s, set, NFT_MSG_NEWSETELEM, 0);
		nft_put_element(&e, r.first, 0, 0);
		if (nft_range_end(r, &end))
			nft_put_element(&e, end, 0, NFT_SET_ELEM_INTERVAL_END);
		if (++n % (NFT_ELEMENTS / 2) == 0)
			nft_end_elements(&e);
	}
	if (n % (NFT_ELEMENTS / 2) != 0)
		nft_end_elements(&e);
}

void nft_ask(struct netlink_batch *b, uint16_t type, const struct nft_ruleset *s, const char *set) {
	bool one = type == NFT_MSG_GETTABLE || type == NFT_MSG_GETGEN;
	struct nlmsghdr *m;

	netlink_batch_clear(b);
	m = put_message(b, type, one ? NLM_F_ACK : NLM_F_DUMP, NFT_ROOM);
	if (type == NFT_MSG_GETGEN)
		return;
	/* The table is attribute 1 of every kind, the chain of a rule and the set of elements attribute 2. */
	mnl_attr_put_strz(m, NFTA_TABLE_NAME, s->table);
	if (type == NFT_MSG_GETRULE)
		mnl_attr_put_strz(m, NFTA_RULE_CHAIN, NFT_CHAIN);
	if (set)
		mnl_attr_put_strz(m, NFTA_SET_ELEM_LIST_SET, set);
}
