/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/sink_nft_element.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

struct reading {
	enum family family;
	VEC(struct nft_element) elements;
};

static void begin_reading(void *user) {
	((struct reading *)user)->elements.n = 0;
}

static bool read_u64(const struct nlattr *entry, uint16_t type, uint64_t *ret_value) {
	const struct nlattr *a = netlink_attr_in(entry, type);

	if (!a || mnl_attr_get_payload_len(a) != sizeof(uint64_t))
		return false;
	*ret_value = be64toh(mnl_attr_get_u64(a));
	return true;
}

static void read_element(struct reading *r, const struct nlattr *entry) {
	const struct nlattr *key = netlink_attr_in(entry, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = key ? netlink_attr_in(key, NFTA_DATA_VALUE) : NULL;
	const struct nlattr *flags = netlink_attr_in(entry, NFTA_SET_ELEM_FLAGS);
	struct nft_element e = { .left_ms = INT64_MAX };
	uint8_t bytes[16] = { [10] = 0xff, [11] = 0xff };
	size_t len = r->family == FAMILY_4 ? 4 : 16;
	uint64_t left;

	if (!value || mnl_attr_get_payload_len(value) != len)
		return; /* the set is not what its name says, which the next check finds */
	memcpy(bytes + sizeof(bytes) - len, mnl_attr_get_payload(value), len);
	e.key = ip_from_bytes(bytes);
	e.end = flags && ntohl(mnl_attr_get_u32(flags)) & NFT_SET_ELEM_INTERVAL_END;
	if (read_u64(entry, NFTA_SET_ELEM_EXPIRATION, &left) || read_u64(entry, NFTA_SET_ELEM_TIMEOUT, &left))
		e.left_ms = (int64_t)MIN(left, (uint64_t)INT64_MAX);
	vec_push(&r->elements, e);
}

static void see_elements(const struct nlmsghdr *m, void *user) {
	const struct nlattr *list = netlink_attr(m, NFT_HEAD, NFTA_SET_ELEM_LIST_ELEMENTS), *entry;

	if (!list)
		return;
	mnl_attr_for_each_nested(entry, list) {
		read_element(user, entry);
	}
}

int nft_each_element(struct netlink *n, const struct nft_ruleset *s, size_t set,
		     void (*fn)(const struct nft_element *e, void *user), void *user) {
	struct reading reading = { .family = nft_set_family(s, set) };
	struct netlink_reader reader = { begin_reading, see_elements, &reading };
	struct netlink_batch question = { 0 };
	char name[NFT_SET_NAME_MAX];
	int r;

	nft_set_name(s, set, name);
	nft_ask(&question, NFT_MSG_GETSETELEM, s, name);
	r = netlink_ask(n, &question, &reader);
	for (size_t i = 0; i < reading.elements.n && r >= 0; i++)
		fn(&reading.elements.v[i], user);
	netlink_batch_done(&question);
	vec_done(&reading.elements);
	return r;
}

static void see_generation(const struct nlmsghdr *m, void *user) {
	const struct nlattr *id = netlink_attr(m, NFT_HEAD, NFTA_GEN_ID);

	if (id && mnl_attr_get_payload_len(id) == sizeof(uint32_t))
		*(uint32_t *)user = ntohl(mnl_attr_get_u32(id));
}

int nft_generation(struct netlink *n, const struct nft_ruleset *s, uint32_t *ret_generation) {
	struct netlink_reader reader = { NULL, see_generation, ret_generation };
	struct netlink_batch question = { 0 };
	int r;

	nft_ask(&question, NFT_MSG_GETGEN, s, NULL);
	r = netlink_ask(n, &question, &reader);
	netlink_batch_done(&question);
	return r;
}
