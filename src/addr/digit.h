/* SPDX-License-Identifier: Apache-2.0 */
/* Digit classes by table, for the parsers of this room. The ctype functions follow the locale; addresses do not. */
#pragma once

#include "base/macro.h"

/* Value of a hexadecimal digit plus one; 0 for every other byte. */
extern const uint8_t digit_hex_plus_one[256];

/* 0..15, or -1. */
static inline int digit_hex(char c) {
	return digit_hex_plus_one[(unsigned char)c] - 1;
}

static inline bool digit_is_decimal(char c) {
	return (unsigned char)(c - '0') < 10;
}

/* A decimal number without sign or leading zero, at most max (< 2^24): its length in bytes, or 0 when there is none. */
static inline size_t digit_number(const char *text, size_t len, uint32_t max, uint32_t *ret_n) {
	uint32_t n = 0;
	size_t i = 0;

	for (; i < len && digit_is_decimal(text[i]); i++) {
		n = n * 10 + (uint32_t)(text[i] - '0');
		if (n > max || (i && text[0] == '0'))
			return 0;
	}
	if (i)
		*ret_n = n;
	return i;
}
