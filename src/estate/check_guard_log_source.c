/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void check_log(struct check_run *r, const struct guard_log *log) {
	const struct node *sources[] = { log->file.at, log->syslog.at, log->socket.at, log->journal.at };
	const struct node *first = NULL;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		if (sources[i] && first) {
			check_report(r, sources[i], "make two entries of it", "this log has two sources, %s and %s",
				     first->text.s, sources[i]->text.s);
			return;
		}
		first = first ? first : sources[i];
	}
	if (!first)
		check_report(r, log->format.at, "add \"file: PATH\", \"syslog: ADDRESS:PORT\" or \"journal: UNIT\"",
			     "this log has no source");
}

static void run(struct check_run *r) {
	if (!r->estate->guard)
		return;
	LIST_EACH (struct guard_log, log, &r->estate->guard->logs)
		check_log(r, log);
}

const struct check check_guard_log_source = {
	.name = "guard-log-source",
	.severity = SEVERITY_ERROR,
	.whole = true,
	.summary = "A guard log has no source, or two",
	.doc = "Each entry of the guard's logs is one source of lines: a file that is followed, an address or a unix "
	       "socket that receives syslog, or a unit's entries in the systemd journal.",
	.run = run,
};
