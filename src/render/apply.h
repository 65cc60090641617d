/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Installing a machine's files so that, whatever ends it and when, either all old or all new ones are there:
 *
 *     state_open(&s, "/", true); state_lock(&s, false, "apply");
 *     apply_recover(&s, &say, &found);            // what an earlier one left
 *     plan_make(&plan, &arena, &s, &request, &path);
 *     apply_run(&s, &plan, &options, &say, &result);
 *     state_close(&s);
 *
 * The journal is written before anything changes and is taken away after the last step, and every step is on disk
 * before the next begins:
 *
 *     journal.stage     new files beside the old ones, old ones get a second name    dies here → removed again
 *     journal.install   every file is renamed into place; programs are reloaded      dies here → taken back, reloaded
 *     journal.wait      (with a confirmation) until --commit, --rollback or the deadline
 *     journal.commit    THE DECISION, one rename(2): second names are removed        dies here → finished
 *
 * Taking back is journal.undo: old names, then the reloads again. A guardian (apply_guardian.h) does it when the
 * applier is gone; `apply --recover` does it at boot, and every command that takes the lock does it first.
 */
#pragma once

#include "render/apply_plan.h"
#include "render/apply_reload.h"

struct apply_options {
	const char *root, *machine;
	uint32_t confirm_s; /* 0: the new files stay when all reloads succeeded */
	uint32_t limit_s;   /* for each reload */
	bool reload;
};

enum apply_outcome {
	APPLY_NOTHING,    /* nothing was under way */
	APPLY_COMMITTED,  /* the new files stay */
	APPLY_WAITING,    /* for a confirmation */
	APPLY_TAKEN_BACK, /* the old files are there again */
	_APPLY_OUTCOME_MAX
};

const char *apply_outcome_to_str(enum apply_outcome o);

/*
 * Does what was planned; the plan must have no refusals. With 0, *ret_outcome is APPLY_COMMITTED, APPLY_WAITING, or
 * APPLY_TAKEN_BACK after a reload failed. On -errno, told with its path, everything is as before, unless the error was
 * told of taking back itself: then a guardian or `--recover` goes on.
 */
int apply_run(struct apply_state *s, const struct apply_plan *plan, const struct apply_options *o,
	      const struct apply_say *say, enum apply_outcome *ret_outcome);

/* Ends what another apply left undone, as its phase says. The lock is held. 0, -EBADMSG for a damaged journal, or
 * -errno; what failed was told. */
int apply_recover(struct apply_state *s, const struct apply_say *say, enum apply_outcome *ret_outcome);

/* Decides for what waits: to keep it (APPLY_COMMITTED, or APPLY_TAKEN_BACK when it is too late), or to take it back.
 * APPLY_NOTHING when nothing waits. The lock is held. 0 or -errno. */
int apply_decide(struct apply_state *s, bool keep, const struct apply_say *say, enum apply_outcome *ret_outcome);
