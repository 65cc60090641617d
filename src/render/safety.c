/* SPDX-License-Identifier: Apache-2.0 */
/* Integers only: 64 bits hold a hundred times any count, and a share has no rounding that could turn it. */
#include "render/safety.h"

#include <errno.h>

bool safety_refuses(const struct safety *s, const struct fact_count *c) {
	return c->lost >= MAX(s->floor, 1U) && (uint64_t)c->lost * 100 > (uint64_t)c->old * s->percent;
}

int safety_parse_percent(const char *text, uint32_t *ret_percent) {
	uint32_t n = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9' && n <= 100; c++)
		n = n * 10 + (uint32_t)(*c - '0');
	if (c == text || n > 100 || (c[0] && (c[0] != '%' || c[1])))
		return -EINVAL;
	*ret_percent = n;
	return 0;
}

const char *safety_text(const struct safety *s, const struct fact_count *c, const char *kind, struct arena *a) {
	return arena_printf(a, "%u of %u %ss (%u %%) would go away, and at most %u %% may", c->lost, c->old, kind,
			    c->old ? (uint32_t)((uint64_t)c->lost * 100 / c->old) : 0, s->percent);
}
