/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites a body before it is compared, line by line: sed's s/regex/text/g with POSIX extended regular expressions.
 *
 *     s/nonce="[^"]*"/nonce=""/      s|/build/[0-9]+/|/build/N/|i
 *
 * Any character but a letter, a digit, a backslash and the end of the line separates the parts. In the text, & is what
 * matched and \1 to \9 its groups. Flags: i, and g, which is always meant. Limits: 1024 bytes, no back references in
 * the regex, repetitions {m,n} that multiply to at most 1000, matches of at most 2048 bytes, results of at most 32 MiB
 * (the rest stays as it is). The time is linear in the body.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct body_filter;

/* 0, or -EINVAL and *ret_why a sentence (static or in the arena) that names the offset. */
int body_filter_new(const char *text, struct arena *a, struct body_filter **ret_filter, const char **ret_why);
void body_filter_free(struct body_filter *f); /* NULL is fine; the memory itself is the arena's */

/* The rewritten body, in the arena; the body itself when nothing matches. */
struct str body_filter_run(const struct body_filter *f, struct str body, struct arena *a);
