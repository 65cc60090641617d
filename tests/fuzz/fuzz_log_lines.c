/* SPDX-License-Identifier: Apache-2.0 */
/*
 * However a stream arrives, the lines are those of the whole. The input is a list of pieces: a byte below 128 says how
 * many bytes follow as they are; one from 128 on stands for so many times 2 KiB of the letter a.
 */
#include "fuzz.h"

#include <string.h>

#include "logs/lines.h"

enum { TEXT_MAX = 1 << 23, FILL = 2 << 10 };

struct text {
	char *s;
	size_t len;
};

static void add(struct text *t, const void *bytes, size_t n) {
	CLAIM(t->len + n <= TEXT_MAX);
	memcpy(t->s + t->len, bytes, n);
	t->len += n;
}

static int collect(const struct log_batch *batch, void *user) {
	CLAIM(batch->len > 0 && batch->bytes[batch->len - 1] == '\n');
	add(user, batch->bytes, batch->len);
	return 0;
}

/* The same by another way: the lines of the whole text, cut to LOG_LINE_MAX + 1. */
static void expect(const struct text *whole, struct text *t) {
	for (size_t at = 0; at < whole->len;) {
		const char *end = memchr(whole->s + at, '\n', whole->len - at);
		size_t len = end ? (size_t)(end - whole->s) - at : whole->len - at;

		add(t, whole->s + at, MIN(len, (size_t)LOG_LINE_MAX + 1));
		add(t, "\n", 1);
		at += len + 1;
	}
}

/* One piece goes to the whole and through the cutter. */
static void feed(struct lines *l, struct text *whole, const void *bytes, size_t n) {
	size_t room, before = whole->len;
	char *p = lines_room(l, &room);
	const char *end;

	CLAIM(p && n <= room);
	add(whole, bytes, n);
	memcpy(p, bytes, n);
	CLAIM(lines_added(l, n) == 0);
	end = memrchr(whole->s, '\n', whole->len);
	CLAIM(lines_waiting(l) == whole->len - (end ? (size_t)(end + 1 - whole->s) : 0));
	CLAIM(whole->len - before == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static char whole_room[TEXT_MAX], got_room[TEXT_MAX], want_room[TEXT_MAX], fill[127 * FILL];
	struct text whole = { whole_room, 0 }, got = { got_room, 0 }, want = { want_room, 0 };
	struct lines l = { .fn = collect, .user = &got };

	memset(fill, 'a', sizeof(fill));
	while (size && whole.len < TEXT_MAX / 2) {
		size_t n = *data++;

		size--;
		if (n < 128) {
			n = MIN(n, size);
			feed(&l, &whole, data, n);
			data += n;
			size -= n;
		} else {
			feed(&l, &whole, fill, (n - 128) * FILL);
		}
	}
	CLAIM(lines_finish(&l) == 0 && lines_waiting(&l) == 0);
	lines_done(&l);
	expect(&whole, &want);
	CLAIM(got.len == want.len && memcmp(got.s, want.s, got.len) == 0);
	return 0;
}
