/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/scan_baseline.h"

#include <errno.h>
#include <string.h>

struct counter {
	unsigned n;
};

void scan_baseline_init(struct scan_baseline *b, struct arena *a) {
	*b = (struct scan_baseline){ .arena = a };
	map_init(&b->known, a);
	map_init(&b->seen, a);
}

void scan_baseline_done(struct scan_baseline *b) {
	map_done(&b->known);
	map_done(&b->seen);
}

static bool has_hash(struct str line) {
	if (line.len < SCAN_HASH_LEN + 2 || line.s[SCAN_HASH_LEN] != ' ')
		return false;
	for (size_t i = 0; i < SCAN_HASH_LEN; i++)
		if (!memchr("0123456789abcdef", line.s[i], 16))
			return false;
	return true;
}

int scan_baseline_read(struct scan_baseline *b, const char *text, size_t len, uint32_t *ret_line) {
	struct str rest = { text, len }, line;
	uint32_t n = 0;

	while (len && str_split(&rest, '\n', &line)) {
		n++;
		line = str_trim(line);
		if (!line.len || line.s[0] == '#')
			continue;
		if (!has_hash(line)) {
			*ret_line = n;
			return -EINVAL;
		}
		(void)map_add(&b->known, arena_dup(b->arena, line.s, SCAN_HASH_LEN), SCAN_HASH_LEN, b);
	}
	return 0;
}

static void hash_text(const char *text, size_t len, char ret_hash[static SCAN_HASH_LEN + 1]) {
	char digest[DIGEST_SIZE];

	digest_bytes(text, len, digest);
	memcpy(ret_hash, digest, SCAN_HASH_LEN);
	ret_hash[SCAN_HASH_LEN] = '\0';
}

void scan_baseline_hash(struct scan_baseline *b, const char *id, const char *path, struct str line,
			char ret_hash[static SCAN_HASH_LEN + 1]) {
	char *plain = arena_alloc(b->arena, line.len + 1), *key, again[SCAN_HASH_LEN + 1];
	struct counter *c, *mine = arena_new(b->arena, struct counter);
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++)
		if (!strchr(" \t\r", line.s[i]))
			plain[n++] = line.s[i];
	key = arena_printf(b->arena, "%s\n%s\n%.*s", id, path, (int)MIN(n, (size_t)65536), plain);
	hash_text(key, strlen(key), again);
	c = map_add(&b->seen, arena_dup(b->arena, again, SCAN_HASH_LEN), SCAN_HASH_LEN, mine);
	key = arena_printf(b->arena, "%s\n%u", again, c->n++);
	hash_text(key, strlen(key), ret_hash);
}

bool scan_baseline_knows(const struct scan_baseline *b, const char *hash) {
	return map_get(&b->known, hash, SCAN_HASH_LEN) != NULL;
}
