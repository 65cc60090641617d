/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of JSON. The names that are looked for stand in one list, the earlier the better; a name that is met takes the
 * place of its role if no better one has it. The same name again takes it too: the last one counts, as in most readers.
 * What says nothing (null, "", "-") takes no place.
 *
 * The peer's own address comes before what some programs work out themselves from X-Forwarded-For, often from its wrong
 * end: who the client is behind trusted proxies is decided here.
 *
 * Names are found by length, first and last byte: most names of a line are looked for in vain, and that is told by one
 * look into a table. The names are ours or the user's, so nobody can make the chains long.
 */
#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "logs/field.h"
#include "logs/format.h"
#include "logs/forwarded.h"
#include "logs/json_scan.h"
#include "logs/syslog.h"
#include "logs/time_text.h"

enum role {
	ROLE_ADDR,
	ROLE_ADDR_PORT, /* the same, with the port behind the last colon: HAProxy's %ci:%cp */
	ROLE_FORWARDED_FOR,
	ROLE_FORWARDED,
	ROLE_TIME,
	ROLE_REQUEST,
	ROLE_METHOD,
	ROLE_PATH,
	ROLE_STATUS,
	ROLE_BYTES,
	ROLE_HOST,
	ROLE_AGENT,
	_ROLE_MAX
};

/* What a user writes before the '=', and the usual names. */
static const struct role_names {
	const char *name, *usual;
} roles[_ROLE_MAX] = {
	[ROLE_ADDR] = { "addr", "remote_addr remote_ip remoteAddr remote_address remoteAddress remoteIP remoteIp "
				"request.remote_ip request.remote_addr req.remoteAddress ClientAddr source.ip "
				"source.address client_addr client_address client.ip client.address clientip "
				"client_ip clientIp clientIP request.client_ip ClientHost client peer remote_host "
				"remote src_ip src ip addr" },
	[ROLE_ADDR_PORT] = { "addr_port", "" },
	[ROLE_FORWARDED_FOR] = { "forwarded_for",
				 "http_x_forwarded_for x_forwarded_for X-Forwarded-For x-forwarded-for xff "
				 "forwarded_for request.headers.X-Forwarded-For request_X-Forwarded-For "
				 "req.headers.x-forwarded-for headers.x-forwarded-for" },
	[ROLE_FORWARDED] = { "forwarded", "http_forwarded request.headers.Forwarded request_Forwarded "
					  "req.headers.forwarded" },
	[ROLE_TIME] = { "time", "@timestamp time_iso8601 time_local msec ts timestamp time StartUTC datetime date "
				"accept_date start" },
	[ROLE_REQUEST] = { "request", "request request_line requestLine http_request" },
	[ROLE_METHOD] = { "method", "request_method method http_method verb request.method req.method "
				    "http.request.method RequestMethod" },
	[ROLE_PATH] = { "path", "request_uri uri url path request_path uri_path request.uri req.url url.original "
				"url.path http.url RequestPath" },
	[ROLE_STATUS] = { "status", "status status_code statusCode response_code response http_status "
				    "http.response.status_code response.status res.statusCode DownstreamStatus code" },
	[ROLE_BYTES] = { "bytes", "body_bytes_sent bytes_sent bytes size response_size bytes_read "
				  "http.response.body.bytes http.response.bytes DownstreamContentSize" },
	[ROLE_HOST] = { "host", "http_host host request.host req.headers.host RequestHost url.domain vhost "
				"virtual_host server_name" },
	[ROLE_AGENT] = { "agent", "http_user_agent user_agent userAgent useragent agent ua user_agent.original "
				  "request.headers.User-Agent req.headers.user-agent request_User-Agent" },
};

enum { BUCKETS = 256, NONE = UINT16_MAX };

struct name {
	struct str text;
	uint16_t role;
	uint16_t next; /* of the same bucket, or NONE */
};

struct json_parser {
	struct log_parser base;
	struct log_options options;
	struct log_clock clock;
	char *directive; /* what the user's names are slices of */
	VEC(struct name) names;
	uint16_t bucket[BUCKETS];
	bool has_time;
	/* Of the line. */
	struct found {
		struct json_value value;
		const char *place; /* in the line */
		uint16_t name;
	} found[_ROLE_MAX];
	bool room_full;
	size_t room_used;
	char room[LOG_LINE_MAX]; /* texts whose escapes are undone: never longer than where they come from */
};

