/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers of nginx for the public names of a machine, for the targets that write fragments of its http block; and the
 * check of such fragments.
 */
#pragma once

#include "render/target.h"
#include "render/verify.h"

#define NGINX_CERTS "/etc/nginx/certs/"
#define NGINX_LOGS "/var/log/nginx/"
#define NGINX_SITES "/etc/nginx/hextet.d/"

struct nginx_site {
	struct value *listen;  /* where it listens at all: {address, port, ipv6, tls} */
	struct value *servers; /* {listen, names, tls, redirect, only}: one a name; one for names that are redirected */
};

/* The public server: on the ports of the machine's names, in its families. */
void nginx_site_public(struct target_run *r, struct nginx_site *ret_site);

/* Behind a proxy on the same machine, which has ended TLS: on the loopback's `port`, on [::1] where IPv6 is. */
void nginx_site_inner(struct target_run *r, uint16_t port, struct nginx_site *ret_site);

/* server_names_hash_bucket_size, when the default is too small for a name of the machine; else null. */
const struct value *nginx_site_bucket(const struct target_run *r);

/*
 * Runs nginx -t over one file of the run inside an http block. `inside`: what is there instead of an include of the
 * file, NULL: nothing. Certificates, logs and folders of the machine get stand-ins. 0 or -EINVAL.
 */
int nginx_site_verify(struct verify_run *v, const char *path, const char *inside);
