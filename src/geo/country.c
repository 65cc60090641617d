/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names are compared by keys: the letters of the name in lower case, without accents, punctuation, blanks and a "the"
 * in front, with "&" as "and" and "St" as "Saint". All keys (alpha-3 codes, names, aliases) are sorted once, when the
 * first name is looked up, and searched by halves.
 */
#include "geo/country.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "geo/country_table.h"

enum { KEY_MAX = 64, KEYS_MAX = 1024 };

struct key {
	char text[KEY_MAX];
	uint8_t len, number;
};

static struct key keys[KEYS_MAX];
static size_t key_count;

const struct country *country_table(size_t *ret_n) {
	*ret_n = country_count;
	return country_rows;
}

const struct country *country_of_code(const char code[static 2]) {
	unsigned a = (unsigned char)code[0] - 'A', b = (unsigned char)code[1] - 'A', n;

	if (a >= 26 || b >= 26)
		return NULL;
	n = country_cells[a][b];
	return n ? &country_rows[n - 1] : NULL;
}

uint32_t country_index(const struct country *c) {
	return (uint32_t)(c - country_rows);
}

/* The letter without its accent, lower case: ASCII, and of Latin-1 what English names use; 0 for what does not count.
 */
static char fold(uint32_t point) {
	static const struct {
		uint16_t from, to;
		char letter;
	} latin[] = {
		{ 0xc0, 0xc5, 'a' }, { 0xc7, 0xc7, 'c' }, { 0xc8, 0xcb, 'e' }, { 0xcc, 0xcf, 'i' },
		{ 0xd1, 0xd1, 'n' }, { 0xd2, 0xd6, 'o' }, { 0xd9, 0xdc, 'u' },
	};

	if (point - 'A' < 26)
		return (char)(point | 0x20);
	if (point - 'a' < 26)
		return (char)point;
	for (size_t i = 0; i < ARRAY_LEN(latin); i++)
		if ((point & ~UINT32_C(0x20)) >= latin[i].from && (point & ~UINT32_C(0x20)) <= latin[i].to)
			return latin[i].letter;
	return 0;
}

static bool append(struct key *k, const char *letters, size_t n) {
	if (k->len + n > KEY_MAX)
		return false;
	memcpy(k->text + k->len, letters, n);
	k->len += (uint8_t)n;
	return true;
}

/* A word that began at `start` has ended. */
static bool end_word(struct key *k, size_t start) {
	bool is_saint = k->len - start == 2 && memcmp(k->text + start, "st", 2) == 0;

	return !is_saint || (k->len -= 2, append(k, "saint", 5));
}

/* False for a text that no name can be: not UTF-8, too long, or with characters that no name has. */
static bool make_key(struct str text, struct key *k) {
	static const char ignored[] = " \t'.,()-";
	size_t word = 0;

	k->len = 0;
	if (utf8_check(text.s, text.len) != text.len)
		return false;
	for (size_t i = 0, n; i < text.len; i += n) {
		uint32_t point = utf8_point(text.s + i, text.len - i, &n);
		char letter = fold(point);

		if (letter) {
			if (!append(k, &letter, 1))
				return false;
			continue;
		}
		if (point != 0x2019 && point != '&' && (point > 0x7f || !point || !strchr(ignored, (char)point)))
			return false;
		if (!end_word(k, word) || (point == '&' && !append(k, "and", 3)))
			return false;
		word = k->len;
	}
	if (!end_word(k, word))
		return false;
	if (text.len > 4 && k->len > 3 && memcmp(k->text, "the", 3) == 0 && text.s[3] == ' ')
		memmove(k->text, k->text + 3, k->len -= 3);
	return k->len;
}

static int key_order(const void *pa, const void *pb) {
	const struct key *a = pa, *b = pb;
	int r = memcmp(a->text, b->text, MIN(a->len, b->len));

	return r ? r : (int)a->len - b->len;
}

static void add_key(const char *name, size_t number) {
	struct key *k = &keys[key_count];

	if (key_count < KEYS_MAX && make_key(str_of(name), k)) {
		k->number = (uint8_t)number;
		key_count++;
	}
}

static void make_keys(void) {
	for (size_t i = 0; i < country_count; i++) {
		add_key(country_rows[i].alpha3, i);
		add_key(country_rows[i].name, i);
	}
	for (const struct country_alias *a = country_aliases; a->name; a++)
		add_key(a->name, country_index(country_of_code(a->code)));
	qsort(keys, key_count, sizeof(keys[0]), key_order);
}

const struct country *country_find(struct str text) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct country *c = NULL;
	const struct key *found;
	struct key k;

	text = str_trim(text);
	if (text.len == 2)
		c = country_of_code((const char[]){ (char)(text.s[0] & ~0x20), (char)(text.s[1] & ~0x20) });
	if (c || !make_key(text, &k))
		return c;
	(void)pthread_once(&once, make_keys);
	found = bsearch(&k, keys, key_count, sizeof(keys[0]), key_order);
	return found ? &country_rows[found->number] : NULL;
}

const char *country_suggest(struct str text) {
	const char *found = NULL;
	unsigned best = UINT_MAX;

	text = str_trim(text);
	if (text.len < 4)
		return NULL;
	for (size_t i = 0; i < country_count; i++)
		if (suggest_better(text, str_of(country_rows[i].name), &best))
			found = country_rows[i].name;
	for (const struct country_alias *a = country_aliases; a->name; a++)
		if (suggest_better(text, str_of(a->name), &best))
			found = country_of_code(a->code)->name;
	return found;
}

const char *continent_name(const char code[static 2]) {
	static const char *const names[][2] = {
		{ "AF", "Africa" },        { "AN", "Antarctica" }, { "AS", "Asia" },          { "EU", "Europe" },
		{ "NA", "North America" }, { "OC", "Oceania" },    { "SA", "South America" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (memcmp(names[i][0], code, 2) == 0)
			return names[i][1];
	return NULL;
}
