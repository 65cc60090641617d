/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: one table a theme, in scan_rules_THEME.c. */
#pragma once

#include "probe/scan.h"

extern const struct scan_rule scan_rules_calls[], scan_rules_texts[], scan_rules_logic[], scan_rules_settings[];
extern const size_t scan_rules_calls_n, scan_rules_texts_n, scan_rules_logic_n, scan_rules_settings_n;

static const struct {
	const struct scan_rule *rules;
	const size_t *n;
} scan_rule_tables[] = {
	{ scan_rules_calls, &scan_rules_calls_n },
	{ scan_rules_texts, &scan_rules_texts_n },
	{ scan_rules_logic, &scan_rules_logic_n },
	{ scan_rules_settings, &scan_rules_settings_n },
};

/* NULL, or what is wrong with the tables; for the unit test. */
const char *scan_rules_broken(void);

/* Whether each of its patterns has a literal that can be searched for. */
bool scan_rule_is_searched(const struct scan_rule *r);

#define PATTERNS(...) ((const char *const[]){ __VA_ARGS__, NULL })
