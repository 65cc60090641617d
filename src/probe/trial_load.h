/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report of trial_report_emit() read back, and what became of it: JSON, as a list or a result a line. Members that
 * are not known are left alone; of times only the medians and the totals are in it. The text is anybody's: at most
 * TRIAL_RESULTS_MAX results, addresses and kinds must be some, numbers fit.
 */
#pragma once

#include "probe/trial.h"

enum { TRIAL_RESULTS_MAX = 1 << 20, TRIAL_FILE_MAX = 256 << 20 };

/* 0, or -EINVAL and *ret_why a sentence in the arena. The caller calls trial_done(). */
int trial_load(const char *text, size_t len, struct arena *a, struct trial *ret_trial, const char **ret_why);

/* What became of a URL, or of a finding, between two trials. */
enum trial_change {
	TRIAL_WORSE,  /* a finding that was not there, also of a new URL; a family that is slower than it was */
	TRIAL_BETTER, /* a finding that is gone; a family that is faster */
	TRIAL_NEW,    /* a URL that was not tried before */
	TRIAL_GONE,   /* a URL that is not tried any more */
	_TRIAL_CHANGE_MAX,
};
const char *trial_change_to_str(enum trial_change c); /* "worse" */

struct trial_delta {
	enum trial_change change;
	const char *name; /* of the URL */
	enum finding_kind kind;
	unsigned family;   /* as in a finding */
	struct str detail; /* what is found now, or was; empty for NEW and GONE */
};

struct trial_deltas {
	VEC(struct trial_delta) list;
};

/*
 * Findings are the same when kind, family, and of a header or a client's form its name are. A family is slower or
 * faster as compare_times() finds it of two families: factor, floor, and chance. In the order of the new trial, gone
 * ones last.
 */
void trial_delta(const struct compare_options *o, const struct trial *old, const struct trial *new, struct arena *a,
		 struct trial_deltas *ret);
