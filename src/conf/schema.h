/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file may say, as rows: name, type, range, default, flags and one line of documentation. The same rows load the
 * nodes into structs, word the errors, make the manual's field lists and the JSON Schema for editors.
 *
 *     struct service { struct scalar name; struct list tcp, udp; };
 *     static const struct field service_fields[] = {
 *             { "tcp", TYPE_UINT, LIST, offsetof(struct service, tcp), .min = 1, .max = 65535, .doc = "TCP ports" },
 *             …
 *     };
 *     static const struct schema service_schema = { "service", …, sizeof(struct service), service_fields, 2,
 *                                                   .key_type = TYPE_TEXT };
 *
 * A struct that is a map's item begins with its key, of the key's type.
 */
#pragma once

#include "base/vec.h"
#include "conf/value.h"

enum field_type {
	TYPE_TEXT,     /* struct scalar: any scalar */
	TYPE_NAME,     /* struct scalar: letters, digits, - _ . and nothing else */
	TYPE_PATH,     /* struct scalar: of a file or a URL, from the '/' on; no blanks, no control characters */
	TYPE_UINT,     /* struct number within min..max */
	TYPE_REAL,     /* struct real within min..max */
	TYPE_FLAG,     /* struct flag: true, false, yes, no, on, off */
	TYPE_WORD,     /* struct word: one of .words */
	TYPE_DURATION, /* struct number, seconds: 90, 90s, 5m, 1h, 7d, 2w */
	TYPE_SIZE,     /* struct number, bytes: 512, 64KiB, 1GiB */
	TYPE_IP,       /* struct address */
	TYPE_IP4,
	TYPE_IP6,
	TYPE_NET, /* struct network: host bits are an error */
	TYPE_NET4,
	TYPE_NET6,
	TYPE_IFADDR4, /* struct ifaddr: an address with the length of its link */
	TYPE_IFADDR6,
	TYPE_LISTENER, /* struct listener: address and port */
	TYPE_REF,      /* struct ref: a name that .kinds allows */
	TYPE_STRUCT,   /* a mapping with the fields of .sub */
	_TYPE_MAX
};

enum field_shape {
	ONE,  /* the value itself; of TYPE_STRUCT: a pointer to the struct, NULL when absent */
	LIST, /* struct list; a single value counts as a list of one */
	MAP,  /* struct list of .sub, each with its key */
};

enum { FIELD_REQUIRED = 1 };

struct field {
	const char *name;
	enum field_type type;
	enum field_shape shape;
	size_t offset;
	unsigned flags;
	int64_t min, max;         /* numbers; both 0: any */
	const char *const *words; /* TYPE_WORD, NULL-terminated */
	const struct schema *sub; /* TYPE_STRUCT */
	unsigned kinds;           /* TYPE_REF */
	const char *kinds_doc;    /* "a group, a machine or a prefix" */
	const char *fallback;     /* the default, in the text form */
	const char *doc;          /* one line for people */
};

struct schema {
	const char *name; /* of one such thing: "machine", "routed network" */
	const char *doc;  /* one line or a paragraph */
	size_t size;
	const struct field *fields;
	size_t n;
	enum field_type key_type; /* when it is a map's item */
	int64_t key_min, key_max; /* of TYPE_UINT keys */
	const char *key_doc;
	const char *shorthand; /* a plain value stands for this field alone, or NULL */
	const char *elsewhere; /* what people look for here in vain and where it goes, or NULL */
};

/* What a load produces besides the structs. */
struct loader {
	struct arena *arena;
	struct diags *diags;
	VEC(struct ref *) refs; /* all names met, for the caller to resolve */
	unsigned guesses;       /* "did you mean" so far */
};

void loader_init(struct loader *l, struct arena *a, struct diags *d);
void loader_done(struct loader *l);

/* Whether to look for a name that may have been meant: only so often, because a database full of wrong names would
 * otherwise be compared with itself. */
bool loader_may_guess(struct loader *l);

/*
 * Loads a mapping into a zeroed struct of schema->size. Every mistake is a diagnostic; fields with mistakes stay zero,
 * and the node around them (and its key) is marked faulty, so that later findings about it can be held back. Returns
 * how many mistakes it found.
 */
unsigned schema_load(struct loader *l, const struct schema *schema, struct node *map, void *ret_struct);

/* Whether a mapping of this schema may have a key of this name. */
bool schema_has(const struct schema *schema, struct str name);

/* The place to point at for a value that may be absent: its own, or that of `otherwise`. */
struct loc loc_of(const struct node *at, const struct node *otherwise);
