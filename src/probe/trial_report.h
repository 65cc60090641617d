/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of reports share. */
#pragma once

#include "probe/trial.h"

/* Two bars of the steps' medians, one for each family, and a dot for each fetch; inline SVG with its texts. `number`
 * makes its ids different from others' on the page. Nothing when neither family has a sample. */
void trial_report_svg(const struct trial_result *r, uint32_t number, FILE *out);

/* What --happy-eyeballs and --path-mtu measured; nothing without them. */
struct emit;
void trial_report_client_text(const struct trial_result *r, FILE *out);
void trial_report_client_html(const struct trial_result *r, FILE *out);
void trial_report_client_emit(const struct trial_result *r, struct emit *e);

/* Writes any bytes for a terminal: what could drive it (utf8_next) as \xHH, a tab as it is. */
void trial_report_put(FILE *out, struct str text);

static inline const char *trial_report_name(const struct trial_result *r) {
	return r->target->name ? r->target->name : r->target->url;
}

/* "IPv4", "IPv6", "both" */
static inline const char *trial_report_family(unsigned family) {
	return family == 4 ? "IPv4" : family == 6 ? "IPv6" : "both";
}
