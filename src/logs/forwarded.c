/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From right to left. In X-Forwarded-For every comma separates: nobody writes one inside a hop. In Forwarded a comma
 * may stand inside a quoted string, so an element is taken off pair by pair: a pair that ends in a quote goes back to
 * the quote that opens it, the next one with an even number of backslashes before it. What a trusted proxy wrote is
 * well-formed; an element that is not makes its hop unknown.
 */
#include "logs/forwarded.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { HOP_TEXT_MAX = 128 };

/* The text without ":_port", RFC 7239 section 6; all of it when there is none. */
static size_t without_hidden_port(const char *s, size_t len) {
	const char *colon = memrchr(s, ':', len);
	size_t at = colon ? (size_t)(colon - s) : len;

	/* Behind brackets or an IPv4 address only. */
	if (!colon || len - at < 3 || colon[1] != '_')
		return len;
	for (size_t i = at + 2; i < len; i++) {
		char c = s[i];

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' ||
		      c == '-'))
			return len;
	}
	return s[0] != '[' && memchr(s, ':', at) ? len : at;
}

static int read_hop(struct str hop, struct ip *ret_ip) {
	struct endpoint e;

	if (!hop.len || endpoint_parse(hop.s, without_hidden_port(hop.s, hop.len), &e, NULL) < 0)
		return -EINVAL;
	*ret_ip = e.ip;
	return 0;
}

/* What a quoted string says, without its quotes. False when it is longer than any hop, or ends in a backslash. */
static bool unquote(struct str inner, char room[static HOP_TEXT_MAX], struct str *ret_text) {
	size_t n = 0;

	if (inner.len > HOP_TEXT_MAX)
		return false;
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.s[i] == '\\' && ++i == inner.len)
			return false;
		room[n++] = inner.s[i];
	}
	*ret_text = (struct str){ room, n };
	return true;
}

int forwarded_hop(const char *s, size_t len, struct ip *ret_ip) {
	struct str hop = str_trim((struct str){ s, len });
	char room[HOP_TEXT_MAX];

	if (hop.len >= 2 && hop.s[0] == '"' && hop.s[hop.len - 1] == '"' &&
	    !unquote((struct str){ hop.s + 1, hop.len - 2 }, room, &hop))
		return -EINVAL;
	return read_hop(hop, ret_ip);
}

static bool blank(char c) {
	return c == ' ' || c == '\t';
}

/* Where the text before `end` ends without blanks. */
static size_t before_blanks(const char *s, size_t end) {
	while (end && blank(s[end - 1]))
		end--;
	return end;
}

/* Takes the last element off s[0..*end). True when it is one. */
static bool take_address(const char *s, size_t *end, struct str *ret_hop) {
	const char *comma = memrchr(s, ',', *end);
	size_t start = comma ? (size_t)(comma - s) + 1 : 0;

	*ret_hop = str_trim((struct str){ s + start, *end - start });
	*end = comma ? start - 1 : 0;
	return ret_hop->len > 0;
}

/* The place of the quote that opens the string whose closing quote is s[close]; SIZE_MAX when there is none. */
static size_t opening_quote(const char *s, size_t close) {
	for (size_t i = close; i-- > 0;) {
		size_t slashes = 0;

		if (s[i] != '"')
			continue;
		while (slashes < i && s[i - 1 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			return i;
		i -= slashes;
	}
	return SIZE_MAX;
}

/* One pair "name=value" taken off the end. */
struct pair {
	struct str name, value;
	bool malformed;
	char separator; /* what stands before it: ',', ';', or 0 at the start */
};

static struct pair take_pair(const char *s, size_t *end) {
	size_t stop = before_blanks(s, *end), value_end = stop, from = stop, start;
	struct pair p = { 0 };
	const char *equals;
	bool quoted = stop && s[stop - 1] == '"';

	if (quoted) {
		from = opening_quote(s, stop - 1);
		p.malformed = from == SIZE_MAX;
		from = p.malformed ? 0 : from;
	}
	for (start = from; start && s[start - 1] != ',' && s[start - 1] != ';';)
		start--;
	p.separator = start ? s[start - 1] : 0;
	*end = start ? start - 1 : 0;
	while (start < from && blank(s[start]))
		start++;
	if (start == stop)
		return p;
	equals = memchr(s + start, '=', from - start);
	/* A quote opens right behind the '=', and nothing else may have one. */
	if (!equals || equals == s + start || (quoted && equals + 1 != s + from) ||
	    memchr(s + start, '"', from - start)) {
		p.malformed = true;
		return p;
	}
	p.name = (struct str){ s + start, (size_t)(equals - s) - start };
	p.value = (struct str){ equals + 1, value_end - (size_t)(equals + 1 - s) };
	return p;
}

/* Takes the last element off s[0..*end): its for=… with quotes, an empty one when that cannot be told. True when there
 * is an element. */
static bool take_element(const char *s, size_t *end, struct str *ret_hop) {
	bool any = false, malformed = false;
	unsigned found = 0;
	struct pair p;

	do {
		p = take_pair(s, end);
		any |= p.name.len || p.malformed;
		malformed |= p.malformed;
		if (p.name.len == 3 && strncasecmp(p.name.s, "for", 3) == 0) {
			*ret_hop = p.value;
			found++;
		}
	} while (p.separator == ';');
	if (malformed || found != 1)
		*ret_hop = (struct str){ s, 0 };
	return any;
}

enum forwarded_result forwarded_client(struct ip peer, struct str value, bool rfc7239, const struct prefix_set *trusted,
				       struct ip *ret_ip) {
	enum forwarded_result result = FORWARDED_NONE;
	size_t end = value.len;
	struct ip ip = peer;

	if (!trusted || !prefix_set_has_ip(trusted, peer))
		return FORWARDED_NONE;
	while (end) {
		struct str hop;

		if (!(rfc7239 ? take_element : take_address)(value.s, &end, &hop))
			continue;
		if (forwarded_hop(hop.s, hop.len, &ip) < 0)
			return FORWARDED_UNKNOWN;
		result = FORWARDED_CLIENT;
		if (!prefix_set_has_ip(trusted, ip))
			break;
	}
	if (result == FORWARDED_CLIENT)
		*ret_ip = ip;
	return result;
}

bool forwarded_may_be_cut(struct str status) {
	return str_is(status, "400") || str_is(status, "408") || str_is(status, "431");
}
