/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the targets that share a translator (tayga, jool, and unbound for DNS64) have to agree on.
 */
#pragma once

#include "estate/estate.h"

/* The nat64 section, if it names this machine as a translator and the machine has the role; else NULL. */
const struct nat64 *nat64_on(const struct estate *e, const struct machine *m, unsigned roles);

/* Why a translation prefix cannot be one (RFC 6052 section 2.2), or NULL; the first by its length alone. */
const char *nat64_length_fault(struct prefix p);
const char *nat64_prefix_fault(struct prefix p);

/* 64:ff9b::/96, which stands for global IPv4 addresses only (RFC 6052 section 3.1). */
bool nat64_is_wellknown(struct prefix p);

/* The same for a text in a file: also when it is no IPv6 network at all. */
const char *nat64_text_fault(struct str text, struct prefix *ret_p);

/* The IPv4 network behind a translation prefix of a right length. */
struct prefix nat64_embed(struct prefix nat64, struct prefix v4);
