/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed values as the schema loads them. Each remembers the node it was written in (`at`), so that any later finding
 * can point at it; `at` is NULL when the value is absent, or when it is the field's default.
 */
#pragma once

#include "addr/prefix.h"
#include "conf/node.h"

/* Any text. */
struct scalar {
	const char *s; /* NULL when absent */
	const struct node *at;
};

/* Counts, ports, seconds (durations) and bytes (sizes). */
struct number {
	uint64_t n;
	const struct node *at;
};

struct real {
	double x;
	const struct node *at;
};

/* A yes-or-no. */
struct flag {
	bool on;
	const struct node *at;
};

/* One of the field's words, by index. */
struct word {
	unsigned index;
	const struct node *at;
};

struct address {
	struct ip ip;
	const struct node *at;
};

struct network {
	struct prefix prefix;
	const struct node *at;
};

/* An address and the length of the link it sits on: 2001:db8::1/64. */
struct ifaddr {
	struct ip ip;
	uint8_t len; /* in the 128-bit space */
	const struct node *at;
};

/* An address and a port to listen on or to send to. */
struct listener {
	struct ip ip;
	uint16_t port;
	const struct node *at;
};

/*
 * A name of something else in the estate. `kinds` is what the field allows; `kind` and `to` are filled in when all
 * names are known (loader.refs).
 */
struct ref {
	const char *s;
	const struct node *at;
	unsigned kinds;
	unsigned kind; /* one bit, 0 while unresolved */
	const void *to;
	struct prefix prefix; /* for an address or a prefix written in place of a name */
};

/* Items of one type, in the order of the file. */
struct list {
	void *items;
	uint32_t n;
	const struct node *at;
};

#define LIST_EACH(type, item, list)                                                                                    \
	for (type *item = (list)->items, *item##_end = (list)->n ? item + (list)->n : item; item != item##_end; item++)
