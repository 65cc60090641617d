/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx's log_format. What its variables may hold is from its documentation of the log, core, realip, proxy and
 * upstream modules: only what nginx itself computes counts as a word; a variable that is not in the table (set by
 * `map`, `set`, a module, or a header $http_… that the client chose) may hold anything.
 */
#include <errno.h>
#include <string.h>

#include "logs/pattern.h"

extern const struct log_format log_format_nginx;

/* "combined" by its structure alone, whatever is between the address and the time: the address is the first word, and
 * the time stands in front of the first quote. */
#define COMBINED                                                                                                       \
	"$remote_addr $remote_user[$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" "              \
	"\"$http_user_agent\""

static const struct pattern_field variables[] = {
	{ "remote_addr", ROLE_ADDR, SHAPE_WORD },
	{ "realip_remote_addr", ROLE_ADDR, SHAPE_WORD, .priority = 1 },
	{ "proxy_protocol_addr", ROLE_ADDR, SHAPE_WORD, .priority = 2 },
	{ "remote_port", ROLE_NONE, SHAPE_NUMBER },
	{ "realip_remote_port", ROLE_NONE, SHAPE_NUMBER },
	{ "proxy_protocol_port", ROLE_NONE, SHAPE_NUMBER },
	{ "http_x_forwarded_for", ROLE_FORWARDED_FOR, SHAPE_FREE },
	{ "proxy_add_x_forwarded_for", ROLE_FORWARDED_FOR, SHAPE_FREE, .priority = 1 },
	{ "http_forwarded", ROLE_FORWARDED, SHAPE_FREE },
	{ "time_local", ROLE_TIME, SHAPE_WIDTH, .width = 26, .time_form = LOG_TIME_CLF, .priority = 2 },
	{ "time_iso8601", ROLE_TIME, SHAPE_WORD, .time_form = LOG_TIME_ISO, .priority = 1 },
	{ "msec", ROLE_TIME, SHAPE_NUMBER, .time_form = LOG_TIME_SECONDS },
	{ "request", ROLE_REQUEST, SHAPE_FREE, .priority = 1 },
	{ "request_method", ROLE_METHOD, SHAPE_CHOSEN },
	{ "request_uri", ROLE_TARGET, SHAPE_FREE },
	{ "uri", ROLE_TARGET, SHAPE_FREE, .priority = 2 },
	{ "document_uri", ROLE_TARGET, SHAPE_FREE, .priority = 2 },
	{ "status", ROLE_STATUS, SHAPE_NUMBER },
	{ "body_bytes_sent", ROLE_BYTES, SHAPE_NUMBER },
	{ "bytes_sent", ROLE_BYTES, SHAPE_NUMBER, .priority = 1 },
	{ "host", ROLE_HOST, SHAPE_FREE }, /* before 1.21.1 it may have blanks */
	{ "http_host", ROLE_HOST, SHAPE_FREE, .priority = 1 },
	{ "server_name", ROLE_HOST, SHAPE_WORD, .priority = 2 },
	{ "http_user_agent", ROLE_AGENT, SHAPE_FREE },
	{ "args", ROLE_NONE, SHAPE_FREE, .priority = PATTERN_QUERY },
	{ "query_string", ROLE_NONE, SHAPE_FREE, .priority = PATTERN_QUERY },
	{ "server_protocol", ROLE_NONE, SHAPE_CHOSEN },
	{ "server_addr", ROLE_NONE, SHAPE_WORD },
	{ "server_port", ROLE_NONE, SHAPE_NUMBER },
	{ "scheme", ROLE_NONE, SHAPE_WORD },
	{ "https", ROLE_NONE, SHAPE_WORD },
	{ "hostname", ROLE_NONE, SHAPE_WORD },
	{ "pid", ROLE_NONE, SHAPE_NUMBER },
	{ "connection", ROLE_NONE, SHAPE_NUMBER },
	{ "connection_requests", ROLE_NONE, SHAPE_NUMBER },
	{ "connection_time", ROLE_NONE, SHAPE_NUMBER },
	{ "request_id", ROLE_NONE, SHAPE_WORD },
	{ "request_length", ROLE_NONE, SHAPE_NUMBER },
	{ "request_time", ROLE_NONE, SHAPE_NUMBER },
	{ "request_completion", ROLE_NONE, SHAPE_WORD },
	{ "pipe", ROLE_NONE, SHAPE_WORD },
	{ "gzip_ratio", ROLE_NONE, SHAPE_NUMBER },
	{ "http2", ROLE_NONE, SHAPE_WORD },
	{ "http3", ROLE_NONE, SHAPE_WORD },
	{ "nginx_version", ROLE_NONE, SHAPE_WORD },
	{ "upstream_cache_status", ROLE_NONE, SHAPE_WORD },
	{ "ssl_protocol", ROLE_NONE, SHAPE_WORD },
	{ "ssl_cipher", ROLE_NONE, SHAPE_WORD },
	{ "ssl_session_reused", ROLE_NONE, SHAPE_WORD },
	{ "tcpinfo_rtt", ROLE_NONE, SHAPE_NUMBER },
	{ "tcpinfo_rttvar", ROLE_NONE, SHAPE_NUMBER },
};

static const struct pattern_field any_variable = { "any", ROLE_NONE, SHAPE_FREE };

static const struct pattern_style default_style = {
	.format = &log_format_nginx,
	.address_hint = "$remote_addr",
	.quote_hint = "write double quotes around it",
	.escape = ESCAPE_HEX,
};
static const struct pattern_style json_style = {
	.format = &log_format_nginx,
	.address_hint = "$remote_addr",
	.quote_hint = "write double quotes around it",
	.escape = ESCAPE_JSON,
};

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The text of a log_format, being read. */
struct reader {
	struct str text;
	size_t at;
	char *piece; /* the last word, without quotes and backslashes; room for all of the text */
	size_t len;
	bool quoted;
};

