/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The networks whose answer differs between two MaxMind DB files, as the fewest prefixes, IPv4 first, in address order.
 * Files may differ in everything else: layout, record size, IP version, the order of map keys, where values stand.
 * Records are compared by value (mmdb_class.h).
 *
 * IPv4 is compared as IPv4, once; the places of the IPv6 space that are the IPv4 tree (aliases) are not compared again,
 * but an alias that only one file has is a difference. Neither are ::/96 and ::ffff:0:0/96, which are IPv4 to readers.
 */
#pragma once

#include "geo/mmdb.h"

enum mmdb_change_kind {
	MMDB_CHANGE_ADDED,   /* no record, then one */
	MMDB_CHANGE_REMOVED, /* a record, then none */
	MMDB_CHANGE_COUNTRY, /* another country, or one where the record had none */
	MMDB_CHANGE_RECORD,  /* another record with the same country, or still without one */
	MMDB_CHANGE_ALIAS,   /* one file answers as for the IPv4 address inside */
};

struct mmdb_answer {
	enum { MMDB_NO_RECORD, MMDB_RECORD, MMDB_AS_IPV4 } what;
	char country[3]; /* "" where there is none */
};

struct mmdb_change {
	struct prefix network;
	enum mmdb_change_kind kind;
	struct mmdb_answer from, to;
};

struct mmdb_diff {
	const struct mmdb *from, *to;
	bool country_only; /* records with the same country are the same, and one without a country is none */
	int (*fn)(const struct mmdb_change *change, void *user);
	void *user;
};

/*
 * Calls fn for each change; a non-zero result stops and is returned. 0 when all of them were told, -EBADMSG and the
 * fault for a broken file (*ret_broken is which one). Memory is bounded by the number of different records.
 */
int mmdb_diff(const struct mmdb_diff *d, struct mmdb_fault *ret_fault, const struct mmdb **ret_broken);
