/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expression is rewritten as a sketch, a letter for each thing that it matches, without groups and repetitions;
 * then short texts are looked for in that:
 *
 *     N  digits, of a set        n  digits as they are        D  a dot         d  any character, written as a dot
 *     W  a set of digits and dots        X  a set of hexadecimal digits        6  one that has the colon too
 *     R  the group before it three times        S  no blank    ' '  a blank    - : | ^  themselves    x  else
 */
#include "probe/scan_regex.h"

#include <string.h>
#include <strings.h>

#include "probe/scan_name.h"

enum { SKETCH_SIZE = 512, WORD_SIZE = 16 };

struct sketch {
	char text[SKETCH_SIZE + 1];
	size_t n;
	struct str plain; /* as the language reads it */
	size_t at;
	struct str group; /* the name of the group that has just begun */
	bool dotted;      /* a W */
	bool named;       /* a W where an address is meant */
};

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* "\\d" between quotes is \d. What is longer than the buffer is cut. */
static struct str unescape(struct str t, char *buffer, size_t size) {
	size_t n = 0;

	for (size_t i = 0; i < t.len && n < size; i++) {
		i += t.s[i] == '\\' && i + 1 < t.len && t.s[i + 1] == '\\';
		buffer[n++] = t.s[i];
	}
	return (struct str){ buffer, n };
}

static char peek(const struct sketch *k, size_t ahead) {
	return k->at + ahead < k->plain.len ? k->plain.s[k->at + ahead] : '\0';
}

static bool begins(const struct sketch *k, const char *word) {
	const size_t n = strlen(word);

	return k->plain.len - k->at >= n && memcmp(k->plain.s + k->at, word, n) == 0;
}

/* Digits after digits are one number: 2[0-4]\d. */
static void put(struct sketch *k, char c) {
	char *last = k->n ? &k->text[k->n - 1] : NULL;

	if (last && strchr("Nn", *last) && strchr("Nn", c)) {
		*last = c == 'N' ? 'N' : *last;
		return;
	}
	if (k->n < SKETCH_SIZE)
		k->text[k->n++] = c;
	k->group = (struct str){ 0 };
}

static bool takes(struct str *set, const char *word) {
	const size_t n = strlen(word);

	if (set->len < n || memcmp(set->s, word, n) != 0)
		return false;
	*set = (struct str){ set->s + n, set->len - n };
	return true;
}

/* The letter for what stands between [ and ]. */
static char letter_of_set(struct str set) {
	bool digits = false, dot = false, hex = false, colon = false, other = false;

	if (takes(&set, "^"))
		return 'S';
	while (set.len) {
		if (takes(&set, "0-9") || takes(&set, "\\d") || takes(&set, "[:digit:]")) {
			digits = true;
		} else if (takes(&set, "a-f") || takes(&set, "A-F") || takes(&set, "[:xdigit:]") ||
			   takes(&set, "\\h") || takes(&set, "a-z") || takes(&set, "A-Z") || takes(&set, "\\w")) {
			hex = true;
		} else if (takes(&set, "\\.") || takes(&set, ".")) {
			dot = true;
		} else if (takes(&set, ":")) {
			colon = true;
		} else if (is_digit(*set.s) || *set.s == '-' || *set.s == '/') {
			digits |= is_digit(*set.s);
			set = (struct str){ set.s + 1, set.len - 1 };
		} else {
			other = true;
			set = (struct str){ set.s + 1, set.len - 1 };
		}
	}
	if (hex && colon)
		return '6';
	if (hex && !other && !dot)
		return 'X';
	if (other || hex || colon || !(digits || dot))
		return 'x';
	return (char)(!dot ? 'N' : digits ? 'W' : 'D');
}

/* "from ", "client=", "inet (": a word before the set that says what comes. */
static bool is_announced(const struct sketch *k) {
	static const char *const words[] = { "from", "client", "ip",    "addr", "address", "inet",     "host",
					     "peer", "remote", "rhost", "src",  "dst",     "clientip", "source" };
	size_t end = k->at, from;

	while (end && (memchr(" =:(\"'[<>?+*\\", k->plain.s[end - 1], 13) ||
		       (k->plain.s[end - 1] == 's' && end > 1 && k->plain.s[end - 2] == '\\')))
		end--;
	for (from = end; from && is_letter(k->plain.s[from - 1]); from--)
		;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == end - from && strncasecmp(words[i], k->plain.s + from, end - from) == 0)
			return from < end && end < k->at;
	return false;
}

static void set_at(struct sketch *k) {
	size_t end = k->at + 1;
	char c;

	end += end < k->plain.len && k->plain.s[end] == '^';
	end += end < k->plain.len && k->plain.s[end] == ']';
	while (end < k->plain.len && k->plain.s[end] != ']') {
		if (k->plain.s[end] == '[' && end + 1 < k->plain.len && k->plain.s[end + 1] == ':') {
			const char *close = memmem(k->plain.s + end, k->plain.len - end, ":]", 2);

			end = close ? (size_t)(close - k->plain.s) + 1 : end;
		}
		end += 1U + (k->plain.s[end] == '\\' && end + 1 < k->plain.len);
	}
	end = MIN(end, k->plain.len);
	c = letter_of_set((struct str){ k->plain.s + k->at + 1, end - k->at - 1 });
	if (c == 'W') {
		k->dotted = true;
		k->named |= scan_name_is_endpoint(k->group) || scan_name_is_ip(k->group) ||
			    str_is(k->group, "client") || is_announced(k);
	}
	k->at = MIN(end + 1, k->plain.len);
	/* [0-9a-f]{2} is a byte of a hardware address */
	put(k, (char)(c == 'X' && begins(k, "{2}") ? 'x' : c));
}

