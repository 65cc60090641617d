/* SPDX-License-Identifier: Apache-2.0 */
/* What `hextet scan` found, in each of its forms. */
#pragma once

#include "base/diag.h"
#include "base/emit.h"
#include "probe/scan_baseline.h"
#include "probe/scan_rules.h"

struct scan_found {
	const char *path;
	uint32_t line, col; /* from 1; col in code points */
	uint32_t points;    /* code points to underline */
	struct str text;    /* the line, without its end */
	const struct scan_rule *rule;
	char hash[SCAN_HASH_LEN + 1];
};

struct scan_report {
	VEC(struct scan_found) list;
	unsigned long files, known, ignored, binary, large, other;
};

const char *scan_severity_to_str(enum scan_severity s); /* note, warning, error */

/* Adds a finding for each place to `diags`. */
void scan_report_diags(const struct scan_report *r, struct sources *sources, struct diags *diags);
void scan_report_emit(const struct scan_report *r,
		      struct emit *e);                          /* a list of {file,line,col,id,severity,message,fix} */
void scan_report_sarif(const struct scan_report *r, FILE *out); /* SARIF 2.1.0 */

/* The catalogue: for people, or a list of {id,severity,languages,message,why,fix,example}. */
void scan_rules_print(FILE *out);
void scan_rules_emit(struct emit *e);
