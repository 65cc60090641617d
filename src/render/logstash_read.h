/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader for Logstash's configuration language: sections, plugins, branches and values, so that a brace or a quote
 * that is missing is found without a JVM. It does not know the plugins and their settings.
 */
#pragma once

#include "base/str.h"

struct logstash_setting {
	uint32_t line; /* from 1 */
	struct str section, plugin, name;
	struct str value; /* a string without its quotes, a number or a word; empty for lists, hashes and codecs */
};

enum { LOGSTASH_DEPTH_MAX = 32 };

/* Calls for each setting of a plugin, and once without a name at its end. 0; -EINVAL with the line and a reason. Pure;
 * takes any bytes. */
int logstash_read(struct str text, void (*setting)(const struct logstash_setting *s, void *user), void *user,
		  uint32_t *ret_line, const char **ret_reason);