/* ( (?: (?P<name> */
static void group_at(struct sketch *k) {
	const char *close;

	k->at++;
	if (peek(k, 0) != '?')
		return;
	k->at += 1U + (peek(k, 1) == 'P');
	if (peek(k, 0) != '<' || !is_letter(peek(k, 1))) {
		k->at += k->at < k->plain.len;
		return;
	}
	close = memchr(k->plain.s + k->at, '>', k->plain.len - k->at);
	if (!close)
		return;
	k->group = (struct str){ k->plain.s + k->at + 1, (size_t)(close - k->plain.s) - k->at - 1 };
	k->at = (size_t)(close - k->plain.s) + 1;
}

/* {1,3} \{1,3\}: how often. Only three times a group matters. */
static bool repetition_at(struct sketch *k) {
	const bool escaped = peek(k, 0) == '\\' && peek(k, 1) == '{';
	const size_t open = k->at + escaped;
	const char *close = memchr(k->plain.s + open, '}', k->plain.len - open);

	if ((!escaped && peek(k, 0) != '{') || !close || !is_digit(peek(k, 1U + escaped)))
		return false;
	if (open && k->at && k->plain.s[k->at - 1] == ')' && k->plain.s[open + 1] == '3')
		put(k, 'R');
	k->at = (size_t)(close - k->plain.s) + 1;
	return true;
}

static void escape_at(struct sketch *k) {
	static const char *const kinds[] = { "dN", ".D", "hX", "SS", "s " };
	const char c = peek(k, 1);
	char letter = 'x';

	k->at += 1U + (k->at + 1 < k->plain.len);
	if (c == '(' || c == ')')
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (c == kinds[i][0])
			letter = kinds[i][1];
	put(k, letter);
}

static void sketch(struct str text, char *buffer, size_t size, struct sketch *ret) {
	struct sketch *k = ret;

	*k = (struct sketch){ .plain = unescape(text, buffer, size) };
	while (k->at < k->plain.len) {
		const char c = peek(k, 0);

		if (repetition_at(k))
			continue;
		if (c == '\\')
			escape_at(k);
		else if (c == '[')
			set_at(k);
		else if (c == '(')
			group_at(k);
		else {
			if (is_digit(c))
				put(k, 'n');
			else if (c == '.')
				put(k, 'd');
			else if (strchr(" -:|^", c) && c)
				put(k, c);
			else if (!strchr(")+*?", c) || !c)
				put(k, 'x');
			k->at++;
		}
	}
	k->text[k->n] = '\0';
}

/* Three numbers, each with a dot behind, and then a fourth or nothing. Where the dot is any character, only sets are
 * numbers: 1.2.3.4 is a text. */
static bool has_quad(const struct sketch *k) {
	for (size_t from = 0; from + 6 <= k->n; from++) {
		size_t i = 0;
		bool sets = true, any = false, dots = true;

		for (; i < 6; i++) {
			const char c = k->text[from + i];

			if (!strchr(i % 2 ? "Dd" : "Nn", c))
				break;
			sets &= c != 'n';
			any |= c == 'N';
			dots &= c != 'd';
		}
		if (i == 6 && any && (dots || sets) && strchr("Nn", k->text[from + 6])) /* or the end */
			return true;
	}
	return false;
}

/* ^([0-9.]+) - , ^([\d.]+) (\S+) */
static bool is_line_of_log(const struct sketch *k) {
	const char *t = k->text + (k->text[0] == '^');

	return t[0] == 'W' && t[1] == ' ' && (t[2] == '-' || t[2] == 'S');
}

static bool speaks_of_6(const struct sketch *k) {
	return strchr(k->text, '6') || strstr(k->text, "X:") || strstr(k->text, ":X") || scan_name_is_6(k->plain);
}

bool scan_regex_is_ip4(struct str text) {
	char buffer[SKETCH_SIZE];
	struct sketch k;

	sketch(text, buffer, sizeof(buffer), &k);
	if (speaks_of_6(&k))
		return false;
	return has_quad(&k) || strstr(k.text, "NDR") || strstr(k.text, "DNR") || k.named || is_line_of_log(&k) ||
	       memmem(k.plain.s, k.plain.len, "25[0-5]", 7);
}

bool scan_regex_is_dotted(struct str text) {
	char buffer[SKETCH_SIZE];
	struct sketch k;

	sketch(text, buffer, sizeof(buffer), &k);
	return k.dotted && !speaks_of_6(&k);
}

bool scan_regex_is_ip6(struct str text) {
	char buffer[SKETCH_SIZE];
	struct sketch k;

	sketch(text, buffer, sizeof(buffer), &k);
	return speaks_of_6(&k);
}
