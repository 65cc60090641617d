/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As it is, and with a seal that fits, which no fuzzer finds: either a refusal, or a journal whose names and paths can
 * be used without another look, and which says the same when it is written and read again.
 */
#include "fuzz.h"

#include <string.h>

#include "render/apply_journal.h"

static void claim_fit(const struct journal *j) {
	CLAIM(strlen(j->id) == JOURNAL_ID_SIZE - 1 && !strchr(j->id, '/') && strlen(j->boot) == BOOT_ID_SIZE - 1);
	CLAIM(record_name_ok(str_of(j->machine)));
	for (size_t i = 0; i < j->folders.n; i++)
		CLAIM(record_path_ok(str_of(j->folders.v[i])));
	for (size_t i = 0; i < j->entries.n; i++) {
		const struct journal_entry *e = &j->entries.v[i];

		CLAIM(e->op < _JOURNAL_OP_MAX && record_name_ok(str_of(e->target)));
		CLAIM(strcmp(e->path, JOURNAL_MANIFEST) == 0 || (e->path[0] == '/' && !strstr(e->path, "/../")));
		CLAIM(e->path[strlen(e->path) - 1] != '/');
	}
	for (size_t i = 0; i < j->reloads.n; i++)
		CLAIM(record_name_ok(str_of(j->reloads.v[i].target)));
}

static void parse(struct str text) {
	struct text first = { 0 }, second = { 0 };
	struct arena a = { 0 };
	struct journal j, again;

	if (journal_parse(&a, text, &j) == 0) {
		claim_fit(&j);
		journal_format(&j, &first);
		CLAIM(journal_parse(&a, (struct str){ first.v, first.n }, &again) == 0);
		CLAIM(again.entries.n == j.entries.n && again.reloads.n == j.reloads.n);
		journal_format(&again, &second);
		CLAIM(first.n == second.n && memcmp(first.v, second.v, first.n) == 0);
		journal_done(&again);
		journal_done(&j);
	}
	text_done(&first);
	text_done(&second);
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
