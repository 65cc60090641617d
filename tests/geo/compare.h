/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares libhextet-geo's answers with libmaxminddb's, one by one and in batches: at the first and last address of
 * every network of a file and beside them, at random addresses, and at random addresses of the networks it has.
 */
#pragma once

#include <arpa/inet.h>
#include <err.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/random.h"
#include "addr/wide.h"
#include "hextet-geo.h"

enum { BATCH = 1000, SHOWN = 10 };

struct network {
	wide first, last;
};

struct compare {
	MMDB_s oracle;
	struct hextet_geo *geo;
	struct network *networks[2]; /* of IPv6, IPv4 */
	size_t count[2];
	struct in_addr batch4[BATCH];
	struct in6_addr batch6[BATCH];
	size_t pending[2];
	uint64_t compared, differ;
	unsigned walk_max; /* networks of a family to walk over */
};

/* The oracle's answer in two letters, "" for none; *ret_bits: how long the network around the address is, in a tree of
 * 32 bits for IPv4 and of 128 for IPv6. */
static inline void oracle(struct compare *s, const struct sockaddr *address, char ret_code[3], unsigned *ret_bits) {
	int error = MMDB_SUCCESS;
	MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&s->oracle, address, &error);
	MMDB_entry_data_s data = { .has_data = false };

	memset(ret_code, 0, 3);
	if (error == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) {
		*ret_bits = 0;
		return;
	}
	if (error != MMDB_SUCCESS)
		errx(2, "libmaxminddb: %s", MMDB_strerror(error));
	*ret_bits = found.netmask;
	if (address->sa_family == AF_INET && s->oracle.metadata.ip_version == 6)
		*ret_bits = found.netmask > 96 ? found.netmask - 96 : 0;
	if (!found.found_entry)
		return;
	error = MMDB_get_value(&found.entry, &data, "country", "iso_code", NULL);
	if (error == MMDB_SUCCESS && data.has_data && data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2)
		memcpy(ret_code, data.utf8_string, 2);
}

static inline struct sockaddr_in socket4(struct in_addr a) {
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = a };
}

static inline struct sockaddr_in6 socket6(struct in6_addr a) {
	return (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = a };
}

static inline struct in6_addr bytes6(wide w) {
	struct in6_addr a;

	for (int i = 15; i >= 0; i--, w >>= 8)
		a.s6_addr[i] = (uint8_t)w;
	return a;
}

static inline void differ(struct compare *s, int family, const void *address, const char *wanted, const char *got) {
	char text[INET6_ADDRSTRLEN];

	if (s->differ++ < SHOWN)
		printf("%s: libmaxminddb says '%s', libhextet-geo '%.2s'\n",
		       inet_ntop(family, address, text, sizeof text), wanted, got);
}

static inline void flush4(struct compare *s) {
	char codes[BATCH][3], one[3], wanted[3];
	size_t n = s->pending[1], found = 0;
	unsigned bits;

	found = hextet_geo_countries4(s->geo, s->batch4, n, codes);
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_in address = socket4(s->batch4[i]);
		int r = hextet_geo_country4(s->geo, s->batch4[i], one);

		oracle(s, (const struct sockaddr *)&address, wanted, &bits);
		if (strcmp(one, wanted) != 0 || r != (*wanted != 0))
			differ(s, AF_INET, &s->batch4[i], wanted, one);
		if (strcmp(codes[i], wanted) != 0)
			differ(s, AF_INET, &s->batch4[i], wanted, codes[i]);
		found -= *wanted != 0;
	}
	if (found != 0)
		errx(1, "a batch of IPv4 counts wrong");
	s->compared += n;
	s->pending[1] = 0;
}

