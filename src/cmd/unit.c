/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/unit.h"

#include <stdbool.h>

#include "base/macro.h"

struct unit {
	char letter; /* 0: none */
	uint64_t factor;
};

static bool parse(const char *text, const struct unit *units, size_t n, uint64_t max, uint64_t *ret_value) {
	uint64_t value = 0;
	const char *s = text;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	if (s == text || (s[0] && s[1]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (units[i].letter == *s)
			return !__builtin_mul_overflow(value, units[i].factor, ret_value) && *ret_value > 0 &&
			       *ret_value <= max;
	return false;
}

uint64_t unit_seconds(const char *text, const char *option, struct argp_state *state) {
	static const struct unit units[] = { { 0, 1 },      { 's', 1 },     { 'm', 60 },
					     { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	uint64_t value = 0;

	if (!parse(text, units, ARRAY_LEN(units), UINT64_C(1000) * 86400, &value))
		argp_error(state, "%s is a time like 90s, 5m or 1h, not '%s'", option, text);
	return value;
}

uint64_t unit_bytes(const char *text, const char *option, struct argp_state *state) {
	static const struct unit units[] = {
		{ 0, 1 }, { 'K', 1 << 10 }, { 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', UINT64_C(1) << 40 }
	};
	uint64_t value = 0;

	if (!parse(text, units, ARRAY_LEN(units), INT64_MAX, &value))
		argp_error(state, "%s is a size like 64K, 10M or 4G, not '%s'", option, text);
	return value;
}
