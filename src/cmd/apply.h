/* SPDX-License-Identifier: Apache-2.0 */
/* `hextet apply`: what its two files share. */
#pragma once

#include "cmd/command.h"
#include "cmd/diff_print.h"
#include "render/apply.h"
#include "render/render.h"

struct apply_request {
	struct output_options output;
	const char *folder; /* the estate's */
	const char *root;
	struct render_options render;
	struct safety safety;
	uint32_t confirm_s, limit_s;
	bool dry_run, force, unverified, reload, reload_said;
	enum { APPLY_DO, APPLY_COMMIT, APPLY_ROLLBACK, APPLY_RECOVER, APPLY_STATUS } mode;
};

/* Prints why the plan is refused, on stderr. EXIT_NO. */
int apply_report_refusals(const struct apply_plan *p, const struct apply_request *q);

/* Prints on stderr what is too much at once, unless it is forced. EXIT_NO when it is. */
int apply_report_safety(const struct comparison *c, const struct apply_request *q);

/* Prints what was done, or would be and what that means; outcome NULL: a dry run. The exit code. */
int apply_report(const struct apply_plan *p, const struct apply_request *q, const enum apply_outcome *outcome,
		 const struct diff_view *meaning);
