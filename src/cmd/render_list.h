/* SPDX-License-Identifier: Apache-2.0 */
/* What `hextet render --list` shows: the targets, and with an estate which machine gets which, and why. */
#pragma once

#include "cmd/estate_open.h"

/* `o` NULL: the targets only. */
void render_list_emit(struct emit *e, const struct opened_estate *o);

/* The same for people, a machine a line. */
void render_list_print(FILE *out, const struct opened_estate *o);
