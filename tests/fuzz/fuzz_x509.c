/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: any bytes are refused or give texts that no terminal is driven by. */
#include "fuzz.h"

#include "probe/x509.h"

static void check_text(struct str s) {
	bool harmless = true;

	for (size_t i = 0; i < s.len && harmless;)
		i += utf8_next(s.s + i, s.len - i, &harmless);
	CLAIM(harmless);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
	struct arena a = { 0 };
	struct x509 x;

	if (x509_parse(data, len, &a, &x) == 0) {
		check_text(x.subject);
		check_text(x.issuer);
		check_text(x.names);
	}
	arena_done(&a);
	return 0;
}
