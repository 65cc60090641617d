/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshd's messages, as OpenSSH 7 to 10 writes them into syslog. A user's name is the stranger's own text and may look
 * like the rest of the message ("a from 192.0.2.9 port 22 ssh2"), so a message that has one is read from its end, piece
 * by piece, never searched; one that begins with the address is read from its beginning, since what follows may be the
 * stranger's (the reason he gives for leaving). Certificates put a text of the stranger's behind the address too: then
 * the name must be one word, as those of users that exist are.
 *
 * As a record: method "ssh", the path says what happened, the status how it went: 401 a login failed, 400 somebody left
 * or was sent away before trying, 200 he is in, or no harm. The host is the header's: the machine that wrote the line.
 */
#include <errno.h>
#include <string.h>

#include "addr/digit.h"
#include "logs/field.h"
#include "logs/format.h"
#include "logs/syslog.h"
#include "logs/time_text.h"

enum shape {
	NAME_FROM_SSH2, /* … NAME from ADDR port N ssh2[: KEY] */
	NAME_FROM,      /* NAME from ADDR[ port N] */
	NAME_ADDR,      /* NAME ADDR port N */
	NAME_TOO_MANY,  /* NAME ADDR port N: Too many authentication failures */
	WORD_FROM,      /* WORD from ADDR not allowed because … */
	ADDR,           /* ADDR port N… */
	BRACKETS,       /* … from [ADDR]:N on … */
};

static const struct message {
	struct str prefix;
	uint8_t shape;
	uint16_t status; /* 0: 400 when the line ends in [preauth], else 200 */
	const char *path;
} messages[] = {
	{ STR("Failed "), NAME_FROM_SSH2, 401, "/failed" },
	{ STR("Accepted "), NAME_FROM_SSH2, 200, "/accepted" },
	{ STR("Invalid user "), NAME_FROM, 401, "/invalid-user" },
	{ STR("maximum authentication attempts exceeded for "), NAME_FROM_SSH2, 401, "/max-attempts" },
	{ STR("User "), WORD_FROM, 401, "/not-allowed" },
	{ STR("ROOT LOGIN REFUSED FROM "), ADDR, 401, "/root-refused" },
	{ STR("Connection closed by authenticating user "), NAME_ADDR, 401, "/closed" },
	{ STR("Connection closed by invalid user "), NAME_ADDR, 401, "/closed" },
	{ STR("Connection closed by user "), NAME_ADDR, 200, "/closed" },
	{ STR("Connection closed by "), ADDR, 0, "/closed" },
	{ STR("Connection reset by authenticating user "), NAME_ADDR, 401, "/reset" },
	{ STR("Connection reset by invalid user "), NAME_ADDR, 401, "/reset" },
	{ STR("Connection reset by user "), NAME_ADDR, 200, "/reset" },
	{ STR("Connection reset by "), ADDR, 0, "/reset" },
	{ STR("Disconnected from authenticating user "), NAME_ADDR, 401, "/disconnected" },
	{ STR("Disconnected from invalid user "), NAME_ADDR, 401, "/disconnected" },
	{ STR("Disconnected from user "), NAME_ADDR, 200, "/disconnected" },
	{ STR("Disconnected from "), ADDR, 0, "/disconnected" },
	{ STR("Disconnecting authenticating user "), NAME_TOO_MANY, 401, "/too-many" },
	{ STR("Disconnecting invalid user "), NAME_TOO_MANY, 401, "/too-many" },
	{ STR("Received disconnect from "), ADDR, 0, "/received-disconnect" },
	{ STR("Unable to negotiate with "), ADDR, 400, "/unable-to-negotiate" },
	{ STR("Bad protocol version identification "), NAME_FROM, 400, "/bad-protocol" },
	{ STR("banner exchange: Connection from "), ADDR, 400, "/bad-protocol" },
	{ STR("Did not receive identification string from "), ADDR, 400, "/no-identification" },
	{ STR("Timeout before authentication for connection from "), ADDR, 400, "/timeout" },
	{ STR("Timeout before authentication for "), ADDR, 400, "/timeout" },
	{ STR("drop connection #"), BRACKETS, 400, "/dropped" },
	{ STR("Connection from "), ADDR, 200, "/connection" },
};

