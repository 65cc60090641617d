/* SPDX-License-Identifier: Apache-2.0 */
/* Names of routing tables, as iproute2 keeps them. */
#pragma once

#include "base/str.h"

/* A number (decimal, or hexadecimal behind 0x), or a name of /etc/iproute2/rt_tables, of a .conf file in the
 * folder rt_tables.d beside it, or of the same below /usr/share. 0 or -EINVAL. */
int route_table_parse(const char *text, uint32_t *ret_table);

/* The number of a name in such a file's text: lines "NUMBER NAME", '#' begins a comment. 0 or -ENOENT. */
int route_table_find(struct str file, const char *name, uint32_t *ret_table);
