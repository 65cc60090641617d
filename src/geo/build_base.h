/* SPDX-License-Identifier: Apache-2.0 */
/* The layer below the exceptions, of whatever source it is, as a tree. Internal to build.c and its parts. */
#pragma once

#include "geo/mmdb_load.h"
#include "geo/source.h"

struct build_base {
	struct arena arena;    /* the file's bytes, and all below */
	struct mmdb_base file; /* where the base is rows: roots and aliases only */
	bool is_mmdb;          /* values are records of db; else indexes of countries */
	struct mmdb db;
	const char *database_type;    /* or NULL */
	const char *const *languages; /* NULL-terminated, or NULL */
};

/* Reads the source into an empty tree. 0, or -errno with an error in the diags. */
int build_base_load(const struct geo_spec *spec, struct diags *diags, struct geo_tree *tree,
		    struct build_base *ret_base);
void build_base_done(struct build_base *b);

/* Says where the base is broken; returns -EBADMSG. */
int build_base_fault(const struct geo_spec *spec, struct diags *diags, const struct mmdb_fault *fault);
