/* SPDX-License-Identifier: Apache-2.0 */
#include "estate/check.h"

static void mark(const struct estate *e, bool *used, const struct ref *ref) {
	if (ref->kind == REF_SERVICE)
		used[(const struct service *)ref->to - (const struct service *)e->services.items] = true;
}

static void run(struct check_run *r) {
	const struct estate *e = r->estate;
	bool *used = arena_array(r->arena, bool, e->services.n);
	uint32_t i = 0;

	LIST_EACH (struct policy, p, &e->policy)
		LIST_EACH (struct ref, ref, &p->allow)
			mark(e, used, ref);
	LIST_EACH (struct endpoint_name, n, &e->endpoints)
		mark(e, used, &n->service);
	LIST_EACH (struct service, s, &e->services)
		if (!used[i++] && s->tcp.n + s->udp.n)
			check_report(r, s->name.at, "write the policy line that should allow it, or delete it",
				     "no policy line and no endpoint uses service %s", s->name.s);
}

const struct check check_unused_service = {
	.name = "unused-service",
	.severity = SEVERITY_NOTE,
	.whole = true,
	.summary = "A service is used by no policy line and no endpoint",
	.doc = "Everything that no policy line allows is dropped. A service that none of them names is either left "
	       "over, or the sign of a line that was forgotten.",
	.run = run,
};
