/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pattern is when it has been compiled (pattern.c) and how it is run (pattern_run.c, pattern_record.c).
 *
 * Quotes (tabs, in a format that has any) cut the format into groups, as they cut the line. In a group, `left` items
 * are read from its beginning and the items from `right` on from its end; what is left between them is the one free
 * field, or is not looked at.
 */
#pragma once

#include "logs/pattern.h"

struct pattern_item {
	struct str text; /* a literal: role and shape do not matter */
	uint8_t role, shape, width;
};

struct pattern_group {
	uint32_t first, count;  /* items */
	uint32_t left, right;   /* items read from the left; index of the first one that is read from the right */
	uint8_t middle;         /* role of the free field between, or ROLE_NONE */
	bool free;              /* there is something between */
	bool closed;            /* ends at a quote; otherwise it is the last one and ends with the line */
	bool needed;            /* holds anything that is wanted */
	bool empty_quotes;      /* see struct pattern_style */
	bool quotes;            /* holds a field with quotes of its own: */
	bool more_quotes;       /* a later group does, too: they can be told apart only while there are none */
	uint32_t quotes_behind; /* the quote that closes it is counted from the line's end, itself included */
};

struct pattern {
	struct log_parser parser;
	struct log_options options;
	const struct pattern_style *style;
	struct arena arena;
	struct pattern_item *items;
	struct pattern_group *groups;
	size_t group_count;
	scan_fill_fn *fill;
	char mark;   /* what cuts lines: the quote, or the tab where the format has tabs */
	char escape; /* first byte of an escape */
	bool parity; /* ... which a backslash before a quote is */
	bool header; /* a syslog header may stand in front */
	bool has_addr, has_id, has_time;
	bool has_forwarded[2];    /* ROLE_FORWARDED_FOR, ROLE_FORWARDED */
	bool addr_port, addr_hex; /* how the address is written */
	uint8_t time_form;
	struct log_clock clock;
	char *room; /* LOG_LINE_MAX bytes, for texts whose escapes are undone */
	size_t room_used;
};

/* What was found in a line. */
struct pattern_found {
	struct str text[_ROLE_MAX]; /* s NULL: not there, or the line ended before it */
	bool escaped;               /* there may be escapes in them */
	bool cut;                   /* the line ends where a quote should have come: */
	const char *end;            /* here, so a client's text that ends here may go on */
};

/* The fields' meaning. `at` is set with every result but LOG_OK. */
enum log_reason pattern_record(struct pattern *p, const char *line, const struct pattern_found *f,
			       struct log_record *ret_record, size_t *ret_at);

enum log_reason pattern_parse(struct log_parser *parser, const char *line, size_t len, struct log_record *ret_record,
			      size_t *ret_at);

/* Undoes the escapes of a text into `room`, which has text.len bytes; returns the length. What is no escape stays. */
size_t pattern_unescape(enum pattern_escape escape, struct str text, char *room);
