/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply_journal.h"

#include <errno.h>

#define TITLE "hextet-apply 1"

enum { SECONDS_MAX = 1000 * 86400 };

static const char *const op_names[_JOURNAL_OP_MAX] = { "new", "replace", "remove" };

static int parse_fixed(struct str word, const char *set, char *out, size_t size) {
	if (word.len != size - 1)
		return -EBADMSG;
	for (size_t i = 0; i < word.len; i++)
		if (word.s[i] == 0 || !strchr(set, word.s[i]))
			return -EBADMSG;
	memcpy(out, word.s, word.len);
	out[word.len] = 0;
	return 0;
}

static int parse_seconds(struct str word, uint32_t *ret) {
	uint64_t n = 0;
	int r = record_number(word, SECONDS_MAX, &n);

	*ret = (uint32_t)n;
	return r;
}

/* The lines that every journal has once, in this order. */
static int parse_head(struct arena *a, struct journal *j, unsigned number, struct str line) {
	static const char *const keys[] = { "id", "boot", "machine", "started", "confirm", "limit" };

	if (!str_is(record_word(&line), keys[number]) || !line.s)
		return -EBADMSG;
	switch (number) {
	case 0:
		return parse_fixed(line, "0123456789abcdef", j->id, sizeof(j->id));
	case 1:
		return parse_fixed(line, "0123456789abcdef-", j->boot, sizeof(j->boot));
	case 2:
		j->machine = arena_dup(a, line.s, line.len);
		return record_name_ok(line) ? 0 : -EBADMSG;
	case 3:
		return record_number(line, INT64_MAX, &j->started);
	case 4:
		return parse_seconds(line, &j->confirm_s);
	default:
		return parse_seconds(line, &j->limit_s);
	}
}

static int parse_entry(struct arena *a, struct journal *j, enum journal_op op, struct str line) {
	const struct str target = record_word(&line);
	struct journal_entry e = { .op = op };

	if (!record_name_ok(target) || !line.s || (!record_path_ok(line) && !str_is(line, JOURNAL_MANIFEST)))
		return -EBADMSG;
	e.target = arena_dup(a, target.s, target.len);
	e.path = arena_dup(a, line.s, line.len);
	vec_push(&j->entries, e);
	return 0;
}

static int parse_rest(struct arena *a, struct journal *j, struct str line) {
	const struct str key = record_word(&line);

	if (!line.s)
		return -EBADMSG;
	for (unsigned op = 0; op < _JOURNAL_OP_MAX; op++)
		if (str_is(key, op_names[op]))
			return parse_entry(a, j, op, line);
	if (str_is(key, "folder") && record_path_ok(line)) {
		vec_push(&j->folders, arena_dup(a, line.s, line.len));
		return 0;
	}
	if ((str_is(key, "reload") || str_is(key, "withdraw")) && record_name_ok(line)) {
		const struct journal_reload r = { arena_dup(a, line.s, line.len), str_is(key, "withdraw") };

		vec_push(&j->reloads, r);
		return 0;
	}
	return -EBADMSG;
}

int journal_parse(struct arena *a, struct str text, struct journal *ret) {
	enum { HEAD_LINES = 6 };
	struct journal j = { 0 };
	unsigned number = 0;
	struct str body, line;
	int r = record_open(text, TITLE, &body);

	while (r == 0 && str_split(&body, '\n', &line)) {
		r = number < HEAD_LINES ? parse_head(a, &j, number, line) : parse_rest(a, &j, line);
		number++;
	}
	if (r == 0 && number < HEAD_LINES)
		r = -EBADMSG;
	if (r < 0) {
		journal_done(&j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_format(const struct journal *j, struct text *out) {
	text_printf(out, TITLE "\nid %s\nboot %s\nmachine %s\n", j->id, j->boot, j->machine);
	text_printf(out, "started %llu\nconfirm %u\nlimit %u\n", (unsigned long long)j->started, j->confirm_s,
		    j->limit_s);
	for (size_t i = 0; i < j->folders.n; i++)
		text_printf(out, "folder %s\n", j->folders.v[i]);
	for (size_t i = 0; i < j->entries.n; i++)
		text_printf(out, "%s %s %s\n", op_names[j->entries.v[i].op], j->entries.v[i].target,
			    j->entries.v[i].path);
	for (size_t i = 0; i < j->reloads.n; i++)
		text_printf(out, "%s %s\n", j->reloads.v[i].withdraw ? "withdraw" : "reload", j->reloads.v[i].target);
	record_seal(out);
}

void journal_done(struct journal *j) {
	vec_done(&j->folders);
	vec_done(&j->entries);
	vec_done(&j->reloads);
}
