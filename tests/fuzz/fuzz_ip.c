/* SPDX-License-Identifier: Apache-2.0 */
/* Both readers agree; what is read is written and read again; a refusal has a reason and a place. */
#include "fuzz.h"

#include <string.h>

#include "addr/ip.h"

static void fuzz_address(const char *text, size_t size) {
	struct ip ip = { 0, 0 }, plain = { 0, 0 }, again;
	struct ip_fault fault = { IP_OK, 0 };
	char out[IP_TEXT_MAX];
	int r = ip_parse(text, size, &ip, &fault);

	CLAIM(ip_parse_plain(text, size, &plain, NULL) == r && ip_equal(ip, plain));
	CLAIM((r == 0) == (fault.error == IP_OK) && fault.at <= size);
	if (r < 0)
		return;
	CLAIM(ip_parse(out, ip_format(ip, out), &again, NULL) == 0 && ip_equal(ip, again));
	CLAIM(ip_parse(out, ip_format_mapped(ip, out), &again, NULL) == 0 && ip_equal(ip, again));
	CLAIM(ip_parse(out, ip_format_full(ip, out), &again, NULL) == 0 && ip_equal(ip, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data;
	struct ip_fault fault = { IP_OK, 0 };
	struct endpoint e, again;
	char out[ENDPOINT_TEXT_MAX];

	fuzz_address(text, size);
	if (endpoint_parse(text, size, &e, &fault) < 0) {
		CLAIM(fault.error != IP_OK && fault.at <= size);
		return 0;
	}
	CLAIM(endpoint_parse(out, endpoint_format(&e, out), &again, NULL) == 0);
	CLAIM(ip_equal(e.ip, again.ip) && e.port == again.port && strcmp(e.zone, again.zone) == 0);
	return 0;
}