static unsigned bucket_of(struct str name) {
	unsigned char first = (unsigned char)name.s[0], last = (unsigned char)name.s[name.len - 1];

	return ((unsigned)name.len * 29 + first * 7U + last * 3U) % BUCKETS;
}

/* Puts a value's text behind what is in the room. */
static struct str put(struct json_parser *p, const struct json_value *v) {
	struct str out = { p->room + p->room_used, 0 };

	if (sizeof(p->room) - p->room_used < v->text.len) {
		p->room_full = true;
		return out;
	}
	if (v->escaped)
		out.len = json_unescape(v->text, p->room + p->room_used);
	else
		out.len = v->text.len, memcpy(p->room + p->room_used, v->text.s, out.len);
	p->room_used += out.len;
	return out;
}

/* Several headers of a name are one with commas, RFC 9110 section 5.2. */
static void join(struct json_parser *p, struct json_value *to, const struct json_value *more) {
	static const struct json_value comma = { .text = STR(", ") };

	if (to->escaped || to->text.s + to->text.len != p->room + p->room_used)
		to->text = put(p, to);
	to->escaped = false;
	to->text.len += put(p, &comma).len;
	to->text.len += put(p, more).len;
}

static void take_value(struct json_parser *p, uint16_t name, const struct json_value *v) {
	enum role role = p->names.v[name].role;
	struct found *f = &p->found[role];

	if (f->name < name)
		return;
	if (f->name == name && v->in_list && f->value.in_list) {
		/* Of a list the first item counts. */
		if (role == ROLE_FORWARDED_FOR || role == ROLE_FORWARDED)
			join(p, &f->value, v);
		return;
	}
	*f = (struct found){ *v, v->text.s, name };
}

static void look_at(struct str path, const struct json_value *v, void *user) {
	struct json_parser *p = user;

	if (!path.len || !v->text.len || (v->text.len == 1 && v->text.s[0] == '-'))
		return;
	for (uint16_t i = p->bucket[bucket_of(path)]; i != NONE; i = p->names.v[i].next)
		if (str_eq(p->names.v[i].text, path))
			take_value(p, i, v);
}

/* The text of a role; { NULL, 0 } when the line has none. */
static struct str text_of(struct json_parser *p, enum role role) {
	struct found *f = &p->found[role];

	if (f->name == NONE)
		return (struct str){ NULL, 0 };
	if (f->value.escaped) {
		f->value.text = put(p, &f->value);
		f->value.escaped = false;
	}
	return f->value.text;
}

static enum log_reason read_address(struct json_parser *p, struct ip *ret_ip, enum role *ret_role) {
	struct str t = text_of(p, ROLE_ADDR);
	const char *colon;

	*ret_role = ROLE_ADDR;
	if (!t.s && p->found[ROLE_ADDR_PORT].name != NONE) {
		*ret_role = ROLE_ADDR_PORT;
		t = text_of(p, ROLE_ADDR_PORT);
		colon = memrchr(t.s, ':', t.len);
		t.len = colon ? (size_t)(colon - t.s) : 0;
	}
	if (!t.len)
		return LOG_NO_ADDRESS;
	if (forwarded_hop(t.s, t.len, ret_ip) == 0)
		return LOG_OK;
	return field_is_address_like(t) ? LOG_BAD_ADDRESS : LOG_NO_ADDRESS;
}

static enum log_reason read_client(struct json_parser *p, struct ip *ret_ip, enum role *ret_role) {
	enum log_reason reason = read_address(p, ret_ip, ret_role);
	struct ip peer;

	for (enum role role = ROLE_FORWARDED_FOR; reason == LOG_OK && role <= ROLE_FORWARDED; role++) {
		enum forwarded_result result = FORWARDED_NONE;
		struct str t = text_of(p, role);

		*ret_role = role;
		peer = *ret_ip;
		if (t.s)
			result = forwarded_client(peer, t, role == ROLE_FORWARDED, p->options.trusted, ret_ip);
		if (result == FORWARDED_UNKNOWN ||
		    (result == FORWARDED_CLIENT && forwarded_may_be_cut(text_of(p, ROLE_STATUS))))
			reason = LOG_BAD_FORWARDED;
	}
	return reason;
}

