/* SPDX-License-Identifier: Apache-2.0 */
/* The prefixes of a range follow each other without a gap, from its first address to its last. */
#include "fuzz.h"

#include "addr/set.h"

struct cover {
	struct range range;
	struct ip next;
	unsigned n;
};

static int follow(struct prefix p, void *user) {
	struct cover *c = user;

	/* The numbers of IPv4 mean nothing in IPv6: a range steps over them. */
	if (!ip_is_v4(c->range.first) && ip_is_v4(c->next))
		c->next = ip_next(ip_from_v4(UINT32_MAX));
	CLAIM(ip_equal(p.ip, c->next) && prefix_family(p) == ip_family(c->range.first));
	c->next = ip_next(prefix_last(p));
	c->n++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct ip_fault fault = { IP_OK, 0 };
	struct prefix_set set = PREFIX_SET_INIT;
	struct cover c = { .n = 0 };
	struct ip end;
	int r = range_parse((const char *)data, size, &c.range, &fault);

	CLAIM((r == 0) == (fault.error == IP_OK) && fault.at <= size);
	if (r < 0)
		return 0;
	c.next = c.range.first;
	CLAIM(range_each_prefix(c.range, follow, &c) == 0 && c.n >= 1 && c.n <= 254);
	end = ip_next(c.range.last);
	CLAIM(ip_equal(c.next, end) || (ip_is_v4(end) && ip_equal(c.next, ip_next(ip_from_v4(UINT32_MAX)))));
	prefix_set_add_range(&set, c.range);
	CLAIM(prefix_set_has_ip(&set, c.range.first) && prefix_set_has_ip(&set, c.range.last));
	prefix_set_subtract(&set, &set);
	CLAIM(prefix_set_is_empty(&set));
	prefix_set_done(&set);
	return 0;
}
