/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_log, log, &r->estate->guard->logs) {
		if (!log->file.at && !log->syslog.at)
			check_report(r, log->format.at, "add \"file: PATH\" or \"syslog: ADDRESS:PORT\"",
				     "this log has no source");
		else if (log->file.at && log->syslog.at)
			check_report(r, log->syslog.at, "make two entries of it", "this log has two sources, %s and %s",
				     log->file.s, log->syslog.at->text.s);
	}
}

const struct check check_guard_log_source = {
	.name = "guard-log-source",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A guard log has no source, or two",
	.doc = "Each entry of the guard's logs is one source of lines: a file that is followed, or an address that "
	       "receives syslog.",
	.run = run,
};
