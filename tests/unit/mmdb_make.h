/* SPDX-License-Identifier: Apache-2.0 */
/* Makes MaxMind DB files by hand, byte by byte, right ones and wrong ones, for the tests of what reads them. */
#pragma once

#include <string.h>

#include "base/macro.h"

struct bytes {
	uint8_t b[1 << 19];
	size_t n;
};

static inline void put(struct bytes *to, const void *what, size_t len) {
	memcpy(to->b + to->n, what, len);
	to->n += len;
}

static inline void put_big(struct bytes *to, uint64_t x, unsigned n) {
	while (n--)
		to->b[to->n++] = (uint8_t)(x >> 8 * n);
}

/* A control byte, the byte of an extended type, the bytes of the size. */
static inline void put_head(struct bytes *to, unsigned type, uint32_t size) {
	unsigned more = size < 29 ? 0 : size < 285 ? 1 : size < 65821 ? 2 : 3;
	static const uint32_t base[] = { 0, 29, 285, 65821 };

	put_big(to, (type > 7 ? 0 : type << 5) | (more ? 28 + more : size), 1);
	if (type > 7)
		put_big(to, type - 7, 1);
	put_big(to, size - base[more], more);
}

static inline void put_text(struct bytes *to, const char *text) {
	put_head(to, 2, (uint32_t)strlen(text));
	put(to, text, strlen(text));
}

static inline void put_number(struct bytes *to, unsigned type, uint64_t x, unsigned len) {
	put_head(to, type, len);
	put_big(to, x, len);
}

static inline void put_node(struct bytes *to, unsigned bits, uint64_t left, uint64_t right) {
	if (bits == 28) {
		put_big(to, left & 0xffffff, 3);
		put_big(to, left >> 24 << 4 | right >> 24, 1);
		put_big(to, right & 0xffffff, 3);
	} else {
		put_big(to, left, bits / 8);
		put_big(to, right, bits / 8);
	}
}

static inline void put_separator(struct bytes *to) {
	static const uint8_t zeros[16];

	put(to, zeros, sizeof(zeros));
}

static inline void put_meta(struct bytes *to, uint64_t nodes, unsigned bits, unsigned ip_version) {
	put(to, "\xab\xcd\xefMaxMind.com", 14);
	put_head(to, 7, 9);
	put_text(to, "binary_format_major_version");
	put_number(to, 5, 2, 2);
	put_text(to, "binary_format_minor_version");
	put_number(to, 5, 0, 0);
	put_text(to, "build_epoch");
	put_number(to, 9, 1700000000, 8);
	put_text(to, "database_type");
	put_text(to, "Test-Country");
	put_text(to, "description");
	put_head(to, 7, 1);
	put_text(to, "en");
	put_text(to, "made by hand");
	put_text(to, "ip_version");
	put_number(to, 5, ip_version, 2);
	put_text(to, "languages");
	put_head(to, 11, 1);
	put_text(to, "en");
	put_text(to, "node_count");
	put_number(to, 6, nodes, 4);
	put_text(to, "record_size");
	put_number(to, 5, bits, 2);
}
