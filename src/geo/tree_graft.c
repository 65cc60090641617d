/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 is put where files have it, at ::/96, and where aliases are asked for. Its root is made a second time, as a node
 * that the table does not know: an IPv6 subtree with the same halves stays a node of its own.
 */
#include "geo/tree_table.h"

/* Where IPv4 is seen in the IPv6 space: its own place, then the aliases by bit of enum geo_alias. */
static const struct place {
	struct ip ip;
	unsigned len;
	unsigned alias;
} places[] = {
	{ { 0, 0 }, 96, 0 },
	{ { 0, IP4_MAPPED_LO }, 96, GEO_ALIAS_MAPPED },
	{ { UINT64_C(0x2002) << 48, 0 }, 16, GEO_ALIAS_6TO4 },
	{ { UINT64_C(0x20010000) << 32, 0 }, 32, GEO_ALIAS_TEREDO },
};

uint32_t geo_tree_graft(struct geo_tree *t, struct geo_roots roots, unsigned aliases, uint32_t *ret_v4_root) {
	uint32_t v4 = roots.v4, root = roots.v6;

	if (geo_is_node(v4))
		v4 = geo_tree_push(t, t->node[v4][0], t->node[v4][1]);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const struct place *p = &places[i];
		bool is_v4 = !p->alias || (aliases & p->alias);

		if (is_v4 || p->alias == GEO_ALIAS_MAPPED)
			root = geo_tree_set(t, root, p->ip, p->len, is_v4 ? v4 : GEO_EMPTY);
	}
	*ret_v4_root = v4;
	return geo_is_node(root) ? root : geo_tree_push(t, root, root);
}

struct geo_roots geo_tree_split(struct geo_tree *t, uint32_t root, unsigned aliases) {
	struct geo_roots roots = { .v6 = root };
	unsigned len = 0;

	roots.v4 = root;
	for (; geo_is_node(roots.v4) && len < places[0].len; len++)
		roots.v4 = t->node[roots.v4][0];
	aliases |= GEO_ALIAS_MAPPED;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (!places[i].alias || (aliases & places[i].alias))
			roots.v6 = geo_tree_set(t, roots.v6, places[i].ip, places[i].len, GEO_EMPTY);
	return roots;
}
