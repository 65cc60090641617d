/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks through a JSON text that is one object, and tells the path of each value in it: names joined by dots, without a
 * tree and without memory of its own. The items of a list have the path of the list.
 *
 * Takes all that RFC 8259 does, and what servers whose formats were written by hand put between the quotes and instead
 * of values, for a line that is refused is a client who is not seen: bytes that are not UTF-8, control characters, \xHH
 * and other escapes that JSON does not have, lone surrogates, bare words ("size":-), nothing at all instead of a value,
 * and a comma behind the last one. Internal to the room.
 */
#pragma once

#include "base/str.h"

enum { JSON_DEPTH = 32, JSON_PATH_MAX = 128 };

struct json_value {
	struct str text;      /* between the quotes, or the bare word */
	bool quoted, escaped; /* escaped: json_unescape() has something to do */
	bool in_list;
};

/* Called for each text, number, true, false and bare word; not for null and empty ones without quotes, nor where the
 * path is longer than JSON_PATH_MAX. */
typedef void json_value_fn(struct str path, const struct json_value *value, void *user);

/* 0, or -EINVAL with the offset of what cannot be right (names and values cut short: len). */
int json_scan(const char *s, size_t len, json_value_fn *fn, void *user, size_t *ret_at);

/* Undoes escapes; writes at most text.len bytes and returns how many. */
size_t json_unescape(struct str text, char *ret_text);
