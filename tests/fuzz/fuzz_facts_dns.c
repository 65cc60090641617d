/* SPDX-License-Identifier: Apache-2.0 */
/* Either a refusal that names a line, or records with complete names in lower case. */
#include "fuzz.h"

#include <ctype.h>
#include <string.h>

#include "render/facts_dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *error = NULL;
	struct arena a = { 0 };
	struct facts f;

	facts_init(&f, &a);
	if (facts_dns_read(&f, (struct str){ (const char *)data, size }, &error) < 0) {
		CLAIM(error && strncmp(error, "line ", 5) == 0);
	} else {
		CLAIM(!error);
		for (size_t i = 0; i < f.records.n; i++) {
			const struct fact_record *r = &f.records.v[i];

			CLAIM(r->owner[0] && r->owner[strlen(r->owner) - 1] == '.' && strlen(r->owner) <= 255);
			for (const char *c = r->owner; *c; c++)
				CLAIM(!isupper((unsigned char)*c));
			CLAIM(r->type[0] && r->data[0]);
		}
	}
	facts_done(&f);
	arena_done(&a);
	return 0;
}
