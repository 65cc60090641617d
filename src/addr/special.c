/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of the IANA IPv4 and IPv6 Special-Purpose Address Registries, and beside them multicast, the deprecated
 * site-local and IPv4-compatible blocks, and the parts of the IPv6 space that are not global unicast (IANA IPv6 Address
 * Space), so that "no row" means ordinary global unicast. Where the registries say N/A, the column is false.
 *
 * The search is linear: seventy rows of one comparison each are faster than a structure would be worth.
 */
#include "addr/special.h"

/* The registry's columns: source, destination, forwardable, globally reachable, reserved by protocol. */
enum { S = 1, D = 2, F = 4, G = 8, P = 16 };

#define V4(a, b, c, d, n)                                                                                              \
	{ { 0, IP4_MAPPED_LO | (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) }, 96 + (n) }
#define V6(high, low, n)                                                                                               \
	{ { UINT64_C(high), UINT64_C(low) }, n }
#define ROW(p, title, word, rfc, columns)                                                                              \
	{                                                                                                              \
		.name = (title), .kind = (word), .reference = (rfc), .prefix = p, .source = (columns)&S,               \
		.destination = ((columns)&D) != 0, .forwardable = ((columns)&F) != 0, .global = ((columns)&G) != 0,    \
		.reserved = ((columns)&P) != 0,                                                                        \
	}

