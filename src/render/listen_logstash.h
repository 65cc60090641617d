/* SPDX-License-Identifier: Apache-2.0 */
/* On which addresses and ports Logstash's inputs listen. */
#pragma once

#include "render/facts.h"

/*
 * The inputs that accept: beats, elastic_agent, http, syslog, tcp, udp. 0, or -EINVAL with ret_error ("line 7: …") for
 * an input that is not known, and for one without a host, with a name or a wildcard for it, or without a port. Pure.
 */
int logstash_listeners(struct facts *f, struct str text, const char **ret_error);
