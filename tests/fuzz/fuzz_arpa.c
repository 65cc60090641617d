/* SPDX-License-Identifier: Apache-2.0 */
/* A name that is read is the name of what was read. */
#include "fuzz.h"

#include <strings.h>

#include "addr/arpa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data;
	char out[ARPA_TEXT_MAX];
	struct prefix p, again;
	size_t at = 0, len;

	if (arpa_parse(text, size, &p, &at) < 0) {
		CLAIM(at <= size);
		return 0;
	}
	CLAIM(p.len % 4 == 0 && ip_equal(prefix_around(p.ip, p.len).ip, p.ip));
	len = arpa_zone(p, out);
	CLAIM(arpa_parse(out, len, &again, NULL) == 0 && prefix_covers(again, p));
	/* 24 and more nibbles of ip6.arpa under ::ffff:0:0/96 are IPv4, and have another name. Others come back. */
	if (strncasecmp(out + len - 8, text + size - (text[size - 1] == '.') - 8, 8) == 0)
		CLAIM(prefix_equal(again, p) && len == size - (text[size - 1] == '.') &&
		      strncasecmp(out, text, len) == 0);
	else
		CLAIM(prefix_family(p) == FAMILY_4);
	return 0;
}
