/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nftables table of the guard as netlink messages: what `nft` calls
 *
 *     table inet NAME {
 *         comment "bans of hextet guard"
 *         set allow4 { type ipv4_addr; flags interval; }
 *         set allow6 { type ipv6_addr; flags interval; }
 *         set ban6_64 { type ipv6_addr; flags timeout; }
 *         chain prerouting {
 *             type filter hook prerouting priority raw - 10; policy accept;
 *             ip saddr @allow4 accept
 *             ip6 saddr @allow6 accept
 *             ip6 saddr & ffff:ffff:ffff:ffff:: @ban6_64 counter drop
 *         }
 *     }
 *
 * The messages are pure functions of the ruleset. Attributes: <linux/netfilter/nf_tables.h>.
 */
#pragma once

#include "addr/set.h"
#include "net/netlink.h"

#include <linux/netfilter/nfnetlink.h>

/*
 * Sets and their rules are numbered alike, in the order of the rules: the two of the allowlist, then one for each
 * length that was ever needed.
 */
enum { NFT_ALLOW4, NFT_ALLOW6, NFT_BAN };

struct nft_length {
	enum family family;
	uint8_t len; /* as people write it: 0..32 or 0..128 */
};

struct nft_ruleset {
	const char *table;
	const struct prefix_set *allow; /* normal; borrowed */
	VEC(struct nft_length) lengths;
};

enum { NFT_SET_NAME_MAX = 16, NFT_HEAD = sizeof(struct nfgenmsg) };

static inline size_t nft_set_count(const struct nft_ruleset *s) {
	return NFT_BAN + s->lengths.n;
}
enum family nft_set_family(const struct nft_ruleset *s, size_t set);
void nft_set_name(const struct nft_ruleset *s, size_t set, char ret_name[static NFT_SET_NAME_MAX]);

/* The set of this length: SIZE_MAX when there is none, or added to the ruleset. */
size_t nft_set_find(const struct nft_ruleset *s, struct nft_length length);
size_t nft_set_of(struct nft_ruleset *s, struct nft_length length);

/* The set of this name; one that could be the guard's is added. SIZE_MAX for any other name. */
size_t nft_set_named(struct nft_ruleset *s, const char *name);

/* A transaction: all that is put between the two takes effect, or nothing. commit asks for the acknowledgement. */
void nft_begin(struct netlink_batch *b);
void nft_commit(struct netlink_batch *b);

/* What is there already is no error, but for rules. */
void nft_put_table(struct netlink_batch *b, const struct nft_ruleset *s);
void nft_put_chain(struct netlink_batch *b, const struct nft_ruleset *s);
void nft_put_set(struct netlink_batch *b, const struct nft_ruleset *s, size_t set);
void nft_put_rule(struct netlink_batch *b, const struct nft_ruleset *s, size_t set); /* behind the others */

void nft_remove_table(struct netlink_batch *b, const struct nft_ruleset *s);
void nft_remove_rules(struct netlink_batch *b, const struct nft_ruleset *s); /* all of them */

/*
 * Elements of one set, at most NFT_ELEMENTS a message: begin, put, end. `type` is NFT_MSG_NEWSETELEM or
 * NFT_MSG_DELSETELEM; the latter with no elements empties the set. `flags` NLM_F_EXCL: what is there is an error
 * (-EEXIST). timeout_ms 0: none.
 */
enum { NFT_ELEMENTS = 1000 };
struct nft_elements {
	struct nlmsghdr *message;
	struct nlattr *list;
	enum family family;
};
struct nft_elements nft_begin_elements(struct netlink_batch *b, const struct nft_ruleset *s, size_t set, uint16_t type,
				       uint16_t flags);
void nft_put_element(struct nft_elements *e, struct ip key, uint64_t timeout_ms, uint32_t flags);
void nft_end_elements(struct nft_elements *e);

/* The end of a range as the kernel keeps it: the first address behind it; false when there is none. */
bool nft_range_end(struct range r, struct ip *ret_end);

/* The allowlist's part in one of its two sets, emptied before. */
void nft_put_allow(struct netlink_batch *b, const struct nft_ruleset *s, size_t set);

/* A question for netlink_ask(): `type` is NFT_MSG_GETGEN, NFT_MSG_GETTABLE (ours), or all of another kind. */
void nft_ask(struct netlink_batch *b, uint16_t type, const struct nft_ruleset *s, const char *set);
