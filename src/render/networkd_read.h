/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader for systemd-networkd's files (systemd.network(5), systemd.netdev(5), version 252). networkd itself
 * has no way to check a file: it ignores what it does not know and carries on with the rest.
 *
 * Knows the sections and keys that a server with static addresses may need, and the values they take. Stricter than
 * networkd: no empty values, no continued lines, no host bits in a destination.
 */
#pragma once

#include "base/str.h"

enum networkd_kind { NETWORKD_NETWORK, NETWORKD_NETDEV };

typedef void (*networkd_complain)(uint32_t line, const char *message, void *user);

/* Calls complain for every mistake, with the line counting from 1. Pure; takes any bytes. Returns how many. */
unsigned networkd_read(struct str text, enum networkd_kind kind, networkd_complain complain, void *user);
