/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a YAML file says, before anybody asks what it means: a tree in which every key and every value knows its place.
 * Every scalar is text. Nodes live in an arena and are const after the parse.
 *
 * A container holds its items as a list: NODE_EACH(item, map) — in a map each item has a key, in a sequence none has.
 */
#pragma once

#include "base/diag.h"
#include "base/str.h"

enum node_kind { NODE_SCALAR, NODE_SEQ, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted;     /* a scalar in quotes or a block scalar: surely meant as text */
	bool faulty;     /* something in it did not load: findings about it may be consequences */
	bool missing;    /* "key:" with nothing behind it; loc is then the key's */
	bool folded;     /* a plain scalar that goes on over the next line */
	bool shared;     /* its items also belong to another node, by an alias */
	uint32_t count;  /* items of a container */
	uint32_t weight; /* nodes in this subtree with aliases expanded */
	struct loc loc;  /* of the value; a quoted scalar begins at its quote */
	union {
		struct str text;    /* a scalar, zero-terminated behind its length */
		struct node *first; /* a container's first item */
	};
	struct node *last;
	struct node *next; /* in the container */
	struct node *key;  /* in a map */
};

#define NODE_EACH(item, container)                                                                                     \
	for (struct node *item = (container)->kind == NODE_SCALAR ? NULL : (container)->first; item; item = item->next)

/* "a value", "a list" or "a mapping", for messages. */
const char *node_kind_to_str(enum node_kind k);

/* The item of a map under this key, or NULL. Linear. */
struct node *node_get(const struct node *map, const char *key);
