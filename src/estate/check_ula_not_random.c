/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forty random bits are ten hexadecimal digits; what people type is not random. Each rule below rejects a good prefix
 * with a probability of less than 1 in 10 000.
 */
#include <string.h>

#include "estate/check.h"
#include "estate/claim_walk.h"

static const char *const words[] = { "123456", "234567", "345678", "456789", "56789a",   "6789ab",  "789abc",
				     "89abcd", "9abcde", "abcdef", "fedcba", "987654",   "654321",  "dead00",
				     "c0ffee", "badcaf", "deadbe", "cafeba", "cafebeef", "beefcafe" };

/* The forty bits, as a number and as text. */
static bool is_typed(uint64_t id, const char *digits) {
	unsigned seen = 0, zeros = 0;

	for (unsigned i = 0; i < 10; i++, id >>= 4) {
		seen |= 1U << (id & 0xf);
		zeros += (id & 0xf) == 0;
	}
	if (zeros >= 6 || __builtin_popcount(seen) <= 3)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(digits, words[i]))
			return true;
	return false;
}

static void look(struct check_run *r, const struct claim *c) {
	const uint64_t high = c->prefix.ip.hi, id = high >> 16 & UINT64_C(0xffffffffff);
	char digits[11], text[PREFIX_TEXT_MAX];

	(void)snprintf(digits, sizeof(digits), "%010llx", (unsigned long long)id);
	(void)prefix_format(prefix_around(c->prefix.ip, 48), text);
	if (high >> 56 == 0xfc)
		check_report(r, c->at, "take a prefix in fd00::/8, with 40 random bits behind the fd",
			     "\"%s\" is in fc00::/8, which nobody may use yet", c->at->text.s);
	else if (c->prefix.len < 48 || is_typed(id, digits))
		check_report(r, c->at,
			     "put 40 random bits behind the fd, as \"openssl rand -hex 5\" prints them, and cut /64s "
			     "from that /48",
			     "\"%s\" is unique local space with the global id %s, which is not random", c->at->text.s,
			     c->prefix.len < 48 ? "left open" : digits);
}

static void run(struct check_run *r) {
	const struct claim *c, *end;
	struct prefix seen = { { 0, 0 }, 128 };

	claims_inside(r->estate, (struct prefix){ { UINT64_C(0xfc) << 56, 0 }, 7 }, &c, &end);
	for (; c != end; c++) {
		/* Once for each /48: at the first and largest claim in it. */
		if (prefix_covers(seen, c->prefix) || c->prefix.len < 8)
			continue;
		seen = prefix_around(c->prefix.ip, MIN(c->prefix.len, 48));
		look(r, c);
	}
}

const struct check check_ula_not_random = {
	.name = "ula-not-random",
	.severity = SEVERITY_WARNING,
	.summary = "A unique local prefix whose global id was not drawn at random",
	.doc = "Unique local prefixes are unique because 40 of their bits are random (RFC 4193 section 3.2). "
	       "fd00::/48 and its like are taken by everybody who did not read on: the day two networks are joined, "
	       "by a merger or a VPN, their addresses collide and one of them is renumbered. Reported once for each "
	       "/48.",
	.run = run,
};
