/* SPDX-License-Identifier: Apache-2.0 */
#include "guard/rule.h"

#include <errno.h>

static int digit(char c) {
	return c >= '0' && c <= '9' ? c - '0' : -1;
}

/* Three digits, or one and "xx": the first and last status that it stands for. */
static int parse_one(struct str t, unsigned *ret_first, unsigned *ret_last) {
	int a, b, c;

	if (t.len != 3 || (a = digit(t.s[0])) < 1)
		return -EINVAL;
	if ((t.s[1] | 32) == 'x' && (t.s[2] | 32) == 'x') {
		*ret_first = 100 * (unsigned)a;
		*ret_last = *ret_first + 99;
		return 0;
	}
	b = digit(t.s[1]);
	c = digit(t.s[2]);
	if (b < 0 || c < 0)
		return -EINVAL;
	*ret_first = *ret_last = (unsigned)(100 * a + 10 * b + c);
	return 0;
}

int rule_status_add(struct str text, uint64_t status[static 16]) {
	struct str first = text, last = text;
	unsigned from, to, unused;

	if (text.len == 7 && text.s[3] == '-') {
		first.len = last.len = 3;
		last.s += 4;
	}
	if (parse_one(first, &from, &unused) < 0 || parse_one(last, &unused, &to) < 0 || from > to)
		return -EINVAL;
	for (unsigned s = from; s <= to; s++)
		status[s / 64] |= UINT64_C(1) << s % 64;
	return 0;
}
