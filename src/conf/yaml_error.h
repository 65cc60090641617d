/* SPDX-License-Identifier: Apache-2.0 */
/* From where the YAML parser stumbled to what the user has to change. Internal to the room. */
#pragma once

#include "conf/node.h"

struct yaml_stumble {
	const struct sources *sources;
	const char *message;            /* libfyaml's */
	struct loc loc;                 /* libfyaml's */
	const struct node *last_scalar; /* read before, or NULL */
	bool last_is_key;               /* and it was a key */
	const struct node *key_pending; /* a key whose value was being read, or NULL */
	const struct node *open_flow;   /* the innermost [ or { that is still open, or NULL */
};

/* Adds one diagnostic. */
void yaml_explain(struct arena *a, struct diags *d, const struct yaml_stumble *at);

/* Whether the container that starts here is written with a bracket. */
bool yaml_is_flow(const struct sources *s, struct loc loc);
