/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that work together by role, as the configuration of each of them lists the others. */
#pragma once

#include "render/target.h"

/* The main addresses (ip, ipv6) of the machines with a role, in the order of the files, without one of them (or NULL).
 */
const struct value *cluster_addresses(const struct estate *e, enum role role, const struct machine *without,
				      struct arena *a);

/* The machine's main and other addresses, IPv4 first; failover addresses come and go and are not among them. */
const struct value *cluster_own(const struct machine *m, struct arena *a);

/* The family in which every machine with the role has an address: IPv6 if both; 0 if neither. */
int cluster_family(const struct estate *e, enum role role);

/* The TCP port number `index` of a service of the estate; `otherwise` if there is none. */
uint16_t cluster_port(const struct estate *e, const char *service, uint32_t index, uint16_t otherwise);
