/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model as templates see it. Absent values are null, absent lists are empty; every value has the place in the
 * estate's files where it was written.
 *
 * estate: name, domain, groups (dict by name: name, comment, roles, machines, ipv4, ipv6), services (dict by name:
 * name, tcp, udp), prefixes (network, comment, site, per_machine, gateway), endpoints (name, to, service, paths),
 * failover (name, machines, interface, vrid, ipv4, ipv6, track), trusted_proxies (prefixes).
 *
 * machine: name, host (its first label), comment, groups, roles, ip, ipv6, interface, mtu, gateway4, gateway6, subnet6,
 * other_ips, other_ips6 (address, comment, monitoring), routed_networks, routed_networks6 (network, comment, groups,
 * docker_network: name, ipv4), failover (the entries it takes part in).
 */
#pragma once

#include "addr/set.h"
#include "estate/estate.h"
#include "render/value.h"

/* What all machines share. Lives in the arena; const afterwards. */
const struct value *data_estate(const struct estate *e, struct arena *a);

/* One machine. */
const struct value *data_machine(const struct estate *e, const struct machine *m, struct arena *a);

/* Small parts, for targets that compose their own data. A NULL `at` gives null. */
const struct value *data_scalar(struct arena *a, const struct scalar *s);
const struct value *data_ip(struct arena *a, const struct address *v);
const struct value *data_network(struct arena *a, const struct network *v);
const struct value *data_uint(struct arena *a, const struct number *n);

/* The minimal prefixes of a normal set as a list. */
const struct value *data_set(struct arena *a, const struct prefix_set *set, struct loc loc);
