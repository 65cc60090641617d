/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader that goes on field by field; where a field is not what it must be, the whole is no header. The times are
 * recognised by their shape only: whoever needs one parses it, and says what is wrong with it.
 */
#include "logs/syslog.h"

#include <errno.h>
#include <string.h>

enum {
	PRI_MAX = 191,
	TOKEN_MAX = 255, /* RFC 5424's longest field, HOSTNAME */
	COUNT_DIGITS = 7,
};

struct reader {
	const char *s;
	size_t len, at;
};

static bool digit(char c) {
	return (unsigned char)(c - '0') < 10;
}

static bool take_byte(struct reader *r, char c) {
	if (r->at == r->len || r->s[r->at] != c)
		return false;
	r->at++;
	return true;
}

/* Printable bytes up to a blank or the end. */
static bool take_token(struct reader *r, struct str *ret_token) {
	size_t i = r->at;

	while (i < r->len && r->s[i] > ' ' && r->s[i] < 0x7f)
		i++;
	if (i == r->at || i - r->at > TOKEN_MAX)
		return false;
	*ret_token = (struct str){ r->s + r->at, i - r->at };
	r->at = i;
	return true;
}

/* Whether the text at the reader has this shape: '0' a digit, 'A' a capital, 'a' a small letter, '_' a blank or a
 * digit, anything else itself. */
static bool has_shape(const struct reader *r, const char *shape) {
	size_t n = strlen(shape);

	if (r->len - r->at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = r->s[r->at + i], want = shape[i];
		bool fits = want == '0'   ? digit(c)
			    : want == 'A' ? c >= 'A' && c <= 'Z'
			    : want == 'a' ? c >= 'a' && c <= 'z'
			    : want == '_' ? c == ' ' || digit(c)
					  : c == want;

		if (!fits)
			return false;
	}
	return true;
}

/* The time that begins here, and the blank behind it. */
static bool take_time(struct reader *r, struct syslog_header *h) {
	size_t n = has_shape(r, "Aaa _0 00:00:00 ")        ? 15
		   : has_shape(r, "Aaa _0 0000 00:00:00 ") ? 20
		   : has_shape(r, "0000-00-00T00:00:00")   ? 19
							   : 0;

	if (!n)
		return false;
	h->time_is_iso = n == 19;
	if (h->time_is_iso)
		while (r->at + n < r->len && r->s[r->at + n] != ' ' && n < 40)
			n++;
	if (r->at + n >= r->len || r->s[r->at + n] != ' ')
		return false;
	h->time = (struct str){ r->s + r->at, n };
	r->at += n + 1;
	return true;
}

/* "tag:" or "tag[pid]:", and the blank behind it. Takes nothing when there is none. */
static bool take_tag(struct reader *r, struct syslog_header *h) {
	struct reader t = *r;
	struct str token, tag, pid = { 0 };
	const char *open;

	if (!take_token(&t, &token) || token.len < 2 || token.s[token.len - 1] != ':')
		return false;
	tag = (struct str){ token.s, token.len - 1 };
	open = memchr(tag.s, '[', tag.len);
	if (open) {
		pid = (struct str){ open + 1, tag.len - (size_t)(open - tag.s) - 1 };
		if (pid.len < 2 || pid.s[pid.len - 1] != ']' || open == tag.s)
			return false;
		pid.len--;
		tag.len = (size_t)(open - tag.s);
	}
	for (size_t i = 0; i < tag.len + pid.len; i++) {
		char c = i < tag.len ? tag.s[i] : pid.s[i - tag.len];

		if (c == ':' || c == '"' || c == '<' || c == '[' || c == ']')
			return false;
	}
	h->app = tag;
	h->pid = pid;
	if (t.at < t.len && t.s[t.at] == ' ')
		t.at++;
	*r = t;
	return true;
}

/* "<0>" to "<191>"; true also when there is none. */
static bool take_pri(struct reader *r, struct syslog_header *h) {
	int pri = 0, n = 0;

	h->pri = -1;
	if (!take_byte(r, '<'))
		return true;
	while (r->at < r->len && n < 3 && digit(r->s[r->at]))
		pri = pri * 10 + (r->s[r->at++] - '0'), n++;
	if (!n || pri > PRI_MAX || !take_byte(r, '>'))
		return false;
	h->pri = pri;
	return true;
}

