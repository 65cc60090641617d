/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAProxy's unique ids: `unique-id-format %{+X}o\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid`. Each address is 8 hex digits (IPv4) or
 * 32 (IPv6; a mapped IPv4 address, as a dual-stack bind gives it, is folded), each port exactly 4, the numbers at least
 * 4 digits. Grammar: (H8|H32):H4[_(H8|H32):H4[_H+[_H+:H+]]] — every prefix of it that ends before a separator is read.
 */
#pragma once

#include "addr/ip.h"

struct uid {
	struct endpoint client;
	struct endpoint frontend; /* port -1: not in the id */
	uint64_t seconds;         /* %Ts, valid when has_time */
	uint64_t request, pid;    /* %rt, %pid, valid when has_request */
	bool has_time, has_request;
};

enum { UID_TEXT_MAX = 160 };

/* 0, or -EINVAL with the offset of the first wrong byte in *ret_at (may be NULL). Either case of digit is read. */
int uid_parse(const char *text, size_t len, struct uid *ret_uid, size_t *ret_at);

/* Writes the parts that the struct has, each only behind the one before it, upper case, IPv4 as 8 digits; a port of -1
 * is written as 0. Returns the length. */
size_t uid_format(const struct uid *uid, char ret_text[static UID_TEXT_MAX]);
