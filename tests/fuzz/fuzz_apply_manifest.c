/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As it is, and with a seal that fits, which no fuzzer finds: either a refusal, or files that can each be found by
 * their paths, and a text that is written as it was read, byte by byte.
 */
#include "fuzz.h"

#include <string.h>

#include "render/apply_manifest.h"

static void parse(struct str text) {
	struct text again = { 0 };
	struct arena a = { 0 };
	struct manifest m;

	if (manifest_parse(&a, text, &m) == 0) {
		CLAIM(record_name_ok(str_of(m.machine)));
		for (size_t i = 0; i < m.files.n; i++) {
			const struct manifest_file *f = &m.files.v[i];

			CLAIM(manifest_find(&m, f->path) == f && f->mode <= 0777);
			CLAIM(record_name_ok(str_of(f->target)) && record_path_ok(str_of(f->path)));
			CLAIM(strlen(f->digest) == DIGEST_LEN);
		}
		manifest_sort(&m);
		manifest_format(&m, &again);
		CLAIM(again.n == text.len && memcmp(again.v, text.s, text.len) == 0);
		manifest_done(&m);
	}
	text_done(&again);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct text sealed = { 0 };

	parse((struct str){ (const char *)data, size });
	text_add(&sealed, (const char *)data, size);
	record_seal(&sealed);
	parse((struct str){ sealed.v, sealed.n });
	text_done(&sealed);
	return 0;
}
