/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML 1.2 text → nodes with places. A pure function of the bytes.
 *
 * Anchors and aliases are allowed; an aliased node keeps the place where it was written. Not allowed, each with its own
 * message: duplicate keys, keys that are not scalars, more than one document, bytes that are not UTF-8, nesting deeper
 * than YAML_DEPTH_MAX, aliases that would expand to more than YAML_NODES_MAX nodes. Syntax errors are reported at the
 * line that has to be changed, which is not always the line where the parser stumbled.
 */
#pragma once

#include "conf/node.h"

enum {
	YAML_BYTES_MAX = 64 << 20, /* one file; larger databases are split by site */
	YAML_DEPTH_MAX = 64,
	YAML_NODES_MAX = 16 << 20,
};

/*
 * Parses source number `file` of d->sources. On success returns 0 and the root, NULL for a file without content. On
 * mistakes adds diagnostics and returns -EINVAL; duplicate keys are reported but do not end the parse.
 */
int yaml_parse(struct arena *a, struct diags *d, uint32_t file, struct node **ret_root);

/* Reads a file and parses it under the name `shown`; -EFBIG, -EISDIR and other -errno are also put into d. */
int yaml_load(struct arena *a, struct diags *d, struct sources *s, const char *path, const char *shown,
	      struct node **ret_root);
