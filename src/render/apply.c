/* SPDX-License-Identifier: Apache-2.0 */
#include "render/apply.h"

#include <errno.h>
#include <time.h>

#include <sodium.h>

#include "render/apply_files.h"
#include "render/apply_guardian.h"

enum { GUARDIAN_SLACK_S = 120 };

static const char *const outcome_names[_APPLY_OUTCOME_MAX] = { "nothing", "committed", "waiting", "taken-back" };

const char *apply_outcome_to_str(enum apply_outcome o) {
	return outcome_names[o];
}

static const char *why(int r) {
	return r == -ESTALE       ? "it was changed in this moment; try again"
	       : r == -EOPNOTSUPP ? "its file system has no hard links, which taking back needs"
	       : r == -ELOOP      ? "a folder of its path is a symbolic link now"
	       : r == -EBADMSG    ? "it is damaged"
				  : strerror(-r);
}

static int tell_failure(const struct apply_say *say, const char *doing, const char *path, int r) {
	apply_tell(say, "cannot %s%s%s: %s", doing, *path ? " " : "", path, why(r));
	return r;
}

/* How it ended, for --status. Only for people. */
static void note_last(const struct apply_state *s, const struct journal *j, const char *how) {
	char clock[32], line[512];
	const time_t now = time(NULL);
	struct tm tm = { 0 };

	(void)gmtime_r(&now, &tm);
	(void)strftime(clock, sizeof(clock), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)snprintf(line, sizeof(line), "%s %.255s %s: %s\n", clock, j->machine, j->id, how);
	(void)state_set_last(s, line);
}

/* Journal in `phase`, before the decision → old files, old configuration running, no journal. */
static int take_back(struct apply_state *s, const struct journal *j, enum apply_phase phase, const char *reason,
		     const struct apply_say *say) {
	struct apply_files f;
	char here[BOOT_ID_SIZE];
	int r = 0;

	if (phase == PHASE_INSTALL || phase == PHASE_WAIT) {
		r = state_advance(s, phase, PHASE_UNDO);
		if (r < 0)
			return tell_failure(say, "begin to take back", "", r);
		phase = PHASE_UNDO;
	}
	files_init(&f, s, j);
	r = files_undo(&f, phase == PHASE_UNDO);
	files_done(&f);
	if (r < 0)
		return tell_failure(say, "put back", f.failed, r);
	/* After a boot, everything starts with the old files anyway. */
	boot_id(here);
	if (phase == PHASE_UNDO && strcmp(here, j->boot) == 0)
		(void)reload_run(j->reloads.v, j->reloads.n, j->limit_s, true, say);
	note_last(s, j, reason);
	r = state_end(s, phase);
	return r < 0 ? tell_failure(say, "remove the journal", "", r) : 0;
}

/* The decision was made: what is left of the old files goes. */
static int finish_commit(struct apply_state *s, const struct journal *j, const struct apply_say *say) {
	struct apply_files f;
	int r;

	files_init(&f, s, j);
	r = files_clean(&f);
	files_done(&f);
	if (r < 0)
		return tell_failure(say, "remove the second name of", f.failed, r);
	note_last(s, j, "committed");
	r = state_end(s, PHASE_COMMIT);
	return r < 0 ? tell_failure(say, "remove the journal", "", r) : 0;
}

/* On failure the journal is not in PHASE_COMMIT, or nobody can know: what it is decides, at the next recovery. */
static int commit(struct apply_state *s, const struct journal *j, enum apply_phase phase, const struct apply_say *say) {
	int r = state_advance(s, phase, PHASE_COMMIT);

	if (r < 0)
		return tell_failure(say, "commit", "", r);
	/* The files stay from here on; a second name that cannot be removed now is removed by the next recovery. */
	(void)finish_commit(s, j, say);
	return 0;
}

static int run_files(struct apply_state *s, const struct apply_plan *plan, const struct journal *j,
		     const struct apply_say *say, enum apply_phase *phase) {
	struct apply_files f;
	const char *doing = "make ready";
	int r;

	files_init(&f, s, j);
	r = files_stage(&f, plan->items.v);
	if (r == 0) {
		doing = "begin to install";
		r = state_advance(s, PHASE_STAGE, PHASE_INSTALL);
		/* The name may have changed though it could not be made durable. */
		(void)state_phase(s, phase);
	}
	if (r == 0) {
		doing = "install";
		r = files_install(&f);
	}
	if (r < 0)
		(void)tell_failure(say, doing, f.failed, r);
	files_done(&f);
	return r;
}

static int decide(struct apply_state *s, const struct journal *j, const struct apply_say *say,
		  enum apply_outcome *ret_outcome) {
	int r;

	if (!j->confirm_s) {
		r = commit(s, j, PHASE_INSTALL, say);
		if (r == 0)
			*ret_outcome = APPLY_COMMITTED;
		return r;
	}
	r = state_set_deadline(s, j->confirm_s);
	if (r == 0)
		r = state_advance(s, PHASE_INSTALL, PHASE_WAIT);
	if (r < 0)
		return tell_failure(say, "set the deadline", "", r);
	*ret_outcome = APPLY_WAITING;
	return 0;
}

