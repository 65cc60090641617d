/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's path as servers understand it, so that /%6cogin, //login, /./login, /x/../login and /login;v=1 count as
 * /login. In this order: cut at the first '?' or '#'; parameters cut off each segment, from ';' to the next '/';
 * percent-decoded once (%2F is a slash then, as nginx takes it); "", "." and ".." segments resolved (RFC 3986 section
 * 5.2.4, and empty ones as ".", save that a trailing slash stays). Case stays. Never fails: what cannot be decoded
 * stays as it is.
 */
#pragma once

#include "base/str.h"

/* Longer paths are cut, before all else. Servers take less: 8 KiB nginx and Apache, 16 KiB HAProxy, 32 KiB Varnish. */
enum { PATH_MAX_LEN = 32768 };

/* The path itself when it is normal already (the usual case, one pass), else its normal form in `room`. */
struct str path_normal(struct str path, char room[static PATH_MAX_LEN]);

/* Whether all of text matches the glob: '*' any bytes, '?' one. At most glob times text steps; no recursion. */
bool glob_match(struct str glob, struct str text, bool fold_case);
