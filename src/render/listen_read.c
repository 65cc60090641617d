/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAProxy reads lines of words; nginx reads words that end in ; or stand before braces. Both are cut into statements
 * here, each a list of words without quotes, and only statements that begin with the word that binds are looked at.
 */
#include "render/listen_read.h"

#include <errno.h>
#include <string.h>

#include "render/listen_add.h"

enum { WORDS_MAX = 64, HTTP_PORT = 80 };

struct statement {
	const char *program;
	uint32_t line;
	unsigned n;
	struct str words[WORDS_MAX]; /* further ones are dropped: HAProxy takes no more, nginx needs none of them */
};

static int refuse(struct facts *f, uint32_t line, struct str what, const char **ret_error) {
	return listen_refuse(f, line, what, "is no address with a port", ret_error);
}

static bool has_word(const struct statement *s, const char *word) {
	for (unsigned i = 1; i < s->n; i++)
		if (str_is(s->words[i], word))
			return true;
	return false;
}

/* Cuts at the last colon behind any ]; brackets go. False without a colon. */
static bool divide(struct str text, struct str *ret_address, struct str *ret_port) {
	size_t at = text.len;

	while (at && text.s[at - 1] != ':' && text.s[at - 1] != ']')
		at--;
	if (!at || text.s[at - 1] == ']')
		return false;
	*ret_port = (struct str){ text.s + at, text.len - at };
	*ret_address = (struct str){ text.s, at - 1 };
	if (ret_address->len >= 2 && ret_address->s[0] == '[' && ret_address->s[ret_address->len - 1] == ']')
		*ret_address = (struct str){ ret_address->s + 1, ret_address->len - 2 };
	return true;
}

/* HAProxy: ":::443" is [::]:443, and prefixes such as "ipv6@" say the family once more. */
static int haproxy_address(struct facts *f, const struct listen_kind *k, struct str text) {
	static const char *const prefixes[] = { "ipv4@", "ipv6@" };
	struct str address, port;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (text.len > 5 && memcmp(text.s, prefixes[i], 5) == 0)
			text = (struct str){ text.s + 5, text.len - 5 };
	return divide(text, &address, &port) ? listen_add(f, k, address, listen_port(port)) : -EINVAL;
}

static int haproxy_statement(struct facts *f, const struct statement *s, const char **ret_error) {
	const struct listen_kind k = { s->program, LISTEN_TCP, !has_word(s, "v6only") || has_word(s, "v4v6") };
	struct str rest, address;

	if (!s->n || !str_is(s->words[0], "bind"))
		return 0;
	if (s->n < 2)
		return refuse(f, s->line, s->words[0], ret_error);
	for (rest = s->words[1]; str_split(&rest, ',', &address);)
		if (haproxy_address(f, &k, address) < 0)
			return refuse(f, s->line, address, ret_error);
	return 0;
}

/* nginx: a port alone, or an address alone. */
static int nginx_statement(struct facts *f, const struct statement *s, const char **ret_error) {
	const struct listen_kind k = { s->program, has_word(s, "quic") ? LISTEN_UDP : LISTEN_TCP,
				       has_word(s, "ipv6only=off") };
	struct str address, port, text;
	int32_t n;

	if (!s->n || !str_is(s->words[0], "listen"))
		return 0;
	if (s->n < 2)
		return refuse(f, s->line, s->words[0], ret_error);
	text = s->words[1];
	n = listen_port(text);
	if (n >= 0)
		address = (struct str){ text.s, 0 };
	else if (divide(text, &address, &port))
		n = listen_port(port);
	else {
		address = text;
		n = HTTP_PORT;
		if (address.len >= 2 && address.s[0] == '[' && address.s[address.len - 1] == ']')
			address = (struct str){ address.s + 1, address.len - 2 };
	}
	return listen_add(f, &k, address, n) < 0 ? refuse(f, s->line, text, ret_error) : 0;
}

static void push_word(struct statement *s, const char *from, const char *to) {
	if (s->n < WORDS_MAX)
		s->words[s->n++] = (struct str){ from, (size_t)(to - from) };
}

/* Takes a word off *at, without its quotes; `stops` end it. Quotes of nginx, where braces do, hold line ends. */
static void take_word(struct statement *s, const char **at, const char *end, const char *stops) {
	const char *from = *at, *c = from;

	if (c < end && (*c == '"' || *c == '\'')) {
		const char quote = *c++;

		for (from = c; c < end && *c != quote && (*c != '\n' || strchr(stops, '{')); c++)
			if (*c == '\\' && c + 1 < end && c[1] != '\n')
				c++;
		push_word(s, from, c);
		*at = c < end && *c == quote ? c + 1 : c;
		return;
	}
	for (; c < end && *c && !strchr(stops, *c); c++)
		if (*c == '\\' && c + 1 < end && c[1] != '\n')
			c++;
	push_word(s, from, c);
	*at = c > from ? c : c + 1;
}

static void skip_comment(const char **at, const char *end) {
	while (*at < end && **at != '\n')
		++*at;
}

int haproxy_listeners(struct facts *f, struct str text, const char **ret_error) {
	const char *at = text.s, *end = text.s + text.len;
	struct statement s = { .program = "haproxy", .line = 1 };
	uint32_t line = 1;
	int r = 0;

	while (at < end && r == 0) {
		if (*at == '\n') {
			r = haproxy_statement(f, &s, ret_error);
			s.n = 0;
			s.line = ++line;
			at++;
		} else if (*at == '#')
			skip_comment(&at, end);
		else if (*at == ' ' || *at == '\t')
			at++;
		else
			take_word(&s, &at, end, " \t\n#");
	}
	return r < 0 ? r : haproxy_statement(f, &s, ret_error);
}

int nginx_listeners(struct facts *f, const char *program, struct str text, const char **ret_error) {
	const char *at = text.s, *end = text.s + text.len;
	struct statement s = { .program = program, .line = 1 };
	uint32_t line = 1;
	int r = 0;

	while (at < end && r == 0) {
		if (!s.n)
			s.line = line;
		if (*at == '\n') {
			line++;
			at++;
		} else if (*at == ';' || *at == '{' || *at == '}') {
			r = *at == ';' ? nginx_statement(f, &s, ret_error) : 0;
			s.n = 0;
			at++;
		} else if (*at == '#')
			skip_comment(&at, end);
		else if (*at == ' ' || *at == '\t')
			at++;
		else
			take_word(&s, &at, end, " \t\n;{}");
	}
	return r;
}