static int run_journal(struct apply_state *s, const struct apply_plan *plan, const struct journal *j,
		       const struct apply_say *say, enum apply_outcome *ret_outcome) {
	enum apply_phase phase = PHASE_STAGE;
	const char *reason = "taken back: a file could not be installed";
	bool refused = false;
	int r = run_files(s, plan, j, say, &phase), back;

	if (r == 0 && j->reloads.n) {
		r = reload_run(plan->reloads.v, plan->reloads.n, j->limit_s, false, say);
		refused = r < 0;
		reason = "taken back: a reload failed";
	}
	if (r == 0) {
		r = decide(s, j, say, ret_outcome);
		reason = "taken back: it could not be committed";
		(void)state_phase(s, &phase);
	}
	if (r == 0)
		return 0;
	/* The decision's rename happened, but its fsync failed: nobody may say now that it did not. */
	if (phase == PHASE_COMMIT)
		return r;
	back = take_back(s, j, phase, reason, say);
	if (back < 0)
		return back;
	if (!refused)
		return r;
	*ret_outcome = APPLY_TAKEN_BACK;
	return 0;
}

static void journal_init(struct journal *j, const struct apply_plan *plan, const struct apply_options *o) {
	unsigned char id[(JOURNAL_ID_SIZE - 1) / 2];

	*j = (struct journal){ .machine = o->machine, .started = (uint64_t)time(NULL), .limit_s = o->limit_s };
	randombytes_buf(id, sizeof(id));
	(void)sodium_bin2hex(j->id, sizeof(j->id), id, sizeof(id));
	boot_id(j->boot);
	/* Nothing but a new manifest cannot lock anybody out. */
	j->confirm_s = plan_changes(plan) ? o->confirm_s : 0;
	for (size_t i = 0; i < plan->folders.n; i++)
		vec_push(&j->folders, plan->folders.v[i]);
	for (size_t i = 0; i < plan->items.n; i++) {
		const struct plan_item *item = &plan->items.v[i];
		const struct journal_entry e = { item->op, item->target, item->path };

		vec_push(&j->entries, e);
	}
	for (size_t i = 0; i < plan->unreloads.n && o->reload; i++)
		vec_push(&j->reloads, plan->unreloads.v[i]);
}

/* How long the applier may take until the decision: all reloads, and the file operations. */
static unsigned applier_limit(const struct journal *j, const struct apply_plan *plan) {
	unsigned commands = 0;

	for (size_t i = 0; i < plan->reloads.n; i++)
		for (const char *const *c = reload_commands(&plan->reloads.v[i]); c && *c; c++)
			commands++;
	return GUARDIAN_SLACK_S + 2 * commands * j->limit_s;
}

int apply_run(struct apply_state *s, const struct apply_plan *plan, const struct apply_options *o,
	      const struct apply_say *say, enum apply_outcome *ret_outcome) {
	struct journal j;
	int r;

	journal_init(&j, plan, o);
	r = guardian_start(s, o->root, applier_limit(&j, plan), say);
	if (r < 0)
		(void)tell_failure(say, "start the guardian that would take the change back", "", r);
	if (r == 0) {
		r = state_begin(s, &j);
		if (r < 0) {
			(void)tell_failure(say, "write the journal", "", r);
			(void)state_end(s, PHASE_STAGE);
		}
	}
	if (r == 0)
		r = run_journal(s, plan, &j, say, ret_outcome);
	journal_done(&j);
	return r;
}

static int recover_from(struct apply_state *s, enum apply_phase phase, const struct journal *j, const char *reason,
			const struct apply_say *say, enum apply_outcome *ret_outcome) {
	int r = phase == PHASE_COMMIT ? finish_commit(s, j, say) : take_back(s, j, phase, reason, say);

	if (r == 0)
		*ret_outcome = phase == PHASE_COMMIT ? APPLY_COMMITTED : APPLY_TAKEN_BACK;
	return r;
}

/* Phase and journal of what is under way; PHASE_NONE has no journal. */
static int read_state(const struct apply_state *s, struct arena *a, const struct apply_say *say,
		      enum apply_phase *phase, struct journal *j) {
	int r = state_phase(s, phase);

	if (r == 0 && *phase != PHASE_NONE)
		r = state_read_journal(s, a, *phase, j);
	if (r < 0)
		return tell_failure(say, "read the journal of the apply before", "", r);
	return 0;
}

int apply_recover(struct apply_state *s, const struct apply_say *say, enum apply_outcome *ret_outcome) {
	_cleanup_(arena_done) struct arena a = { 0 };
	enum apply_outcome outcome = APPLY_NOTHING;
	struct journal j = { 0 };
	enum apply_phase phase;
	int r = read_state(s, &a, say, &phase, &j);

	if (r == 0 && phase != PHASE_NONE)
		r = recover_from(s, phase, &j,
				 phase == PHASE_WAIT ? "taken back: not confirmed in time"
						     : "taken back: it was cut off",
				 say, &outcome);
	journal_done(&j);
	if (r < 0)
		return r;
	state_tidy(s);
	*ret_outcome = outcome;
	return 0;
}

int apply_decide(struct apply_state *s, bool keep, const struct apply_say *say, enum apply_outcome *ret_outcome) {
	_cleanup_(arena_done) struct arena a = { 0 };
	enum apply_outcome outcome = APPLY_NOTHING;
	struct journal j = { 0 };
	enum apply_phase phase;
	int r = read_state(s, &a, say, &phase, &j);

	if (r == 0 && phase == PHASE_WAIT && keep && state_time_left_ns(s, &a) > 0) {
		r = commit(s, &j, PHASE_WAIT, say);
		outcome = APPLY_COMMITTED;
	} else if (r == 0 && phase == PHASE_WAIT) {
		r = take_back(s, &j, phase, keep ? "taken back: the commit came too late" : "taken back by hand", say);
		outcome = APPLY_TAKEN_BACK;
	} else if (r == 0 && phase != PHASE_NONE) {
		r = recover_from(s, phase, &j, "taken back: it was cut off", say, &outcome);
	}
	journal_done(&j);
	if (r == 0)
		*ret_outcome = outcome;
	return r;
}