/* A number: of seconds since 1970 when it has up to 11 digits before the point, of milliseconds up to 14, of
 * microseconds up to 17, else of nanoseconds. */
static int read_epoch(struct json_parser *p, struct str t, int64_t *ret_ms) {
	size_t n = 0, i;

	while (n < t.len && (unsigned char)(t.s[n] - '0') < 10)
		n++;
	if (n <= 11)
		return log_time_parse(&p->clock, LOG_TIME_SECONDS, t.s, t.len, 0, ret_ms);
	for (i = n + 1; i < t.len && (unsigned char)(t.s[i] - '0') < 10; i++)
		;
	if (n < t.len && (t.s[n] != '.' || i < t.len || i == n + 1))
		return -EINVAL;
	n -= n <= 14 ? 0 : n <= 17 ? 3 : 6;
	return log_time_parse(&p->clock, LOG_TIME_MILLIS, t.s, n, 0, ret_ms);
}

static int read_time(struct json_parser *p, struct str t, int64_t *ret_ms) {
	enum log_time_form form;

	if (t.len > 2 && t.s[0] == '[' && t.s[t.len - 1] == ']')
		t = (struct str){ t.s + 1, t.len - 2 };
	if (t.len < 15 || ((unsigned char)(t.s[0] - '0') < 10 && (unsigned char)(t.s[4] - '0') < 10))
		return read_epoch(p, t, ret_ms);
	form = t.s[2] == '/'   ? t.len == 24 ? LOG_TIME_HAPROXY : LOG_TIME_CLF
	       : t.s[4] == '-' ? LOG_TIME_ISO
			       : LOG_TIME_SYSLOG;
	return log_time_parse(&p->clock, form, t.s, t.len, p->options.now_ms, ret_ms);
}

static void read_request(struct json_parser *p, struct log_record *r) {
	struct str method = text_of(p, ROLE_METHOD), target = text_of(p, ROLE_PATH), host = text_of(p, ROLE_HOST);
	struct str request_method = { NULL, 0 }, request_target = { NULL, 0 };

	if (!method.s || !target.s)
		field_request(text_of(p, ROLE_REQUEST), &request_method, &request_target);
	r->method = method.s ? method : request_method;
	r->path = field_target(target.s ? target : request_target, &host);
	r->host = field_host(host);
	r->agent = text_of(p, ROLE_AGENT);
}

static enum log_reason read_record(struct json_parser *p, struct log_record *r, enum role *ret_role) {
	enum log_reason reason = read_client(p, &r->addr, ret_role);
	struct str time;

	if (reason != LOG_OK)
		return reason;
	*ret_role = ROLE_TIME;
	time = text_of(p, ROLE_TIME);
	if (p->has_time && !time.s)
		return LOG_NO_TIME;
	if (time.s && read_time(p, time, &r->time_ms) < 0)
		return LOG_BAD_TIME;
	*ret_role = ROLE_STATUS;
	if (field_status(text_of(p, ROLE_STATUS), &r->status) < 0)
		return LOG_BAD_STATUS;
	r->bytes = field_bytes(text_of(p, ROLE_BYTES));
	read_request(p, r);
	return LOG_OK;
}

static enum log_reason parse(struct log_parser *base, const char *line, size_t len, struct log_record *ret_record,
			     size_t *ret_at) {
	struct json_parser *p = (struct json_parser *)base;
	struct log_record r = { .time_ms = LOG_TIME_NONE };
	struct syslog_header h = { .body = 0 };
	enum log_reason reason;
	enum role role;

	*ret_at = 0;
	if (!len || (len == 1 && *line == '\r'))
		return LOG_EMPTY;
	if (len > LOG_LINE_MAX)
		return LOG_LINE_TOO_LONG;
	if (line[0] != '{')
		(void)syslog_header_parse(line, len, &h);
	p->room_used = 0;
	p->room_full = false;
	for (size_t i = 0; i < _ROLE_MAX; i++)
		p->found[i].name = NONE;
	if (json_scan(line + h.body, len - h.body, look_at, p, ret_at) < 0 || p->room_full) {
		*ret_at += h.body;
		return LOG_BAD_JSON;
	}
	*ret_at = h.body;
	reason = read_record(p, &r, &role);
	if (reason == LOG_OK)
		*ret_record = r;
	else if (p->found[role].name != NONE)
		*ret_at = (size_t)(p->found[role].place - line);
	return reason;
}