struct sshd_parser {
	struct log_parser base;
	struct log_options options;
	struct log_clock clock;
};

static bool take_prefix(struct str *t, struct str prefix) {
	if (t->len < prefix.len || memcmp(t->s, prefix.s, prefix.len) != 0)
		return false;
	*t = (struct str){ t->s + prefix.len, t->len - prefix.len };
	return true;
}

static bool take_suffix(struct str *t, struct str suffix) {
	if (t->len < suffix.len || memcmp(t->s + t->len - suffix.len, suffix.s, suffix.len) != 0)
		return false;
	t->len -= suffix.len;
	return true;
}

/* The word up to a blank, off the beginning. */
static struct str take_word(struct str *t) {
	size_t n = 0;
	struct str word;

	while (n < t->len && t->s[n] != ' ')
		n++;
	word = (struct str){ t->s, n };
	*t = (struct str){ t->s + n, t->len - n };
	return word;
}

/* The word behind the last blank, off the end; the blank stays. */
static struct str take_last_word(struct str *t) {
	size_t n = 0;

	while (n < t->len && t->s[t->len - 1 - n] != ' ')
		n++;
	t->len -= n;
	return (struct str){ t->s + t->len, n };
}

static bool take_last_port(struct str *t) {
	struct str before = *t, port = take_last_word(&before);

	for (size_t i = 0; i < port.len; i++)
		if (!digit_is_decimal(port.s[i]))
			return false;
	if (port.len < 1 || port.len > 5 || !take_suffix(&before, STR(" port ")))
		return false;
	*t = before;
	return true;
}

/* "METHOD for NAME from ADDR port N ssh2: TYPE-CERT … ID text (serial N) CA …" */
static bool find_in_certificate(struct str t, struct str *ret_addr) {
	struct str word;

	if (take_word(&t).len == 0 || !take_prefix(&t, STR(" for ")) || take_prefix(&t, STR("invalid user ")))
		return false;
	word = take_word(&t);
	if (!word.len || !take_prefix(&t, STR(" from ")))
		return false;
	*ret_addr = take_word(&t);
	return take_prefix(&t, STR(" port ")) && take_word(&t).len && take_prefix(&t, STR(" ssh2: "));
}

static bool find_before_ssh2(struct str t, struct str *ret_addr) {
	if (!take_suffix(&t, STR(" ssh2"))) {
		struct str whole = t, type;

		(void)take_last_word(&t);
		if (!take_suffix(&t, STR(" ")))
			return false;
		type = take_last_word(&t);
		if (!type.len || !take_suffix(&t, STR(" ssh2: ")))
			return find_in_certificate(whole, ret_addr);
	}
	if (!take_last_port(&t))
		return false;
	*ret_addr = take_last_word(&t);
	return take_suffix(&t, STR(" from "));
}

/* Where the address stands in what follows the prefix. False when the message has another shape. */
static bool find_address(enum shape shape, struct str t, struct str *ret_addr) {
	switch (shape) {
	case NAME_FROM_SSH2:
		return find_before_ssh2(t, ret_addr);
	case NAME_FROM:
		(void)take_last_port(&t);
		*ret_addr = take_last_word(&t);
		return take_suffix(&t, STR(" from "));
	case NAME_TOO_MANY:
		if (!take_suffix(&t, STR(": Too many authentication failures")))
			return false;
		__attribute__((fallthrough));
	case NAME_ADDR:
		if (!take_last_port(&t))
			return false;
		*ret_addr = take_last_word(&t);
		return take_suffix(&t, STR(" "));
	case WORD_FROM:
		(void)take_word(&t);
		if (!take_prefix(&t, STR(" from ")))
			return false;
		*ret_addr = take_word(&t);
		return take_prefix(&t, STR(" not allowed because "));
	case ADDR:
		*ret_addr = take_word(&t);
		return !t.len || take_prefix(&t, STR(" port ")) || take_prefix(&t, STR(" to "));
	case BRACKETS:
		(void)take_word(&t);
		if (!take_prefix(&t, STR(" from [")))
			return false;
		*ret_addr = take_word(&t);
		while (ret_addr->len && ret_addr->s[ret_addr->len - 1] != ']')
			ret_addr->len--;
		return take_suffix(ret_addr, STR("]")) && take_prefix(&t, STR(" on "));
	}
	return false;
}