/* clang-format off */
static const struct special table[] = {
	ROW(V4(0, 0, 0, 0, 8), "This network", "reserved", "RFC 791", S|P),
	ROW(V4(0, 0, 0, 0, 32), "This host on this network", "unspecified", "RFC 1122", S|P),
	ROW(V4(10, 0, 0, 0, 8), "Private-Use", "private", "RFC 1918", S|D|F),
	ROW(V4(100, 64, 0, 0, 10), "Shared Address Space", "shared", "RFC 6598", S|D|F),
	ROW(V4(127, 0, 0, 0, 8), "Loopback", "loopback", "RFC 1122", P),
	ROW(V4(169, 254, 0, 0, 16), "Link Local", "link-local", "RFC 3927", S|D|P),
	ROW(V4(172, 16, 0, 0, 12), "Private-Use", "private", "RFC 1918", S|D|F),
	ROW(V4(192, 0, 0, 0, 24), "IETF Protocol Assignments", "protocol", "RFC 6890", 0),
	ROW(V4(192, 0, 0, 0, 29), "IPv4 Service Continuity Prefix", "protocol", "RFC 7335", S|D|F),
	ROW(V4(192, 0, 0, 8, 32), "IPv4 dummy address", "dummy", "RFC 7600", S),
	ROW(V4(192, 0, 0, 9, 32), "Port Control Protocol Anycast", "anycast", "RFC 7723", S|D|F|G),
	ROW(V4(192, 0, 0, 10, 32), "Traversal Using Relays around NAT Anycast", "anycast", "RFC 8155", S|D|F|G),
	ROW(V4(192, 0, 0, 170, 32), "NAT64/DNS64 Discovery", "protocol", "RFC 8880", P),
	ROW(V4(192, 0, 0, 171, 32), "NAT64/DNS64 Discovery", "protocol", "RFC 8880", P),
	ROW(V4(192, 0, 2, 0, 24), "Documentation (TEST-NET-1)", "documentation", "RFC 5737", 0),
	ROW(V4(192, 31, 196, 0, 24), "AS112-v4", "anycast", "RFC 7535", S|D|F|G),
	ROW(V4(192, 52, 193, 0, 24), "AMT", "anycast", "RFC 7450", S|D|F|G),
	ROW(V4(192, 88, 99, 0, 24), "Deprecated (6to4 Relay Anycast)", "6to4", "RFC 7526", 0),
	ROW(V4(192, 88, 99, 2, 32), "6a44-relay anycast address", "anycast", "RFC 6751", S|D|F),
	ROW(V4(192, 168, 0, 0, 16), "Private-Use", "private", "RFC 1918", S|D|F),
	ROW(V4(192, 175, 48, 0, 24), "Direct Delegation AS112 Service", "anycast", "RFC 7534", S|D|F|G),
	ROW(V4(198, 18, 0, 0, 15), "Benchmarking", "benchmarking", "RFC 2544", S|D|F),
	ROW(V4(198, 51, 100, 0, 24), "Documentation (TEST-NET-2)", "documentation", "RFC 5737", 0),
	ROW(V4(203, 0, 113, 0, 24), "Documentation (TEST-NET-3)", "documentation", "RFC 5737", 0),
	ROW(V4(224, 0, 0, 0, 4), "Multicast", "multicast", "RFC 5771", D|F),
	ROW(V4(240, 0, 0, 0, 4), "Reserved", "reserved", "RFC 1112", P),
	ROW(V4(255, 255, 255, 255, 32), "Limited Broadcast", "broadcast", "RFC 8190", D|P),
	ROW(V6(0x0, 0x0, 8), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x0, 0x0, 96), "Deprecated (IPv4-Compatible Address)", "reserved", "RFC 4291", 0),
	ROW(V6(0x0, 0x0, 128), "Unspecified Address", "unspecified", "RFC 4291", S|P),
	ROW(V6(0x0, 0x1, 128), "Loopback Address", "loopback", "RFC 4291", P),
	ROW(V4(0, 0, 0, 0, 0), "IPv4-mapped Address", "mapped", "RFC 4291", P),
	ROW(V6(0x64ff9b00000000, 0x0, 96), "IPv4-IPv6 Translat.", "nat64", "RFC 6052", S|D|F|G),
	ROW(V6(0x64ff9b00010000, 0x0, 48), "IPv4-IPv6 Translat.", "nat64-local", "RFC 8215", S|D|F),
	ROW(V6(0x100000000000000, 0x0, 8), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x100000000000000, 0x0, 64), "Discard-Only Address Block", "discard", "RFC 6666", S|D|F),
	ROW(V6(0x100000000000001, 0x0, 64), "Dummy IPv6 Prefix", "dummy", "RFC 9780", S),
	ROW(V6(0x200000000000000, 0x0, 7), "Reserved by IETF", "reserved", "RFC 4048", 0),
	ROW(V6(0x400000000000000, 0x0, 6), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x800000000000000, 0x0, 5), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x1000000000000000, 0x0, 4), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x2001000000000000, 0x0, 23), "IETF Protocol Assignments", "protocol", "RFC 2928", 0),
	ROW(V6(0x2001000000000000, 0x0, 32), "TEREDO", "teredo", "RFC 4380", S|D|F),
	ROW(V6(0x2001000100000000, 0x1, 128), "Port Control Protocol Anycast", "anycast", "RFC 7723", S|D|F|G),
	ROW(V6(0x2001000100000000, 0x2, 128), "Traversal Using Relays around NAT Anycast", "anycast", "RFC 8155", S|D|F|G),
	ROW(V6(0x2001000100000000, 0x3, 128), "DNS-SD Service Registration Protocol Anycast", "anycast", "RFC 9665", S|D|F|G),
	ROW(V6(0x2001000200000000, 0x0, 48), "Benchmarking", "benchmarking", "RFC 5180", S|D|F),
	ROW(V6(0x2001000300000000, 0x0, 32), "AMT", "anycast", "RFC 7450", S|D|F|G),
	ROW(V6(0x2001000401120000, 0x0, 48), "AS112-v6", "anycast", "RFC 7535", S|D|F|G),
	ROW(V6(0x2001001000000000, 0x0, 28), "Deprecated (previously ORCHID)", "orchid", "RFC 4843", 0),
	ROW(V6(0x2001002000000000, 0x0, 28), "ORCHIDv2", "orchid", "RFC 7343", S|D|F|G),
	ROW(V6(0x2001003000000000, 0x0, 28), "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "orchid", "RFC 9374", S|D|F|G),
	ROW(V6(0x20010db800000000, 0x0, 32), "Documentation", "documentation", "RFC 3849", 0),
	ROW(V6(0x2002000000000000, 0x0, 16), "6to4", "6to4", "RFC 3056", S|D|F),
	ROW(V6(0x2620004f80000000, 0x0, 48), "Direct Delegation AS112 Service", "anycast", "RFC 7534", S|D|F|G),
	ROW(V6(0x3fff000000000000, 0x0, 20), "Documentation", "documentation", "RFC 9637", 0),
	ROW(V6(0x4000000000000000, 0x0, 3), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x5f00000000000000, 0x0, 16), "Segment Routing (SRv6) SIDs", "srv6", "RFC 9602", S|D|F),
	ROW(V6(0x6000000000000000, 0x0, 3), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0x8000000000000000, 0x0, 3), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xa000000000000000, 0x0, 3), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xc000000000000000, 0x0, 3), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xe000000000000000, 0x0, 4), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xf000000000000000, 0x0, 5), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xf800000000000000, 0x0, 6), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xfc00000000000000, 0x0, 7), "Unique-Local", "unique-local", "RFC 4193", S|D|F),
	ROW(V6(0xfe00000000000000, 0x0, 9), "Reserved by IETF", "reserved", "RFC 4291", 0),
	ROW(V6(0xfe80000000000000, 0x0, 10), "Link-Local Unicast", "link-local", "RFC 4291", S|D|P),
	ROW(V6(0xfec0000000000000, 0x0, 10), "Deprecated (Site-Local Unicast)", "site-local", "RFC 3879", 0),
	ROW(V6(0xff00000000000000, 0x0, 8), "Multicast", "multicast", "RFC 4291", D|F),
};
/* clang-format on */

const struct special *special_of_prefix(struct prefix p) {
	const struct special *best = NULL;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct special *row = &table[i];

		/* The mapped block as a whole is IPv4's 0.0.0.0/0: a row to list, not a property of an address. */
		if (row->prefix.len != 96 || !ip_is_v4(row->prefix.ip))
			if (prefix_covers(row->prefix, p) && (!best || best->prefix.len < row->prefix.len))
				best = row;
	}
	return best;
}

const struct special *special_of_ip(struct ip ip) {
	return special_of_prefix(prefix_host(ip));
}

const char *special_kind(struct prefix p) {
	const struct special *row = special_of_prefix(p);

	return row ? row->kind : "global";
}

const struct special *special_table(size_t *ret_n) {
	*ret_n = ARRAY_LEN(table);
	return table;
}
