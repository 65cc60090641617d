/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply_record.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>

#include "base/digest.h"

#define END "end "

enum { END_LEN = sizeof(END) - 1 + DIGEST_LEN + 1, NAME_LEN_MAX = 255 };

void record_seal(struct text *t) {
	char digest[DIGEST_SIZE];

	digest_bytes(t->v, t->n, digest);
	text_printf(t, END "%s\n", digest);
}

int record_open(struct str text, const char *title, struct str *ret_body) {
	char digest[DIGEST_SIZE];
	struct str body = text, line;
	const char *end;

	if (text.len < END_LEN || text.len > RECORD_MAX)
		return -EBADMSG;
	body.len = text.len - END_LEN;
	end = text.s + body.len;
	digest_bytes(text.s, body.len, digest);
	if (memcmp(end, END, sizeof(END) - 1) != 0 || memcmp(end + sizeof(END) - 1, digest, DIGEST_LEN) != 0 ||
	    end[END_LEN - 1] != '\n' || !str_split(&body, '\n', &line) || !str_is(line, title) || !body.s)
		return -EBADMSG;
	/* The last line before the seal has its end, too. */
	if (body.len && body.s[--body.len] != '\n')
		return -EBADMSG;
	if (!body.len)
		body.s = NULL;
	*ret_body = body;
	return 0;
}

struct str record_word(struct str *line) {
	struct str word = { 0 };

	(void)str_split(line, ' ', &word);
	return word;
}

int record_number(struct str word, uint64_t max, uint64_t *ret_n) {
	uint64_t n = 0;

	for (size_t i = 0; i < word.len; i++)
		if (!isdigit((unsigned char)word.s[i]) || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(word.s[i] - '0'), &n) || n > max)
			return -EBADMSG;
	if (!word.len)
		return -EBADMSG;
	*ret_n = n;
	return 0;
}

bool record_name_ok(struct str name) {
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.s[i]) && (name.s[i] == 0 || !strchr("._-", name.s[i])))
			return false;
	return name.len > 0 && name.len <= NAME_LEN_MAX && name.s[0] != '.';
}

bool record_path_ok(struct str path) {
	struct str part;

	if (path.len < 2 || path.len >= PATH_MAX || path.s[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (iscntrl((unsigned char)path.s[i]))
			return false;
	path.s++;
	path.len--;
	while (str_split(&path, '/', &part))
		if (!part.len || str_is(part, ".") || str_is(part, ".."))
			return false;
	return true;
}
