/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One address type for both families: 128 bits, IPv4 held as v4-mapped (::ffff:a.b.c.d). An address that is read from
 * text as ::ffff:a.b.c.d *is* a.b.c.d, whatever form it was written in.
 *
 * Text in: RFC 4291 section 2.2, all three forms; IPv4 is exactly four decimal numbers without leading zeros (RFC 6943
 * section 3.1.1: octal and short forms are how filters are evaded). Text out: RFC 5952 section 4.
 */
#pragma once

#include "base/str.h"

/* Bits in host order: hi holds the first 64. Compare, mask and count with plain arithmetic. */
struct ip {
	uint64_t hi, lo;
};

enum family { FAMILY_4 = 4, FAMILY_6 = 6 };

enum {
	IP_TEXT_MAX = 46,   /* longest address text with its zero: "ffff:…:ffff" is 39, mapped forms 45 */
	ZONE_TEXT_MAX = 16, /* IFNAMSIZ: longest interface name with its zero */
};

#define IP4_MAPPED_LO UINT64_C(0x0000ffff00000000)

static inline struct ip ip_from_v4(uint32_t v4_host) {
	return (struct ip){ 0, IP4_MAPPED_LO | v4_host };
}

static inline bool ip_is_v4(struct ip ip) {
	return ip.hi == 0 && ip.lo >> 32 == 0xffff;
}

static inline enum family ip_family(struct ip ip) {
	return ip_is_v4(ip) ? FAMILY_4 : FAMILY_6;
}

static inline int ip_compare(struct ip a, struct ip b) {
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo == b.lo ? 0 : a.lo < b.lo ? -1 : 1;
}

static inline bool ip_equal(struct ip a, struct ip b) {
	return a.hi == b.hi && a.lo == b.lo;
}

/* a + 1 and a - 1, wrapping at the ends. */
struct ip ip_next(struct ip a);
struct ip ip_previous(struct ip a);

/* Network byte order, 16 bytes. */
struct ip ip_from_bytes(const uint8_t bytes[static 16]);
void ip_to_bytes(struct ip ip, uint8_t ret_bytes[static 16]);

/*
 * Why a text is not an address. ip_error_hint() says what to write instead; `at` is the byte offset of the
 * first character that cannot be right.
 */
enum ip_error {
	IP_OK,
	IP_ERR_EMPTY,
	IP_ERR_CHARACTER, /* a character that no address has */
	IP_ERR_V4_PARTS,  /* not four numbers */
	IP_ERR_V4_RANGE,  /* a number above 255 */
	IP_ERR_V4_LEADING_ZERO,
	IP_ERR_V6_GROUP,    /* more than four hex digits in a group */
	IP_ERR_V6_FEW,      /* fewer than eight groups and no :: */
	IP_ERR_V6_MANY,     /* more than eight groups */
	IP_ERR_V6_TWO_GAPS, /* :: twice, or ::: */
	IP_ERR_V6_COLON,    /* a lone colon at an end */
	IP_ERR_V4_IN_V6,    /* embedded IPv4 that is not last */
	IP_ERR_ZONE,        /* empty, too long, on IPv4, or where none is allowed */
	IP_ERR_LENGTH,      /* prefix length missing, not a number, leading zero or too large */
	IP_ERR_HOST_BITS,   /* bits set to the right of the prefix length */
	IP_ERR_PORT,        /* not 0..65535, or brackets missing */
	IP_ERR_TRAILING,    /* something after the end */
	IP_ERR_RANGE,       /* no '-', ends of two families, or the lower one last */
	_IP_ERR_MAX
};

struct ip_fault {
	enum ip_error error;
	size_t at; /* byte offset in the text */
};

/* The sentence for an error, e.g. "each of the four numbers is 0 to 255"; never NULL. */
const char *ip_error_hint(enum ip_error e);

/*
 * Parses exactly `len` bytes as an address without zone, length or brackets. Returns 0 and the address, or -EINVAL and,
 * when `fault` is given, why. Never reads past len; never allocates.
 */
int ip_parse(const char *text, size_t len, struct ip *ret_ip, struct ip_fault *fault);

/* The same by the reader that takes every text, without the quick road for plain ones: for comparison in tests. */
int ip_parse_plain(const char *text, size_t len, struct ip *ret_ip, struct ip_fault *fault);

/* An address with zone and port as they are met in configuration files and logs. */
struct endpoint {
	struct ip ip;
	char zone[ZONE_TEXT_MAX]; /* "" when none */
	int32_t port;             /* -1 when none */
};

/*
 * Parses "a.b.c.d", "a.b.c.d:port", "v6", "v6%zone", "[v6]", "[v6]:port", "[v6%zone]:port" (RFC 4007, RFC 5952
 * section 6). A port behind an IPv6 address without brackets is IP_ERR_PORT or another group, never guessed. A zone is
 * 1 to 15 printable ASCII characters without blank, '/', '%' and brackets.
 */
int endpoint_parse(const char *text, size_t len, struct endpoint *ret_e, struct ip_fault *fault);

/* Writes the RFC 5952 text and its zero; returns its length. IPv4 is written dotted. */
size_t ip_format(struct ip ip, char ret_text[static IP_TEXT_MAX]);

/* As ip_format(), but IPv4 as ::ffff:a.b.c.d. */
size_t ip_format_mapped(struct ip ip, char ret_text[static IP_TEXT_MAX]);

/* All eight groups with four digits; IPv4 dotted. */
size_t ip_format_full(struct ip ip, char ret_text[static IP_TEXT_MAX]);

/* Formats an endpoint: brackets around IPv6 when there is a port. Room for zone, brackets and port. */
enum { ENDPOINT_TEXT_MAX = IP_TEXT_MAX + ZONE_TEXT_MAX + 9 };
size_t endpoint_format(const struct endpoint *e, char ret_text[static ENDPOINT_TEXT_MAX]);
