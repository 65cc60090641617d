/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/markup.h"

#include <string.h>

static const char *reference(char c) {
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* U+FFFE and U+FFFF are no characters of XML. */
static bool is_character(const char *s, size_t n) {
	return n != 3 || memcmp(s, "\xef\xbf", 2) != 0 || (unsigned char)s[2] < 0xbe;
}

void markup_write(FILE *out, struct str text) {
	bool harmless;

	for (size_t at = 0, n; at < text.len; at += n) {
		const char *s = text.s + at, *instead;

		n = utf8_next(s, text.len - at, &harmless);
		instead = n == 1 ? reference(*s) : NULL;
		if (instead)
			(void)fputs(instead, out);
		else if (*s == '\n' || *s == '\t' || (harmless && is_character(s, n)))
			(void)fwrite(s, 1, n, out);
		else
			(void)fputs("\xef\xbf\xbd", out);
	}
}

void markup_puts(FILE *out, const char *text) {
	markup_write(out, str_of(text));
}
