/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's own addresses, as a service that answers on each of them wants them. */
#pragma once

#include "render/target.h"

/*
 * The loopback, ip, ipv6, the others and those that a failover entry can give the machine, IPv4 first; each once. A
 * family in which the machine has no address has no loopback either. Link-local addresses are left out.
 */
const struct value *own_addresses(const struct target_run *r);
