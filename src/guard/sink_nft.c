/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bans in an nftables table of their own (sink_nft_message.h shows it), by netlink alone: no program is run, so that
 * the daemon can mend a flushed ruleset from inside its sandbox, and a ban costs microseconds.
 *
 * A change of elements is one transaction of three messages: add all (which is nothing for those that are there),
 * delete all, add those that are to be there with their time. So adding renews a time and removing what is not there is
 * no error in every kernel; only since 6.12 a plain add would renew. To packets a transaction is one instant.
 *
 * A transaction that is refused is halved until what cannot be added stands alone, so that it takes nothing with it.
 */
#include "guard/sink.h"
#include "guard/sink_nft_check.h"
#include "guard/sink_nft_known.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <time.h>

enum {
	REFUSED_MAX = 16, /* single elements, before the rest is given up: each costs a dozen refused transactions */
	TABLE_NAME_MAX = 64,
};

/* Times in the kernel are 64 bits of nanoseconds, and less than 2^64 of them. */
#define TIMEOUT_MAX_MS ((int64_t)(UINT64_MAX / 1000000 - 1))

struct item {
	struct ip key;
	int64_t left_ms; /* 0: remove */
	size_t set, order;
	bool fresh; /* is to be added, and known not to be there */
};

struct nft {
	struct ban_sink sink;
	struct netlink *netlink;
	struct nft_ruleset ruleset;
	struct netlink_batch batch;
	struct nft_known known;
	const char *found;       /* wrong around the elements, between two reconciles */
	bool mended;             /* by this call of apply() */
	VEC(struct item) strays; /* elements that the last list() could not tell: not a network of their set's length */
	VEC(struct item) items;
	struct refusal {
		size_t n;
		int error;
		char network[PREFIX_TEXT_MAX]; /* the first */
	} refused;
};

static const struct {
	int error;
	const char *text;
} hints[] = {
	{ EPERM,
	  "that takes CAP_NET_ADMIN: run as root, or give it to the service (AmbientCapabilities=CAP_NET_ADMIN)" },
	{ EPROTONOSUPPORT, "this kernel has no nf_tables: load the module nf_tables, or use another sink" },
	{ EOPNOTSUPP, "this kernel has no nf_tables for inet: load the module nf_tables, or use another sink" },
	{ EAFNOSUPPORT, "this kernel has no nf_tables for inet: load the module nf_tables, or use another sink" },
	{ EINVAL, "this kernel knows no such message: is the module nf_tables loaded?" },
	{ EEXIST, "there is one of this name that is not the guard's: name another, or remove it (nft delete table)" },
	{ ENOBUFS, "the kernel's answers did not fit into its queue: raise net.core.rmem_max" },
	{ EMSGSIZE, "the allowlist does not fit into one message: raise net.core.wmem_max" },
};

static int failed(const struct nft *n, int r, char **ret_why) {
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].error == -r)
			return ban_sink_why(ret_why, r, "table inet %s: %s", n->ruleset.table, hints[i].text);
	return ban_sink_why(ret_why, r, "table inet %s: %s", n->ruleset.table, strerror(-r));
}