static bool find_message(struct str t, struct log_record *r, struct str *ret_addr) {
	bool preauth;

	preauth = take_suffix(&t, STR(" [preauth]"));
	(void)(take_prefix(&t, STR("error: ")) || take_prefix(&t, STR("fatal: ")));
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		const struct message *m = &messages[i];
		struct str rest = t;

		if (!take_prefix(&rest, m->prefix))
			continue;
		r->path = str_of(m->path);
		r->status = m->status ? m->status : preauth ? 400 : 200;
		return find_address(m->shape, rest, ret_addr);
	}
	return false;
}

/* rsyslog's "message repeated 3 times: [ …]": what was repeated. */
static struct str without_repetition(struct str t) {
	struct str inner = t;

	if (!take_prefix(&inner, STR("message repeated ")) || !take_word(&inner).len ||
	    !take_prefix(&inner, STR(" times: [ ")) || !take_suffix(&inner, STR("]")))
		return t;
	return inner;
}

static bool is_sshd(struct str app) {
	return str_is(app, "sshd") || str_is(app, "sshd-session") || str_is(app, "sshd-auth");
}

static enum log_reason read_time(struct sshd_parser *p, const struct syslog_header *h, int64_t *ret_ms) {
	if (!h->time.s)
		return LOG_NO_TIME;
	return log_time_parse(&p->clock, h->time_is_iso ? LOG_TIME_ISO : LOG_TIME_SYSLOG, h->time.s, h->time.len,
			      p->options.now_ms, ret_ms) == 0
		       ? LOG_OK
		       : LOG_BAD_TIME;
}

static enum log_reason parse(struct log_parser *base, const char *line, size_t len, struct log_record *ret_record,
			     size_t *ret_at) {
	struct sshd_parser *p = (struct sshd_parser *)base;
	struct log_record r = { .time_ms = LOG_TIME_NONE, .bytes = UINT64_MAX, .method = STR("ssh") };
	struct syslog_header h;
	struct endpoint e;
	struct str body, addr = { NULL, 0 };
	enum log_reason reason;

	*ret_at = 0;
	if (len && line[len - 1] == '\r')
		len--;
	if (!len)
		return LOG_EMPTY;
	if (!syslog_header_parse(line, len, &h) || !is_sshd(h.app))
		return LOG_OTHER;
	*ret_at = h.body;
	body = without_repetition((struct str){ line + h.body, len - h.body });
	if (!find_message(body, &r, &addr))
		return LOG_OTHER;
	*ret_at = (size_t)(addr.s - line);
	if (endpoint_parse(addr.s, addr.len, &e, NULL) < 0)
		return field_is_address_like(addr) ? LOG_BAD_ADDRESS : LOG_NO_ADDRESS;
	reason = read_time(p, &h, &r.time_ms);
	*ret_at = h.time.s ? (size_t)(h.time.s - line) : 0;
	if (reason != LOG_OK)
		return reason;
	r.addr = e.ip;
	r.host = h.host;
	*ret_record = r;
	return LOG_OK;
}

static void sshd_free(struct log_parser *p) {
	free(p);
}

extern const struct log_format log_format_sshd;

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct sshd_parser *p;

	if (text.len) {
		*ret_why = strdup("sshd's messages have one format: write \"sshd\" alone");
		return *ret_why ? -EINVAL : -ENOMEM;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->options = *o;
	p->base = (struct log_parser){ &log_format_sshd, &p->options, parse, sshd_free };
	*ret_parser = &p->base;
	return 0;
}

const struct log_format log_format_sshd = {
	.name = "sshd",
	.summary = "sshd's failed and accepted logins, in syslog's files or from syslog",
	.compile = compile,
};
