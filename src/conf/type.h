/* SPDX-License-Identifier: Apache-2.0 */
/* The types of schema.h as rows. Internal to the room. */
#pragma once

#include "conf/schema.h"

struct type {
	size_t size;
	/* Reads a scalar into *out and returns 0; or says what is wrong and returns -EINVAL. */
	int (*parse)(struct loader *l, const struct field *f, const struct node *n, void *out);
	const char *what;    /* "an IPv4 address" */
	const char *json;    /* its JSON Schema, without braces */
	const char *example; /* for the manual */
};

extern const struct type type_table[_TYPE_MAX];
