/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the name of a variable, field or column says. A name is made of parts: clientIp, CLIENT_IP and client-ip all are
 * "client" and "ip"; "zip" is one part, and says nothing of addresses.
 */
#pragma once

#include "base/str.h"

bool scan_name_is_ip(struct str name);        /* an address, or something of one: ip, remote_addr, ipHash */
bool scan_name_is_ip_value(struct str name);  /* an IP address itself: clientIp, ip_from; neither ipHash nor address */
bool scan_name_is_ip_text(struct str name);   /* as scan_name_is_ip, but no hardware's, person's or IPv6 address */
bool scan_name_is_ip_column(struct str name); /* as scan_name_is_ip_value, or remote_addr, server_address */
bool scan_name_is_6(struct str name);         /* speaks of IPv6: ipv6_address, in6addr_any, Inet6Address */
bool scan_name_is_prefix(struct str name);    /* the length of a prefix, or a mask */
bool scan_name_is_network(struct str name);   /* a network: subnet, cidr */
bool scan_name_is_endpoint(struct str name);  /* something that has a host and a port: server, hostport, peer */
