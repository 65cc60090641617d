/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine serves to the public: which names, on which TCP ports, in which families. The web targets listen to
 * exactly this.
 */
#pragma once

#include "estate/estate.h"
#include "render/value.h"

/* Whether the machine has an address of the family: its own, another, or one that a failover entry can give it. */
bool serves_family(const struct estate *e, const struct machine *m, enum family family);

/* Whether it answers for a public name on a TCP port, in any family. */
bool serves_any(const struct estate *e, const struct machine *m);

/* Whether TLS is spoken on this port of the service. */
bool serves_tls(const struct service *s, uint64_t port);

/*
 * Ports that are treated alike, in ascending order: a list of {name (unique, from the service), ports, tls, names
 * (served here), redirect (names that are sent on to port 443)}. Names are in lower case. Public names of one machine
 * share ports, whichever service brought them there.
 *
 * TLS is spoken on port 443, and on every port but 80 of a service that has port 443 or whose name begins with "https".
 * Port 80 redirects the names of port 443, when a service of the estate is called http and has port 80, or their own
 * service has it.
 */
const struct value *serves_ports(const struct estate *e, const struct machine *m, struct arena *a);

/*
 * Names that are not for everybody (endpoints: only): a list of {name, from}. `from` has the prefixes of both families
 * that may use the name, as the machine sees them, and is empty when that is nobody. The names are those of
 * serves_ports().
 */
const struct value *serves_only(const struct estate *e, const struct machine *m, struct arena *a);

/* The `from` of a name in that list; null: it is for everybody. */
const struct value *serves_only_from(const struct value *only, const struct value *name);

/*
 * Where to listen for them, a family at a time: a list of {address ("[::]:443"), port, ipv6, tls}. The hosts are those
 * of the families that the machine has; NULL leaves the family out.
 */
const struct value *serves_listen(const struct value *ports, bool tls, const char *host4, const char *host6,
				  struct arena *a);
