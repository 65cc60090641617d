/* SPDX-License-Identifier: Apache-2.0 */
/* What is read is written and read again; host bits give the prefix that the message names. */
#include "fuzz.h"

#include "addr/prefix.h"
#include "addr/special.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct ip_fault fault = { IP_OK, 0 };
	struct prefix p = { .len = 0 }, again;
	char out[PREFIX_TEXT_MAX];
	int r = prefix_parse((const char *)data, size, &p, &fault);

	CLAIM((r == 0) == (fault.error == IP_OK) && fault.at <= size);
	if (r < 0 && fault.error != IP_ERR_HOST_BITS)
		return 0;
	CLAIM(ip_equal(prefix_around(p.ip, p.len).ip, p.ip) && prefix_covers(p, p));
	CLAIM(prefix_parse(out, prefix_format(p, out), &again, NULL) == 0 && prefix_equal(p, again));
	CLAIM(special_kind(p) != NULL);
	return 0;
}
