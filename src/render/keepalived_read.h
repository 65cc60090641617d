/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader for the part of keepalived.conf(5) that says which addresses a machine may take: instances, sync groups and
 * scripts. Other blocks are stepped over. Stricter than keepalived: blocks end where they should, quotes too.
 */
#pragma once

#include "addr/prefix.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

enum { KEEPALIVED_DEPTH_MAX = 8 };

struct keepalived_name {
	struct str name;
	uint32_t line; /* from 1 */
};

/* A word of virtual_ipaddress (or ..._excluded). */
struct keepalived_vip {
	struct str text;
	struct ip ip;
	uint8_t len; /* in the 128-bit space */
	bool valid;  /* text is an address, with or without a length */
	bool excluded;
	uint32_t line;
};

struct keepalived_instance {
	struct keepalived_name name;
	struct str interface;
	unsigned vrid; /* 0: none, or none from 1 to 255 */
	VEC(struct keepalived_vip) vips;
	VEC(struct keepalived_name) track;
};

struct keepalived_group {
	struct keepalived_name name;
	VEC(struct keepalived_name) members;
	VEC(struct keepalived_name) track;
};

struct keepalived_script {
	struct keepalived_name name;
	struct str command;
	uint32_t command_line; /* 0: none */
};

struct keepalived_conf {
	VEC(struct keepalived_instance) instances;
	VEC(struct keepalived_group) groups;
	VEC(struct keepalived_script) scripts;
};

/* Pure; takes any bytes. The strings point into the text. 0, or -EINVAL with a reason and its line; *ret_conf is to be
 * given back in either case. */
int keepalived_read(struct str text, struct keepalived_conf *ret_conf, const char **ret_error, uint32_t *ret_line);
void keepalived_conf_done(struct keepalived_conf *c);