/* A field of RFC 5424 and the blank behind it; "-" is absent. */
static bool take_field(struct reader *r, struct str *ret_field) {
	if (!take_token(r, ret_field) || !take_byte(r, ' '))
		return false;
	if (str_is(*ret_field, "-"))
		*ret_field = (struct str){ 0 };
	return true;
}

/* "-" or "[id name="value" …]…"; a ']' within quotes ends nothing, whether or not it is escaped, as it must be. */
static bool take_structured_data(struct reader *r) {
	if (take_byte(r, '-'))
		return true;
	if (r->at == r->len || r->s[r->at] != '[')
		return false;
	while (take_byte(r, '[')) {
		bool quoted = false;

		for (; r->at < r->len && (quoted || r->s[r->at] != ']'); r->at++) {
			if (r->s[r->at] == '"')
				quoted = !quoted;
			else if (quoted && r->s[r->at] == '\\')
				r->at++;
		}
		if (r->at >= r->len)
			return false;
		r->at++;
	}
	return true;
}

static bool take_rfc5424(struct reader *r, struct syslog_header *h) {
	struct str message_id;

	if (!take_byte(r, '1') || !take_byte(r, ' ') || !take_field(r, &h->time) || !take_field(r, &h->host) ||
	    !take_field(r, &h->app) || !take_field(r, &h->pid) || !take_field(r, &message_id) ||
	    !take_structured_data(r))
		return false;
	h->time_is_iso = h->time.s != NULL;
	if (r->at < r->len && !take_byte(r, ' '))
		return false;
	if (r->len - r->at >= 3 && memcmp(r->s + r->at, "\xef\xbb\xbf", 3) == 0)
		r->at += 3;
	return true;
}

/* [time] [host] tag: */
static bool take_rfc3164(struct reader *r, struct syslog_header *h) {
	struct reader behind_host;

	if (!take_time(r, h)) {
		/* From a program that writes no time: it is a header by its <PRI> alone. */
		(void)take_tag(r, h);
		return h->pri >= 0;
	}
	if (take_tag(r, h))
		return true;
	behind_host = *r;
	if (take_token(&behind_host, &h->host) && take_byte(&behind_host, ' ') && take_tag(&behind_host, h)) {
		*r = behind_host;
		return true;
	}
	h->host = (struct str){ 0 };
	return h->pri >= 0;
}

bool syslog_header_parse(const char *s, size_t len, struct syslog_header *ret_header) {
	struct reader r = { s, len, 0 }, behind_pri;
	struct syslog_header h = { 0 };
	bool found = false;

	if (take_pri(&r, &h)) {
		behind_pri = r;
		found = h.pri >= 0 && take_rfc5424(&r, &h);
		if (!found) {
			r = behind_pri;
			h = (struct syslog_header){ .pri = h.pri };
			found = take_rfc3164(&r, &h);
		}
	}
	if (found)
		h.body = r.at;
	else
		h = (struct syslog_header){ .pri = -1 };
	*ret_header = h;
	return found;
}

static ssize_t frame_line(const char *s, size_t len, struct str *ret_message) {
	const char *end = memchr(s, '\n', len);

	if (!end)
		return 0;
	*ret_message = (struct str){ s, (size_t)(end - s) };
	return end - s + 1;
}

ssize_t syslog_frame(const char *s, size_t len, struct str *ret_message) {
	size_t n = 0, count = 0;

	if (!len)
		return 0;
	while (n < len && n < COUNT_DIGITS && digit(s[n]) && s[0] != '0')
		count = count * 10 + (size_t)(s[n++] - '0');
	if (!n || (n < len && s[n] != ' ') || (n + 1 < len && s[n + 1] != '<'))
		return frame_line(s, len, ret_message);
	if (n + 1 >= len)
		return 0;
	if (count > LOG_LINE_MAX)
		return -EBADMSG;
	if (len - n - 1 < count)
		return 0;
	*ret_message = (struct str){ s + n + 1, count };
	return (ssize_t)(n + 1 + count);
}