static void json_free(struct log_parser *base) {
	struct json_parser *p = (struct json_parser *)base;

	free(p->directive);
	vec_done(&p->names);
	free(p);
}

static void add_name(struct json_parser *p, enum role role, struct str text) {
	vec_push(&p->names, (struct name){ text, (uint16_t)role, NONE });
	p->has_time |= role == ROLE_TIME;
}

/* The names behind each other, the first of a chain last: so the chains go backwards, which makes no difference. */
static void fill_buckets(struct json_parser *p) {
	for (size_t i = 0; i < BUCKETS; i++)
		p->bucket[i] = NONE;
	for (size_t i = 0; i < p->names.n; i++) {
		uint16_t *bucket = &p->bucket[bucket_of(p->names.v[i].text)];

		p->names.v[i].next = *bucket;
		*bucket = (uint16_t)i;
	}
}

static int wrong_role(struct str word, char **ret_why) {
	const char *names[_ROLE_MAX], *near;
	int r;

	for (size_t i = 0; i < _ROLE_MAX; i++)
		names[i] = roles[i].name;
	near = suggest(word, names, _ROLE_MAX);
	r = asprintf(
		ret_why,
		"\"%.*s\" is nothing that a line of JSON is asked for%s%s%s: write FIELD=NAME,… with the fields addr, "
		"addr_port, forwarded_for, forwarded, time, request, method, path, status, bytes, host, agent",
		(int)MIN(word.len, (size_t)40), word.s, near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"" : "");
	return r < 0 ? -ENOMEM : -EINVAL;
}

/* "addr=client.ip,time=@timestamp": names of a role take the place of the usual ones. */
static int read_directive(struct json_parser *p, struct str text, char **ret_why) {
	bool given[_ROLE_MAX] = { false };
	struct str piece;

	while (str_split(&text, ',', &piece)) {
		struct str name = str_trim(piece), word;
		enum role role = 0;

		if (!name.len)
			continue;
		(void)str_split(&name, '=', &word);
		word = str_trim(word);
		while (role < _ROLE_MAX && !str_is(word, roles[role].name))
			role++;
		if (role == _ROLE_MAX || !name.s)
			return wrong_role(word, ret_why);
		given[role] = true;
		name = str_trim(name);
		if (name.len)
			add_name(p, role, name);
	}
	given[ROLE_ADDR] |= given[ROLE_ADDR_PORT];
	for (enum role role = 0; role < _ROLE_MAX; role++) {
		struct str usual = str_of(roles[role].usual), name;

		while (!given[role] && str_split(&usual, ' ', &name))
			if (name.len)
				add_name(p, role, name);
	}
	if (p->names.n >= NONE) {
		*ret_why = strdup("so many names are no format: write some tens of them");
		return *ret_why ? -EINVAL : -ENOMEM;
	}
	return 0;
}

extern const struct log_format log_format_json;

static int compile(struct str text, const struct log_options *o, struct log_parser **ret_parser, char **ret_why) {
	struct json_parser *p = calloc(1, sizeof(*p));
	int r = -ENOMEM;

	if (!p)
		return -ENOMEM;
	p->options = *o;
	p->base = (struct log_parser){ &log_format_json, &p->options, parse, json_free };
	p->directive = strndup(text.s ? text.s : "", text.len);
	if (p->directive)
		r = read_directive(p, (struct str){ p->directive, strlen(p->directive) }, ret_why);
	if (r < 0) {
		json_free(&p->base);
		return r;
	}
	fill_buckets(p);
	*ret_parser = &p->base;
	return 0;
}

const struct log_format log_format_json = {
	.name = "json",
	.summary = "lines of JSON, with the usual names or json:addr=NAME,time=NAME,…",
	.compile = compile,
};
