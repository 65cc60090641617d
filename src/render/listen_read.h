/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads on which addresses and ports a configuration makes HAProxy or nginx listen. Pure functions. Addresses are
 * written as numbers, as our templates do; a name, a port range, a Unix socket or a port from a variable is an error by
 * line.
 */
#pragma once

#include "render/facts.h"

/*
 * "bind" lines: "bind 192.0.2.1:80,:81", "bind [::]:443 v6only ssl …", "bind *:80". An IPv6 wildcard without v6only, or
 * with v4v6, is both families. 0, or -EINVAL with ret_error ("line 7: …").
 */
int haproxy_listeners(struct facts *f, struct str text, const char **ret_error);

/*
 * "listen" directives: "listen 80;", "listen [::]:443 ssl", "listen 192.0.2.1" (port 80). "quic" is UDP; an IPv6
 * wildcard with ipv6only=off is both families. program: "nginx", or "nginx (jenkins)", which must outlive the facts.
 */
int nginx_listeners(struct facts *f, const char *program, struct str text, const char **ret_error);
