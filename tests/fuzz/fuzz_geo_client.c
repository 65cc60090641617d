/* SPDX-License-Identifier: Apache-2.0 */
/* The client library takes what the verifier accepts and nothing else, and answers as the reader of the file does. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "geo/mmdb_value.h"
#include "geo/mmdb_verify.h"
#include "hextet-geo.h"

enum { ADDRESSES = 64 };

static void reader_code(const struct mmdb *db, struct ip ip, char ret_code[3]) {
	struct mmdb_fault fault;
	struct prefix network;
	uint64_t offset;
	int r = mmdb_lookup(db, ip, &offset, &network, &fault);

	memset(ret_code, 0, 3);
	CLAIM(r >= 0 || r == -EAFNOSUPPORT);
	if (r == 1 && mmdb_country(db, offset, ret_code, &fault) != 1)
		memset(ret_code, 0, 3);
}

/* Addresses spread over both families, near ::, and wherever the input's own bytes point. */
static struct ip address(const uint8_t *data, size_t size, unsigned i) {
	uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	uint8_t bytes[16];

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	memcpy(bytes, data + z % (size - 15), 16);
	if (i % 4 == 0)
		return ip_from_v4((uint32_t)(z ^ bytes[0]));
	if (i % 4 == 1)
		memset(bytes, 0, 12);
	if (i % 4 == 2)
		bytes[0] ^= (uint8_t)z;
	return ip_from_bytes(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char why[HEXTET_GEO_MESSAGE] = "";
	char code[3], wanted[3], codes[ADDRESSES][3];
	struct in6_addr v6[ADDRESSES];
	struct hextet_geo *geo = NULL;
	struct mmdb_fault fault;
	struct mmdb db;
	int errors = mmdb_verify(data, size, NULL, NULL, NULL), r = hextet_geo_open_bytes(data, size, &geo, why);

	if (errors != 0) {
		CLAIM(r == -EBADMSG && *why && !geo);
		return 0;
	}
	if (r == -EFBIG)
		return 0;
	CLAIM(r == 0 && mmdb_open(data, size, &db, &fault) == 0);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct ip ip = address(data, size, i);

		ip_to_bytes(ip, v6[i].s6_addr);
		reader_code(&db, ip, wanted);
		CLAIM(hextet_geo_country6(geo, &v6[i], code) == (*wanted != 0));
		CLAIM(memcmp(code, wanted, sizeof code) == 0);
		if (ip_is_v4(ip)) {
			struct in_addr v4;

			memcpy(&v4, v6[i].s6_addr + 12, sizeof v4);
			CLAIM(hextet_geo_country4(geo, v4, code) == (*wanted != 0));
			CLAIM(memcmp(code, wanted, sizeof code) == 0);
		}
	}
	(void)hextet_geo_countries6(geo, v6, ADDRESSES, codes);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		(void)hextet_geo_country6(geo, &v6[i], code);
		CLAIM(memcmp(code, codes[i], sizeof code) == 0);
	}
	hextet_geo_close(geo);
	return 0;
}
