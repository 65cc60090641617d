/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "estate/check.h"

enum { TTL_MAX_S = 24 * 3600, NEGATIVE_TTL_MAX_S = 3 * 3600 };

static void check_ttl(struct check_run *r, const struct number *ttl, unsigned max_s, const char *hint,
		      const char *what) {
	if (ttl->at && ttl->n > max_s)
		check_report(r, ttl->at, hint, "%s for %" PRIu64 " seconds", what, ttl->n);
}

static void run(struct check_run *r) {
	const struct dns *d = r->estate->dns;

	if (!d)
		return;
	check_ttl(r, &d->ttl, TTL_MAX_S, "at most 1d; 1h or less before a change",
		  "an AAAA record that is withdrawn stays in resolvers");
	check_ttl(r, &d->negative_ttl, NEGATIVE_TTL_MAX_S, "at most 3h (RFC 2308 section 5)",
		  "resolvers remember that there is no AAAA record");
}

const struct check check_long_ttl = {
	.name = "long-ttl",
	.severity = SEVERITY_WARNING,
	.summary = "DNS answers are remembered for so long that no change can be undone in time",
	.doc = "AAAA records are tried for a day and withdrawn when something breaks: that works within a day only "
	       "when the time to live is shorter. Names that were asked for before they had an AAAA record get it "
	       "only after the negative time to live, for which RFC 2308 recommends one to three hours.",
	.run = run,
};
