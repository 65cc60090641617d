/* SPDX-License-Identifier: Apache-2.0 */
/* What is cheap and usually says no is asked first: status, method, then the path, normalised once for all rules. */
#include "guard/engine_state.h"
#include "guard/path.h"

struct subject {
	const struct log_record *record;
	struct str path;
	bool path_known;
	char room[PATH_MAX_LEN];
};

static bool status_matches(const uint64_t status[static 16], unsigned value) {
	uint64_t any = 0;

	if (value < 1024 && status[value / 64] >> value % 64 & 1)
		return true;
	for (unsigned i = 0; i < 16; i++)
		any |= status[i];
	return !any;
}

static bool method_matches(const struct rule_match *m, struct str method) {
	for (size_t i = 0; i < m->method_count; i++)
		if (str_eq(m->method[i], method))
			return true;
	return !m->method_count;
}

static bool any_glob(const struct str *globs, size_t n, struct str text, bool fold_case) {
	for (size_t i = 0; i < n; i++)
		if (glob_match(globs[i], text, fold_case))
			return true;
	return !n;
}

static bool path_matches(const struct rule_match *m, struct subject *s) {
	if (!m->path_count)
		return true;
	if (!s->path_known)
		s->path = path_normal(s->record->path, s->room);
	s->path_known = true;
	return any_glob(m->path, m->path_count, s->path, false);
}

uint64_t engine_match(const struct engine *e, const struct log_record *record) {
	struct subject s; /* the room is large and rarely needed: it is not cleared */
	uint64_t rules = 0;

	s.record = record;
	s.path_known = false;
	for (size_t i = 0; i < e->config.rule_count; i++) {
		const struct rule_match *m = &e->config.rules[i].match;

		if (status_matches(m->status, record->status) && method_matches(m, record->method) &&
		    path_matches(m, &s) && any_glob(m->host, m->host_count, record->host, true))
			rules |= UINT64_C(1) << i;
	}
	return rules;
}