/* The clock of the kernel's timeouts. */
static int64_t now_ms(void) {
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whether nobody but us has changed anything since all was looked at. */
static bool is_known(struct nft *n) {
	uint32_t generation = 0;

	if (n->known.valid &&
	    (nft_generation(n->netlink, &n->ruleset, &generation) < 0 || generation != n->known.generation))
		nft_known_clear(&n->known);
	return n->known.valid;
}

/* Ends the transaction in n->batch and sends it. */
static int commit(struct nft *n) {
	int r;

	nft_commit(&n->batch);
	r = netlink_send(n->netlink, &n->batch, NULL, NULL);
	n->known.generation++;
	if (r < 0)
		nft_known_clear(&n->known);
	return r;
}

static int prepare(struct ban_sink *s, char **ret_why) {
	struct nft *n = (struct nft *)s;
	int r = 0;

	if (!n->netlink)
		r = netlink_open(NETLINK_NETFILTER, SINK_TIMEOUT_MS, &n->netlink);
	if (r >= 0 && !is_known(n))
		r = nft_mend(n->netlink, &n->ruleset, &s->mended);
	if (r >= 0 && !s->mended)
		s->mended = n->found;
	n->found = NULL;
	return r < 0 ? failed(n, r, ret_why) : 0;
}

/* What nft reads as a name without quotes. */
static bool good_name(const char *name) {
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return len && !name[len] && len <= TABLE_NAME_MAX && !strchr("0123456789", *name);
}

static int open_(const struct ban_sink_config *c, struct ban_sink **ret_sink, char **ret_why) {
	struct nft *n;

	if (!good_name(c->place))
		return ban_sink_why(ret_why, -EINVAL,
				    "nft:%s: write the name of a table for the guard alone, of letters, digits and "
				    "'_': nft:hextet_guard",
				    c->place);
	if (!(n = calloc(1, sizeof(*n))))
		return -ENOMEM;
	n->ruleset.table = c->place;
	n->ruleset.allow = c->allow;
	*ret_sink = &n->sink;
	return prepare(&n->sink, ret_why);
}

static void close_(struct ban_sink *s) {
	struct nft *n = (struct nft *)s;

	netlink_close(n->netlink);
	netlink_batch_done(&n->batch);
	nft_known_clear(&n->known);
	vec_done(&n->ruleset.lengths);
	vec_done(&n->strays);
	vec_done(&n->items);
	free(n);
}

static struct nft_length length_of(struct prefix p) {
	return (struct nft_length){ prefix_family(p), (uint8_t)prefix_text_len(p) };
}

static struct prefix network_of(const struct nft *n, size_t set, struct ip key) {
	struct nft_length l = n->ruleset.lengths.v[set - NFT_BAN];

	return (struct prefix){ key, (uint8_t)(l.family == FAMILY_4 ? l.len + 96 : l.len) };
}

static int item_order(const void *pa, const void *pb) {
	const struct item *a = pa, *b = pb;
	int order = a->set != b->set ? (a->set > b->set) - (a->set < b->set) : ip_compare(a->key, b->key);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* The changes by set, each element once with its last change. */
static void collect(struct nft *n, const struct sink_change *changes, size_t count) {
	size_t kept = 0;

	n->items.n = 0;
	for (size_t i = 0; i < n->strays.n; i++)
		vec_push(&n->items, n->strays.v[i]);
	for (size_t i = 0; i < count; i++) {
		const struct sink_entry *e = &changes[i].entry;
		int64_t left = changes[i].remove ? 0 : MIN(MAX(e->left_ms, 1), TIMEOUT_MAX_MS);
		struct nft_length length = length_of(e->network);
		size_t set = left ? nft_set_of(&n->ruleset, length) : nft_set_find(&n->ruleset, length);

		if (set != SIZE_MAX)
			vec_push(&n->items, (struct item){ e->network.ip, left, set, i + 1, false });
	}
	if (n->items.n)
		qsort(n->items.v, n->items.n, sizeof(*n->items.v), item_order);
	for (size_t i = 0; i < n->items.n; i++) {
		const struct item *next = i + 1 < n->items.n ? &n->items.v[i + 1] : NULL;

		if (!next || next->set != n->items.v[i].set || !ip_equal(next->key, n->items.v[i].key))
			n->items.v[kept++] = n->items.v[i];
	}
	n->items.n = kept;
	n->strays.n = 0;
}

/* "No such file" is never about an element here: somebody removed the table. */
static int mend(struct nft *n) {
	n->mended = true;
	nft_known_clear(&n->known);
	return nft_mend(n->netlink, &n->ruleset, &n->found);
}

/* Sets and rules for lengths that were not needed before. */
static int add_lengths(struct nft *n, size_t from) {
	int r;

	if (from == nft_set_count(&n->ruleset))
		return 0;
	nft_begin(&n->batch);
	for (size_t i = from; i < nft_set_count(&n->ruleset); i++) {
		nft_put_set(&n->batch, &n->ruleset, i);
		nft_put_rule(&n->batch, &n->ruleset, i);
	}
	r = commit(n);
	return r == -ENOENT ? mend(n) : r;
}

/* The messages of a transaction, for each set in this order. */
static const struct step {
	uint16_t type, flags;
	bool fresh; /* for these items, or for the others */
	bool final; /* those that are to be there, with their time; else all */
} steps[] = {
	{ NFT_MSG_NEWSETELEM, NLM_F_EXCL, true, true },
	{ NFT_MSG_NEWSETELEM, 0, false, false },
	{ NFT_MSG_DELSETELEM, 0, false, false },
	{ NFT_MSG_NEWSETELEM, 0, false, true },
};

/* One step for items of one set; no message when it is for none of them. */
static void put_items(struct nft *n, const struct item *items, size_t count, const struct step *step) {
	struct nft_elements e = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (items[i].fresh != step->fresh || (step->final && !items[i].left_ms))
			continue;
		if (!e.message)
			e = nft_begin_elements(&n->batch, &n->ruleset, items[i].set, step->type, step->flags);
		nft_put_element(&e, items[i].key, step->final ? (uint64_t)items[i].left_ms : 0, 0);
	}
	if (e.message)
		nft_end_elements(&e);
}

static int transact(struct nft *n, struct item *items, size_t count) {
	int64_t now = now_ms();
	int r;

	for (size_t i = 0; i < count; i++)
		items[i].fresh = n->known.valid && items[i].left_ms &&
				 !nft_known_has(&n->known, items[i].set, items[i].key, now);
	nft_begin(&n->batch);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && items[end].set == items[i].set;)
			end++;
		for (size_t k = 0; k < ARRAY_LEN(steps); k++)
			put_items(n, items + i, end - i, &steps[k]);
	}
	r = commit(n);
	for (size_t i = 0; i < count && n->known.valid; i++)
		if (items[i].left_ms)
			nft_known_put(&n->known, items[i].set, items[i].key, now + items[i].left_ms);
		else
			nft_known_remove(&n->known, items[i].set, items[i].key);
	return r;
}

