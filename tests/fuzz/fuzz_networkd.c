/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says which kind of file the rest is. Every complaint names a line of the text. */
#include "fuzz.h"

#include <string.h>

#include "render/networkd_read.h"

struct heard {
	unsigned n;
	size_t lines;
};

static void hear(uint32_t line, const char *message, void *user) {
	struct heard *h = user;

	h->n++;
	CLAIM(line <= h->lines);
	CLAIM(message[0] && strlen(message) < 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const struct str text = { (const char *)data + 1, size - 1 };
	struct heard h = { 0, 1 };
	unsigned mistakes;

	if (!size)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		h.lines += text.s[i] == '\n';
	mistakes = networkd_read(text, data[0] & 1 ? NETWORKD_NETDEV : NETWORKD_NETWORK, hear, &h);
	CLAIM(mistakes == h.n);
	return 0;
}
