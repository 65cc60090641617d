/* SPDX-License-Identifier: Apache-2.0 */
/* Readers append; what one that refuses has appended is taken back here, so that none has to care. */
#include "render/facts.h"

#include "render/target.h"

static const char *const kind_names[_FACT_KIND_MAX] = { "flow", "record", "listener" };

const char *fact_kind_to_str(enum fact_kind k) {
	return kind_names[k];
}

void facts_init(struct facts *f, struct arena *a) {
	*f = (struct facts){ .arena = a };
	flows_init(&f->flows, a);
}

void facts_done(struct facts *f) {
	flows_done(&f->flows);
	vec_done(&f->records);
	vec_done(&f->listeners);
	vec_done(&f->other);
}

int facts_read(struct facts *f, const struct target *t, const char *path, struct str text, const char **ret_error) {
	const size_t flows = f->flows.boxes.n, records = f->records.n, listeners = f->listeners.n, other = f->other.n;
	int r = t->facts ? t->facts(f, path, text, ret_error) : 0;

	if (r < 0) {
		f->flows.boxes.n = flows;
		f->records.n = records;
		f->listeners.n = listeners;
		f->other.n = other;
	}
	return r;
}