static void skip_blanks(struct reader *r) {
	while (r->at < r->text.len && (is_space(r->text.s[r->at]) || r->text.s[r->at] == '#')) {
		if (r->text.s[r->at] == '#')
			while (r->at + 1 < r->text.len && r->text.s[r->at + 1] != '\n')
				r->at++;
		r->at++;
	}
}

/* What a backslash and this byte stand for in nginx's configuration; 0: themselves. */
static char backslashed(char c) {
	switch (c) {
	case '"':
	case '\'':
	case '\\':
		return c;
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	default:
		return 0;
	}
}

/* The next word; false at the statement's end. */
static bool next_piece(struct reader *r) {
	char quote = 0;

	skip_blanks(r);
	r->len = 0;
	r->quoted = false;
	if (r->at == r->text.len || r->text.s[r->at] == ';')
		return false;
	if (r->text.s[r->at] == '"' || r->text.s[r->at] == '\'') {
		quote = r->text.s[r->at++];
		r->quoted = true;
	}
	for (; r->at < r->text.len; r->at++) {
		char c = r->text.s[r->at], meant;

		if (quote ? c == quote : is_space(c) || c == ';')
			break;
		if (c == '\\' && r->at + 1 < r->text.len && (meant = backslashed(r->text.s[r->at + 1]))) {
			c = meant;
			r->at++;
		}
		r->piece[r->len++] = c;
	}
	if (quote && r->at < r->text.len)
		r->at++;
	return true;
}

static bool is_name(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "$name" or "${name}" at the start of a text: its length, or 0. */
static size_t variable(struct str t, struct str *ret_name) {
	size_t brace = t.len > 1 && t.s[1] == '{', end = 1 + brace;

	while (end < t.len && is_name(t.s[end]))
		end++;
	*ret_name = (struct str){ t.s + 1 + brace, end - 1 - brace };
	if (!ret_name->len || (brace && (end == t.len || t.s[end] != '}')))
		return 0;
	return end + brace;
}

static int draft_variables(struct pattern_draft *d, struct str t, char **ret_why) {
	size_t at = 0, len;

	while (at < t.len) {
		const char *dollar = memchr(t.s + at, '$', t.len - at);
		size_t plain = dollar ? (size_t)(dollar - t.s) - at : t.len - at;
		const struct pattern_field *field;
		struct str name;

		draft_text(d, t.s + at, plain);
		at += plain;
		if (at == t.len)
			break;
		len = variable((struct str){ t.s + at, t.len - at }, &name);
		if (!len)
			return pattern_refuse(ret_why, "a '$' in the log_format begins no variable: nginx has $name "
						       "and ${name} only");
		field = pattern_find(variables, ARRAY_LEN(variables), name);
		draft_field(d, (struct str){ t.s + at, len }, field ? field : &any_variable);
		at += len;
	}
	return 0;
}

static int set_escape(struct pattern_draft *d, struct str value, char **ret_why) {
	if (str_is(value, "json"))
		d->style = &json_style;
	else if (str_is(value, "none"))
		return pattern_refuse(ret_why,
				      "a log with escape=none cannot be read: any client can write whole lines "
				      "into it; write escape=default or escape=json in the log_format");
	else if (!str_is(value, "default"))
		return pattern_refuse(ret_why, "escape=%.*s is none of default, json, none", (int)value.len, value.s);
	return 0;
}

/* The pieces behind "log_format NAME", or quoted pieces alone, put together in `out`. */
static int read_statement(struct pattern_draft *d, struct reader *r, bool has_name, FILE *out, char **ret_why) {
	bool first = true;
	int e = 0;

	if (has_name)
		(void)next_piece(r);
	for (; e == 0 && next_piece(r); first = false) {
		struct str piece = { r->piece, r->len };

		if (first && has_name && piece.len > 7 && memcmp(piece.s, "escape=", 7) == 0)
			e = set_escape(d, (struct str){ piece.s + 7, piece.len - 7 }, ret_why);
		else if (fwrite(piece.s, 1, piece.len, out) != piece.len)
			e = -ENOMEM;
	}
	return e;
}

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct pattern_draft d = { .style = &default_style };
	struct reader r = { .text = str_trim(text) };
	bool statement = r.text.len > 10 && memcmp(r.text.s, "log_format", 10) == 0 && is_space(r.text.s[10]);
	_cleanup_(freep) char *joined = NULL;
	size_t len = 0;
	int e = 0;

	if (str_is(r.text, "combined"))
		r.text = STR(COMBINED);
	if (statement || (r.text.len && (r.text.s[0] == '\'' || r.text.s[r.text.len - 1] == ';'))) {
		FILE *out = open_memstream(&joined, &len);

		r.at = statement ? 10 : 0;
		r.piece = arena_alloc(&d.arena, r.text.len + 1);
		e = out ? read_statement(&d, &r, statement, out, ret_why) : -ENOMEM;
		if (out && fclose(out) != 0 && e == 0)
			e = -ENOMEM;
		r.text = (struct str){ joined, len };
	}
	if (e == 0)
		e = draft_variables(&d, r.text, ret_why);
	if (e == 0)
		e = pattern_new(&d, o, ret_parser, ret_why);
	draft_done(&d);
	return e;
}

const struct log_format log_format_nginx = {
	.name = "nginx",
	.summary = "nginx's log_format, combined when no text is given",
	.fallback = "combined",
	.compile = compile,
};