/* Whether an error may be about a single element. */
static bool is_about_one(int r) {
	return r == -EINVAL || r == -EEXIST || r == -ENFILE || r == -ENOSPC || r == -ERANGE || r == -ENOENT ||
	       r == -EBUSY;
}

/* 0 also when some elements were refused, as long as there is hope for the others. */
static int apply_some(struct nft *n, struct item *items, size_t count) {
	bool known = n->known.valid;
	int r = transact(n, items, count);

	if (r < 0 && known)
		r = transact(n, items, count);
	if (r == -ENOENT && !n->mended) {
		r = mend(n);
		if (r >= 0)
			r = transact(n, items, count);
	}
	if (r >= 0 || !is_about_one(r))
		return r;
	if (count > 1) {
		r = apply_some(n, items, count / 2);
		return r < 0 ? r : apply_some(n, items + count / 2, count - count / 2);
	}
	if (!n->refused.n) {
		n->refused.error = r;
		(void)prefix_format(network_of(n, items->set, items->key), n->refused.network);
	}
	return ++n->refused.n > REFUSED_MAX ? r : 0;
}

static int apply_items(struct nft *n) {
	int r = 0;

	n->refused.n = 0;
	for (size_t i = 0; i < n->items.n && r >= 0; i += NFT_ELEMENTS)
		r = apply_some(n, n->items.v + i, MIN(n->items.n - i, (size_t)NFT_ELEMENTS));
	return r;
}

static int refused(const struct nft *n, char **ret_why) {
	char more[40] = "";

	if (n->refused.n > 1)
		(void)snprintf(more, sizeof(more), " (and %zu more)", n->refused.n - 1);
	return ban_sink_why(ret_why, 1, "table inet %s: %s%s was refused by the kernel: %s", n->ruleset.table,
			    n->refused.network, more, strerror(-n->refused.error));
}

static int apply(struct ban_sink *s, const struct sink_change *changes, size_t count, char **ret_why) {
	struct nft *n = (struct nft *)s;
	size_t sets = nft_set_count(&n->ruleset);
	int r;

	if (!n->netlink)
		return failed(n, -ENOTCONN, ret_why);
	n->mended = false;
	collect(n, changes, count);
	r = add_lengths(n, sets);
	if (r >= 0)
		r = apply_items(n);
	return r < 0 ? failed(n, r, ret_why) : n->refused.n ? refused(n, ret_why) : 0;
}

struct listing {
	struct nft *nft;
	size_t set;
	int64_t now_ms;
	void (*fn)(const struct sink_entry *e, void *user);
	void *user;
};

static void list_known(size_t set, struct ip key, int64_t until_ms, void *user) {
	const struct listing *l = user;
	int64_t left = until_ms == INT64_MAX ? INT64_MAX : until_ms - l->now_ms;

	l->fn(&(struct sink_entry){ network_of(l->nft, set, key), left }, l->user);
}

static void learn_element(const struct nft_element *e, void *user) {
	struct listing *l = user;
	struct nft *n = l->nft;
	struct prefix p = network_of(n, l->set, e->key), right = prefix_around(p.ip, p.len);

	if (!prefix_equal(p, right) || prefix_family(p) != nft_set_family(&n->ruleset, l->set))
		vec_push(&n->strays, (struct item){ .key = e->key, .set = l->set });
	else
		nft_known_put(&n->known, l->set, e->key, e->left_ms == INT64_MAX ? INT64_MAX : l->now_ms + e->left_ms);
}

/* Reads all sets. What others do meanwhile is after `generation`, and so is found the next time. */
static int learn(struct nft *n) {
	struct listing l = { .nft = n, .set = NFT_BAN, .now_ms = now_ms() };
	uint32_t generation = 0;
	int r;

	n->strays.n = 0;
	nft_known_clear(&n->known);
	r = nft_generation(n->netlink, &n->ruleset, &generation);
	for (; l.set < nft_set_count(&n->ruleset) && r >= 0; l.set++)
		r = nft_each_element(n->netlink, &n->ruleset, l.set, learn_element, &l);
	n->known.valid = r >= 0;
	n->known.generation = generation;
	return r;
}

static int list(struct ban_sink *s, void (*fn)(const struct sink_entry *e, void *user), void *user, char **ret_why) {
	struct nft *n = (struct nft *)s;
	struct listing l = { .nft = n, .now_ms = now_ms(), .fn = fn, .user = user };
	int r = !n->netlink ? -ENOTCONN : is_known(n) ? 0 : learn(n);

	s->unreadable = n->strays.n;
	if (r < 0)
		return failed(n, r, ret_why);
	nft_known_each(&n->known, l.now_ms, list_known, &l);
	return 0;
}

const struct ban_sink_kind ban_sink_kind_nft = {
	.name = "nft",
	.summary = "an nftables table of its own: sets with timeouts, the allowlist in front",
	.expires = true,
	.open = open_,
	.close = close_,
	.prepare = prepare,
	.apply = apply,
	.list = list,
};
