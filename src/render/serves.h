/* SPDX-License-Identifier: Apache-2.0 */
/* Which public names a machine answers for, and on which TCP ports: what the web targets listen to. */
#pragma once

#include "estate/estate.h"
#include "render/value.h"

/* Whether the endpoint's `to` names the machine: itself, one of its groups, or a failover entry it takes part in. */
bool serves_endpoint(const struct endpoint_name *n, const struct machine *m);

/* Whether it serves any endpoint. */
bool serves_any(const struct estate *e, const struct machine *m);

/*
 * The endpoints of a machine, grouped by service: a list of {service, ports, tls, redirect, names}. tls is set for
 * services with port 443. When one is and the estate has a service `http`, a first item with redirect set and no names
 * listens on the ports of http.
 */
const struct value *serves_data(const struct estate *e, const struct machine *m, struct arena *a);
