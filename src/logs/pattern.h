/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one engine behind the servers' text formats. format_SERVER.c reads a directive and drafts it: texts and fields in
 * order, each field with what is known of it. pattern_new() makes the parser, or says why there can be none.
 *
 *     struct pattern_draft d = { .style = &nginx_style };
 *     draft_field(&d, STR("$remote_addr"), &row);
 *     draft_text(&d, " - ", 3);
 *     r = pattern_new(&d, options, &parser, &why);
 *     draft_done(&d);
 *
 * Internal to the room.
 */
#pragma once

#include "base/vec.h"
#include "logs/format.h"
#include "logs/scan.h"
#include "logs/time_text.h"

/* What of the record a field says. */
enum pattern_role {
	ROLE_NONE,
	ROLE_ADDR,          /* of who connected: an address, unix:, "-" or a host name */
	ROLE_ID,            /* HAProxy's unique id */
	ROLE_FORWARDED_FOR, /* X-Forwarded-For */
	ROLE_FORWARDED,     /* RFC 7239 */
	ROLE_TIME,
	ROLE_REQUEST, /* METHOD target PROTOCOL */
	ROLE_METHOD,
	ROLE_TARGET,
	ROLE_STATUS,
	ROLE_BYTES,
	ROLE_HOST,
	ROLE_AGENT,
	_ROLE_MAX
};

/* How far a field goes. Only what the server alone decides may be other than SHAPE_FREE or SHAPE_CHOSEN. */
enum pattern_shape {
	SHAPE_FREE,   /* any text */
	SHAPE_CHOSEN, /* any text without blanks: the client's word */
	SHAPE_WORD,   /* the server's word: without blanks */
	SHAPE_NUMBER, /* digits, sign, point */
	SHAPE_WIDTH,  /* as many bytes as the row says */
	SHAPE_BRACES, /* {…}, or nothing at all, and then the blank before it is missing as well */
};

/* ROLE_NONE with this priority: what a path ends in. */
enum { PATTERN_QUERY = 255 };

/* A row of a server's table of variables. */
struct pattern_field {
	const char *name;
	uint8_t role; /* of several fields with a role the lowest priority is read, of these the first */
	uint8_t shape;
	uint8_t priority;
	uint8_t width;
	uint8_t time_form; /* ROLE_TIME */
	bool hex;          /* ROLE_ADDR in HAProxy's %{+X}: 8 or 32 digits */
	bool quotes;       /* this text may hold quotes that are not escaped */
	bool port;         /* ROLE_ADDR, ROLE_HOST: a port is behind its last colon. Set by pattern_new() */
};

/* How a server writes. */
struct pattern_style {
	const struct log_format *format;
	const char *address_hint; /* how the peer's address is written */
	const char *quote_hint;   /* how a field is put into quotes */
	enum pattern_escape {
		ESCAPE_HEX,       /* nginx: \xHH for quote, backslash, controls and all above 7E */
		ESCAPE_BACKSLASH, /* C: \" \\ \n \xhh (Apache, varnishncsa) */
		ESCAPE_JSON,      /* \" \\ \n \u00XX (nginx, escape=json) */
		ESCAPE_HASH,      /* HAProxy: #HH */
	} escape;
	bool blanks_collapse; /* a field that is empty takes the blank in front of it away (HAProxy) */
	bool empty_quotes;    /* an empty user name is written as two quotes (Apache) */
};

struct pattern_draft_item {
	struct str text;            /* a text, or a field as it is written in the directive */
	struct pattern_field field; /* name NULL: a text */
};

struct pattern_draft {
	const struct pattern_style *style;
	struct arena arena;
	VEC(struct pattern_draft_item) items;
	VEC(char) text; /* not yet an item */
};

void draft_text(struct pattern_draft *d, const char *s, size_t len);
void draft_field(struct pattern_draft *d, struct str written, const struct pattern_field *field);
void draft_done(struct pattern_draft *d);

/* The row of that name, or NULL. */
const struct pattern_field *pattern_find(const struct pattern_field *rows, size_t n, struct str name);

/* As log_format's compile(). The style must stay. */
int pattern_new(struct pattern_draft *d, const struct log_options *o, struct log_parser **ret_parser, char **ret_why);

/* Sets *ret_why and returns -EINVAL. */
int pattern_refuse(char **ret_why, const char *fmt, ...) _printf_(2, 3);
