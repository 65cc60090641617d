/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's path as servers understand it, so that /%6cogin, //login, /./login, /x/../login and /login;v=1 count as
 * /login: percent-decoded once, without query and fragment, empty and dot segments resolved (RFC 3986 section 5.2.4),
 * parameters behind ';' of a segment cut off. Never fails: what cannot be decoded stays as it is.
 */
#pragma once

#include "base/str.h"

enum { PATH_MAX_LEN = 4096 }; /* longer ones are cut */

/* The path itself when it is normal already (the usual case, one pass), else its normal form in `room`. */
struct str path_normal(struct str path, char room[static PATH_MAX_LEN]);

/* Whether all of text matches the glob: '*' any bytes, '?' one. Linear in text times stars; no recursion. */
bool glob_match(struct str glob, struct str text, bool fold_case);
