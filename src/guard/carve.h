/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bans around the allowlist. A ban is written down as *pieces*: the fewest networks that hold all of it but nothing of
 * the allowlist; itself, when they do not meet. An IPv6 network around ::ffff:0:0/96 (::/64, when ::2 was bad) is
 * carved around that block too: it is IPv4 to some targets, HAProxy for one, which would ban all of it. Pieces of
 * overlapping bans can be the same network, so they are counted: one is wanted until the last of its bans ends.
 */
#pragma once

#include "addr/set.h"

/* Calls fn for each piece, in the order of the addresses. `allow` is normal. */
void ban_carve(struct prefix network, const struct prefix_set *allow, void (*fn)(struct prefix p, void *user),
	       void *user);

/* Bans and what they want. Zero is empty. Both calls cost about as much as the carving; they tell fn of the pieces
 * whose answer changed, and do nothing for a ban that is held already, or is not. `allow` must be the same all the
 * time. */
struct ban_pieces {
	struct piece_slot *slot;
	size_t used, slots; /* slots: a power of two, or 0 */
};
void ban_pieces_add(struct ban_pieces *b, struct prefix ban, const struct prefix_set *allow,
		    void (*fn)(struct prefix piece, void *user), void *user);
void ban_pieces_remove(struct ban_pieces *b, struct prefix ban, const struct prefix_set *allow,
		       void (*fn)(struct prefix piece, void *user), void *user);
void ban_pieces_done(struct ban_pieces *b); /* empty and usable again */
