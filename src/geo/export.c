/* SPDX-License-Identifier: Apache-2.0 */
/* Networks go through a join straight to the format; for one that wants them by country they are kept and sorted. */
#include "geo/export.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "geo/join.h"
#include "geo/mmdb_value.h"

struct kept {
	struct prefix prefix;
	uint32_t seq; /* order of the addresses */
	char code[3];
};

struct walk {
	const struct geo_export *e;
	struct join join;
	VEC(struct kept) kept;
	enum family family; /* of what the join has */
	struct geo_export_stats stats;
	struct mmdb_fault *fault;
};

static uint64_t says_of(const char code[static 2]) {
	return (uint64_t)(unsigned char)code[0] << 8 | (unsigned char)code[1];
}

/* A joined network. */
static int take(struct prefix p, uint64_t says, void *user) {
	const char code[3] = { (char)(says >> 8), (char)says };
	struct walk *w = user;

	w->stats.networks++;
	if (w->e->format->by_country) {
		vec_push(&w->kept, (struct kept){ p, (uint32_t)w->kept.n, { code[0], code[1] } });
		return 0;
	}
	w->e->format->network(w->e, p, code);
	return ferror(w->e->out) ? -EIO : 0;
}

static bool wanted(const struct geo_export *e, const char code[static 2]) {
	for (const char *c = e->codes; c && *c; c += 2)
		if (memcmp(c, code, 2) == 0)
			return true;
	return !e->codes;
}

/* Whether the network has ::/96 or ::ffff:0:0/96 in it, by number alone. */
static bool has_ipv4(struct prefix p) {
	return p.len <= 96 && p.ip.hi == 0 && (p.ip.lo == 0 || ip_equal(prefix_around(ip_from_v4(0), p.len).ip, p.ip));
}

/* Adds an IPv6 network without the places in it that are IPv4's. */
static int add_cut(struct walk *w, struct prefix p, uint64_t says) {
	struct prefix half = { p.ip, (uint8_t)(p.len + 1) };
	unsigned shift = 127U - p.len;
	int r;

	if (!has_ipv4(p))
		return join_add(&w->join, p, says);
	if (p.len == 96)
		return 0;
	r = add_cut(w, half, says);
	*(shift < 64 ? &half.ip.lo : &half.ip.hi) |= UINT64_C(1) << shift % 64;
	return r ? r : add_cut(w, half, says);
}

static int network(const struct mmdb_network *n, void *user) {
	struct walk *w = user;
	enum family family = prefix_family(n->prefix);
	char code[3];
	int r;

	if (family != w->family) {
		r = join_end(&w->join);
		if (r)
			return r;
		w->family = family;
	}
	if (w->e->family && w->e->family != (unsigned)family)
		return 0;
	r = mmdb_country(w->e->db, n->offset, code, w->fault);
	if (r == 0)
		w->stats.without++;
	if (r <= 0)
		return r;
	if (!wanted(w->e, code))
		return 0;
	return family == FAMILY_4 ? join_add(&w->join, n->prefix, says_of(code)) : add_cut(w, n->prefix, says_of(code));
}

static int by_code(const void *a, const void *b) {
	const struct kept *x = a, *y = b;
	int order = memcmp(x->code, y->code, 2);

	return order ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static void begin_country(const struct walk *w, const char *code, FILE *codes) {
	if (w->e->format->country_begin)
		w->e->format->country_begin(w->e, code);
	(void)fputs(code, codes);
}

static void end_country(const struct walk *w) {
	if (w->e->format->country_end)
		w->e->format->country_end(w->e);
}

/* Gives the format what was kept, and notes the codes. */
static void give_kept(struct walk *w, FILE *codes) {
	if (w->kept.n)
		qsort(w->kept.v, w->kept.n, sizeof(*w->kept.v), by_code);
	for (size_t i = 0; i < w->kept.n; i++) {
		const struct kept *k = &w->kept.v[i];

		if (i == 0 || memcmp(k->code, k[-1].code, 2) != 0)
			begin_country(w, k->code, codes);
		w->e->format->network(w->e, k->prefix, k->code);
		if (i + 1 == w->kept.n || memcmp(k->code, k[1].code, 2) != 0)
			end_country(w);
	}
}

static int finish(struct walk *w) {
	_cleanup_(freep) char *codes = NULL;
	size_t len;
	FILE *f = open_memstream(&codes, &len);

	if (!f)
		return -ENOMEM;
	give_kept(w, f);
	if (fclose(f) != 0)
		return -ENOMEM;
	if (w->e->format->end)
		w->e->format->end(w->e, codes);
	return 0;
}

int geo_export_write(const struct geo_export *e, struct geo_export_stats *ret_stats, struct mmdb_fault *ret_fault) {
	struct walk w = { .e = e, .family = FAMILY_4, .fault = ret_fault };
	int r;

	w.join = (struct join){ .fn = take, .user = &w };
	if (e->format->begin)
		e->format->begin(e);
	r = mmdb_each(e->db, false, network, &w, ret_fault);
	if (r == 0)
		r = join_end(&w.join);
	if (r == 0)
		r = finish(&w);
	vec_done(&w.kept);
	errno = 0;
	if ((fflush(e->out) != 0 || ferror(e->out)) && r != -EBADMSG)
		r = errno ? -errno : -EIO;
	if (r == 0)
		*ret_stats = w.stats;
	return r;
}
