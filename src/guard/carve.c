/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carving halves a network until each half is wholly outside the allowlist (a piece) or wholly inside (nothing); only
 * halves that hold an edge of the allowlist are halved again, so it takes 128 steps for each edge at most.
 *
 * Pieces are counted in a table with linear probing and backward-shift deletion, hashed with the process's secret: who
 * is banned chooses the keys. A network has one slot for its two roles: being a ban, and being wanted as a piece.
 */
#include "guard/carve.h"

#include "base/map.h"

/* Whether the numbers of ::ffff:0:0/96 lie in an IPv6 network. */
static bool around_v4(struct prefix p) {
	return p.len < 96 && p.ip.hi == 0 && p.ip.lo <= IP4_MAPPED_LO && ip_compare(ip_from_v4(0), prefix_last(p)) <= 0;
}

void ban_carve(struct prefix network, const struct prefix_set *allow, void (*fn)(struct prefix p, void *user),
	       void *user) {
	struct prefix half;

	if (!around_v4(network) && !prefix_set_overlaps(allow, network)) {
		fn(network, user);
		return;
	}
	if (network.len == 128 || prefix_set_covers(allow, network))
		return;
	half = (struct prefix){ network.ip, (uint8_t)(network.len + 1) };
	for (unsigned i = 0; i < 2; i++) {
		/* One half can be the block of IPv4 itself, which is no part of an IPv6 network. */
		if (prefix_family(half) == prefix_family(network))
			ban_carve(half, allow, fn, user);
		half.ip = ip_next(prefix_last(half));
	}
}

struct piece_slot {
	struct ip ip;
	uint32_t wanted; /* by so many bans */
	uint8_t len;
	bool ban;
};

static bool slot_empty(const struct piece_slot *s) {
	return !s->wanted && !s->ban;
}

static size_t home_of(const struct ban_pieces *b, struct ip ip, uint8_t len) {
	uint64_t key[3] = { ip.hi, ip.lo, len };

	return map_hash(key, sizeof(key)) & (b->slots - 1);
}

/* Where the network is, or the empty slot where it belongs. */
static struct piece_slot *find(const struct ban_pieces *b, struct prefix p) {
	size_t i = home_of(b, p.ip, p.len);

	while (!slot_empty(&b->slot[i]) && !(b->slot[i].len == p.len && ip_equal(b->slot[i].ip, p.ip)))
		i = (i + 1) & (b->slots - 1);
	return &b->slot[i];
}

static void grow(struct ban_pieces *b) {
	struct ban_pieces more = { .slots = b->slots ? 2 * b->slots : 64, .used = b->used };

	more.slot = calloc(more.slots, sizeof(*more.slot));
	if (!more.slot) {
		(void)fprintf(stderr, "hextet: out of memory (a table of %zu bans was needed)\n", more.slots);
		abort();
	}
	for (size_t i = 0; i < b->slots; i++)
		if (!slot_empty(&b->slot[i]))
			*find(&more, (struct prefix){ b->slot[i].ip, b->slot[i].len }) = b->slot[i];
	free(b->slot);
	*b = more;
}

/* The network's slot, which the caller fills if it was empty. */
static struct piece_slot *obtain(struct ban_pieces *b, struct prefix p) {
	struct piece_slot *s;

	if (4 * (b->used + 1) > 3 * b->slots)
		grow(b);
	s = find(b, p);
	if (slot_empty(s)) {
		*s = (struct piece_slot){ .ip = p.ip, .len = p.len };
		b->used++;
	}
	return s;
}

/* Takes an emptied slot out: what was displaced over it moves back. */
static void release(struct ban_pieces *b, struct piece_slot *s) {
	size_t hole = (size_t)(s - b->slot), mask = b->slots - 1;

	b->used--;
	for (size_t i = (hole + 1) & mask; !slot_empty(&b->slot[i]); i = (i + 1) & mask) {
		size_t home = home_of(b, b->slot[i].ip, b->slot[i].len);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		b->slot[hole] = b->slot[i];
		b->slot[i] = (struct piece_slot){ 0 };
		hole = i;
	}
}

struct walk {
	struct ban_pieces *b;
	void (*fn)(struct prefix piece, void *user);
	void *user;
};

static void want(struct prefix piece, void *user) {
	struct walk *w = user;
	struct piece_slot *s = obtain(w->b, piece);

	if (s->wanted++ == 0)
		w->fn(piece, w->user);
}

static void unwant(struct prefix piece, void *user) {
	struct walk *w = user;
	struct piece_slot *s = find(w->b, piece);

	if (--s->wanted > 0)
		return;
	if (!s->ban)
		release(w->b, s);
	w->fn(piece, w->user);
}

void ban_pieces_add(struct ban_pieces *b, struct prefix ban, const struct prefix_set *allow,
		    void (*fn)(struct prefix piece, void *user), void *user) {
	struct walk w = { b, fn, user };
	struct piece_slot *s = obtain(b, ban);

	if (s->ban)
		return;
	s->ban = true;
	ban_carve(ban, allow, want, &w);
}

void ban_pieces_remove(struct ban_pieces *b, struct prefix ban, const struct prefix_set *allow,
		       void (*fn)(struct prefix piece, void *user), void *user) {
	struct walk w = { b, fn, user };
	struct piece_slot *s;

	if (!b->slots || !find(b, ban)->ban)
		return;
	ban_carve(ban, allow, unwant, &w);
	s = find(b, ban); /* it may have moved */
	s->ban = false;
	if (slot_empty(s))
		release(b, s);
}

void ban_pieces_done(struct ban_pieces *b) {
	free(b->slot);
	*b = (struct ban_pieces){ 0 };
}
