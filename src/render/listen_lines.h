/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads on which addresses and ports a program listens whose configuration is lines: a key, then words. Pure functions
 * of any bytes; 0, or -EINVAL with ret_error ("line 7: …") for a line that may mean a listener and is not understood:
 * names in the place of addresses, Unix sockets, values that go on in the next line. Files that are included are not
 * followed.
 */
#pragma once

#include "render/facts.h"

/* Knot DNS: "listen: ADDRESS@PORT", UDP and TCP. "::" is IPv6 only. */
int knot_listeners(struct facts *f, struct str text, const char **ret_error);

/* Unbound: "interface: ADDRESS", "port:", do-ip4, do-ip6, do-udp, do-tcp. Without any interface there are no facts. */
int unbound_listeners(struct facts *f, struct str text, const char **ret_error);

/* OpenVPN (2.6): proto, port, local. udp6 without an address is both families; udp without an address, which is the
 * system's choice, is refused. program, which must outlive the facts: "openvpn (staff)". */
int openvpn_listeners(struct facts *f, const char *program, struct str text, const char **ret_error);

/* PostgreSQL: listen_addresses, port. '*' is both families, "::" IPv6 only. */
int postgresql_listeners(struct facts *f, struct str text, const char **ret_error);

/* GitLab's own nginx, by gitlab.rb: the listen_addresses of nginx and registry_nginx with the ports of the URLs, and
 * port 80 where it leads to TLS. */
int gitlab_listeners(struct facts *f, struct str text, const char **ret_error);

/* Jenkins, by JENKINS_LISTEN_ADDRESS and JENKINS_PORT in a unit's Environment=. */
int jenkins_listeners(struct facts *f, struct str text, const char **ret_error);
