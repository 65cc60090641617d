/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML 1.2 text → nodes with places. A pure function of the bytes.
 *
 * Anchors and aliases are allowed; an aliased node keeps the place where it was written. Not allowed, each with its own
 * message: duplicate keys, keys that are not scalars, tags, more than one document, bytes that are not UTF-8, control
 * characters, and more than the limits below. Syntax errors are reported at the line that has to be changed, which is
 * not always the line where the parser stumbled.
 */
#pragma once

#include "conf/node.h"

enum {
	YAML_BYTES_MAX = 64 << 20, /* one file; larger databases are split by site */
	YAML_DEPTH_MAX = 64,
	YAML_FLOW_MAX = 16384,      /* brackets open at a time, before the parser sees them */
	YAML_NODES_MAX = 4 << 20,   /* written in one file */
	YAML_ALIASED_MAX = 1 << 20, /* further ones that its aliases stand for */
};

/*
 * Parses source number `file` of d->sources. Returns 0 and the root, NULL for a file without content; duplicate keys
 * are errors in d, but the tree is whole (it keeps the first). A syntax error or a limit adds one diagnostic and
 * returns -EINVAL.
 */
int yaml_parse(struct arena *a, struct diags *d, uint32_t file, struct node **ret_root);

/* Reads a file and parses it under the name `shown`; -EFBIG, -EISDIR and other -errno are also put into d. */
int yaml_load(struct arena *a, struct diags *d, struct sources *s, const char *path, const char *shown,
	      struct node **ret_root);