static inline void flush6(struct compare *s) {
	char codes[BATCH][3], one[3], wanted[3];
	size_t n = s->pending[0], found = 0;
	unsigned bits;

	found = hextet_geo_countries6(s->geo, s->batch6, n, codes);
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_in6 address = socket6(s->batch6[i]);
		int r = hextet_geo_country6(s->geo, &s->batch6[i], one);

		oracle(s, (const struct sockaddr *)&address, wanted, &bits);
		if (strcmp(one, wanted) != 0 || r != (*wanted != 0))
			differ(s, AF_INET6, &s->batch6[i], wanted, one);
		if (strcmp(codes[i], wanted) != 0)
			differ(s, AF_INET6, &s->batch6[i], wanted, codes[i]);
		found -= *wanted != 0;
	}
	if (found != 0)
		errx(1, "a batch of IPv6 counts wrong");
	s->compared += n;
	s->pending[0] = 0;
}

/* An IPv4 address is the low 32 bits of w. */
static inline void compare(struct compare *s, bool is_v4, wide w) {
	if (is_v4) {
		s->batch4[s->pending[1]++].s_addr = htonl((uint32_t)w);
		if (s->pending[1] == BATCH)
			flush4(s);
	} else if (w >> 32 != 0xffff) { /* mapped addresses are IPv4 here, and what the file says in the oracle */
		s->batch6[s->pending[0]++] = bytes6(w);
		if (s->pending[0] == BATCH)
			flush6(s);
	}
}

static inline void keep(struct compare *s, bool is_v4, struct network n) {
	size_t *count = &s->count[is_v4];

	if ((*count & (*count - 1)) == 0)
		s->networks[is_v4] = realloc(s->networks[is_v4], (*count ? *count * 2 : 1) * sizeof n);
	if (!s->networks[is_v4])
		err(2, "realloc");
	s->networks[is_v4][(*count)++] = n;
}

/* Steps through a family network by network, as the oracle tells their lengths. IPv6 leaves out where the file has the
 * IPv4 tree again, after ::/96. */
static inline void walk(struct compare *s, bool is_v4) {
	unsigned bits = is_v4 ? 32 : 128, len;
	wide end = is_v4 ? UINT32_MAX : ~(wide)0, at = 0;
	char code[3];

	/* a tree with shared parts may have far more networks than nodes */
	for (unsigned steps = 0; steps < s->walk_max; steps++) {
		struct network n;

		if (is_v4) {
			struct sockaddr_in a = socket4((struct in_addr){ htonl((uint32_t)at) });

			oracle(s, (const struct sockaddr *)&a, code, &len);
		} else {
			struct sockaddr_in6 a = socket6(bytes6(at));

			oracle(s, (const struct sockaddr *)&a, code, &len);
		}
		n = (struct network){ at, at | wide_ones(bits - len) };
		if (at == 0 && !is_v4)
			n.last = MAX(n.last, UINT32_MAX); /* ::/96 was IPv4 */
		if (at >> 112 == 0x2002)
			n.last = at | wide_ones(112);
		compare(s, is_v4, n.first);
		compare(s, is_v4, n.last);
		compare(s, is_v4, (n.last - 1) & end);
		if (*code)
			keep(s, is_v4, n);
		if (n.last >= end)
			return;
		at = n.last + 1;
	}
}

static inline wide random_wide(uint64_t *seed) {
	wide high = random_next(seed);

	return high << 64 | random_next(seed);
}

static inline void draw(struct compare *s, bool is_v4, unsigned n, uint64_t *seed) {
	for (unsigned i = 0; i < n; i++) {
		wide any = random_wide(seed);

		compare(s, is_v4, is_v4 ? (uint32_t)any : i & 1 ? any : any >> 3 | (wide)1 << 125);
		if (s->count[is_v4] > 0) {
			struct network in = s->networks[is_v4][random_below(seed, (unsigned)s->count[is_v4])];

			compare(s, is_v4, in.first + random_wide(seed) % (in.last - in.first + 1));
		}
	}
}

/* The file is open in both. Returns how many answers differ. */
static inline uint64_t compare_run(struct compare *s, unsigned n, uint64_t *seed) {
	for (int is_v4 = 1; is_v4 >= 0; is_v4--) {
		if (is_v4 || s->oracle.metadata.ip_version == 6)
			walk(s, is_v4);
		draw(s, is_v4, n, seed);
	}
	flush4(s);
	flush6(s);
	free(s->networks[0]);
	free(s->networks[1]);
	return s->differ;
}
