/* SPDX-License-Identifier: Apache-2.0 */
/* A strict look at the files of the target openvpn, for what OpenVPN sees too late: when a client comes. */
#pragma once

#include "render/verify.h"

#define OPENVPN_SERVER "/etc/openvpn/server/"
#define OPENVPN_CCD "/etc/openvpn/ccd/"
#define OPENVPN_PROFILES "/etc/openvpn/profiles/"
#define OPENVPN_PKI "/etc/openvpn/pki/"

/*
 * Addresses, networks and remotes must be literals (OpenVPN asks the DNS about anything else); a client's addresses are
 * in the VPN's networks, with their lengths; routes have no host bits and a family that the client has. 0 or -EINVAL
 * after complaints.
 */
int openvpn_judge(struct verify_run *v, const struct output_file *f);

/* Judges the output of a start. It names an option and no line: the complaint is about the first line that begins with
 * that option. */
int openvpn_verdict(struct verify_run *v, const char *path, int status, struct str output);

/* A tls-crypt key that keeps no secret. */
const char *openvpn_stand_in_key(struct arena *a);
