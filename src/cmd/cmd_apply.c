/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <syslog.h>

#include "cmd/apply.h"
#include "cmd/estate_open.h"
#include "cmd/render_name.h"
#include "cmd/unit.h"
#include "render/apply_compare.h"
#include "render/verify.h"

enum {
	KEY_MACHINE = 0x200,
	KEY_TARGET,
	KEY_CONFIRM,
	KEY_COMMIT,
	KEY_ROLLBACK,
	KEY_RECOVER,
	KEY_STATUS,
	KEY_DRY_RUN,
	KEY_FORCE,
	KEY_MAX_CHANGE,
	KEY_UNVERIFIED,
	KEY_ROOT,
	KEY_RELOAD,
	KEY_NO_RELOAD,
	KEY_RELOAD_LIMIT,
	RELOAD_LIMIT_S = 90,
	TARGETS_MAX = 64,
};

static const struct argp_option option_rows[] = {
	{ "machine", KEY_MACHINE, "NAME", 0, "This machine is called NAME in the estate (default: the host's name)",
	  0 },
	{ "target", KEY_TARGET, "NAME", 0, "Only this target", 0 },
	{ "confirm", KEY_CONFIRM, "TIME", 0, "Take everything back unless --commit comes within this time", 0 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "Say what would be done, and change nothing", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Also replace links and what was changed by hand (kept); pass --max-change", 0 },
	{ "max-change", KEY_MAX_CHANGE, "PERCENT", 0, "Refuse when more than this would go (30%)", 0 },
	{ "unverified", KEY_UNVERIFIED, NULL, 0, "Also install files whose checker is missing here", 0 },
	{ "root", KEY_ROOT, "DIR", 0, "Install below DIR, as for an image; nothing is reloaded then", 0 },
	{ "reload", KEY_RELOAD, NULL, 0, "Reload also with --root: the commands see the real /", 0 },
	{ "no-reload", KEY_NO_RELOAD, NULL, 0, "Only install the files", 0 },
	{ "reload-limit", KEY_RELOAD_LIMIT, "TIME", 0, "How long one reload may take (default: 90s)", 0 },
	{ "commit", KEY_COMMIT, NULL, 0, "Keep what waits for a confirmation", 1 },
	{ "rollback", KEY_ROLLBACK, NULL, 0, "Take back what waits for a confirmation", 1 },
	{ "recover", KEY_RECOVER, NULL, 0, "End what a power loss cut off; at boot", 1 },
	{ "status", KEY_STATUS, NULL, 0, "Say whether an apply is under way, and how the last one ended", 1 },
	{ 0 },
};

static error_t parse_word(int key, char *arg, struct apply_request *q, struct argp_state *state) {
	switch (key) {
	case KEY_MACHINE:
		q->render.machine = arg;
		return 0;
	case KEY_TARGET:
		q->render.target = arg;
		return 0;
	case KEY_CONFIRM:
		q->confirm_s = (uint32_t)unit_seconds(arg, "--confirm", state);
		return 0;
	case KEY_RELOAD_LIMIT:
		q->limit_s = (uint32_t)unit_seconds(arg, "--reload-limit", state);
		return 0;
	case KEY_ROOT:
		q->root = arg;
		return 0;
	case KEY_MAX_CHANGE:
		if (safety_parse_percent(arg, &q->safety.percent) < 0)
			argp_error(state, "'%s' is no share: write 0%% to 100%%", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (q->folder)
			argp_error(state, "one estate at a time: '%s' is too much", arg);
		q->folder = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_mode(int mode, struct apply_request *q, struct argp_state *state) {
	if (q->mode != APPLY_DO)
		argp_error(state, "--commit, --rollback, --recover and --status: one of them");
	q->mode = mode;
}

static error_t parse_end(struct apply_request *q, struct argp_state *state) {
	if (q->mode == APPLY_DO && !q->folder)
		argp_error(state, "name the estate's folder");
	if (q->mode != APPLY_DO && (q->folder || q->dry_run || q->confirm_s))
		argp_error(state,
			   "that decides about an apply that was begun: it takes no estate and none of its options");
	if (!*q->root)
		argp_error(state, "--root: name a folder");
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct apply_request *q = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &q->output;
		return 0;
	case KEY_COMMIT:
	case KEY_ROLLBACK:
	case KEY_RECOVER:
	case KEY_STATUS:
		parse_mode(APPLY_COMMIT + key - KEY_COMMIT, q, state);
		return 0;
	case KEY_DRY_RUN:
		q->dry_run = true;
		return 0;
	case KEY_FORCE:
		q->force = true;
		return 0;
	case KEY_UNVERIFIED:
		q->unverified = true;
		return 0;
	case KEY_RELOAD:
	case KEY_NO_RELOAD:
		q->reload_said = true;
		q->reload = key == KEY_RELOAD;
		return 0;
	case ARGP_KEY_END:
		return parse_end(q, state);
	default:
		return parse_word(key, arg, q, state);
	}
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.args_doc = "ESTATE\n--commit\n--rollback\n--recover\n--status",
	.doc = "Installs this machine's files, all or none, makes the programs take them, and takes everything back "
	       "when a "
	       "reload fails or, with --confirm, when nobody says that the machine can still be reached.",
	.children = children,
};

/* The guardian is a child of the process that says this: nobody reads its streams. */
static void say_line(const char *text, void *user) {
	const pid_t *applier = user;

	if (getpid() == *applier)
		(void)fprintf(stderr, "hextet: %s\n", text);
	else
		syslog(LOG_DAEMON | LOG_WARNING, "%s", text);
}

static int state_cannot(const struct apply_request *q, int r) {
	if (r == -EPERM)
		return cannot("%s%svar/lib/hextet/apply must belong to you, and nobody else may write there", q->root,
			      q->root[1] ? "/" : "");
	return cannot("cannot use %s%svar/lib/hextet/apply: %s", q->root, q->root[1] ? "/" : "", strerror(-r));
}

/* Before any work: whether it can succeed at all. */
static int check_rights(const struct apply_request *q) {
	char etc[PATH_MAX];

	if ((size_t)snprintf(etc, sizeof(etc), "%s/etc", q->root) >= sizeof(etc))
		return cannot("%s is too long a name", q->root);
	if (access(q->root, X_OK) < 0)
		return cannot("cannot install below %s: %s", q->root, strerror(errno));
	if (access(etc, W_OK) == 0 || (errno == ENOENT && access(q->root, W_OK) == 0))
		return EXIT_DONE;
	if (errno == EACCES)
		return cannot("you may not write to %s: run it as root, or name a folder of yours with --root",
			      q->root[1] ? etc : "/etc");
	return cannot("cannot write to %s: %s", q->root[1] ? etc : "/etc", strerror(errno));
}

struct collected {
	const struct estate *estate;
	const struct sources *sources;
	struct arena arena, scratch;
	VEC(struct apply_file) files;
	struct verify_result results[TARGETS_MAX];
};

/* Of one machine there is one call, from one thread. */
static int collect(struct output_file *files, size_t n, unsigned worker, struct diags *d, void *user) {
	struct collected *c = user;
	int r = verify_files(c->estate, files, n, &c->scratch, d, c->results);

	(void)worker;
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct output_file *f = &files[i];
		const struct apply_file copy = {
			f->target->name,
			arena_dup(&c->arena, f->path, strlen(f->path)),
			f->mode,
			{ arena_dup(&c->arena, f->text.s, f->text.len), f->text.len },
		};

		vec_push(&c->files, copy);
	}
	return r;
}

static int check_verified(const struct collected *c, bool unverified) {
	int code = EXIT_DONE;

	for (size_t t = 0; target_list[t]; t++) {
		const struct verify_result *v = &c->results[t];

		if (!v->unverified)
			continue;
		(void)fprintf(stderr, "hextet: %s: %u file%s not verified: %s%s%s\n", target_list[t]->name,
			      v->unverified, v->unverified == 1 ? "" : "s",
			      v->missing[0] ? v->missing : "there is no checker", v->missing[0] ? " is missing" : "",
			      unverified ? "" : "; install it, or pass --unverified");
		code = unverified ? code : EXIT_NO;
	}
	return code;
}

static int render_files(struct opened_estate *o, const struct apply_request *q, struct collected *c) {
	struct render r;
	int code = EXIT_DONE, result = render_init(&r, &o->arena, &o->sources, &o->diags, o->estate, &q->render);

	if (result == 0)
		result = render_run(&r, collect, c);
	render_done(&r);
	if (result == -ENOENT)
		return unknown_render_name(o->estate, &q->render);
	if (result == -EINVAL) {
		diags_sort(&o->diags);
		diags_print(&o->diags, stderr, output_colour(&q->output, stderr));
		code = EXIT_NO;
	} else if (result < 0)
		code = cannot("cannot render: %s", strerror(-result));
	else
		code = check_verified(c, q->unverified);
	if (code == EXIT_NO)
		(void)fputs("hextet: nothing was changed\n", stderr);
	return code;
}

/* The lock, with nothing left of an earlier apply. */
static int begin(struct apply_state *s, const struct apply_request *q, const struct apply_say *say, struct arena *a) {
	enum apply_outcome left = APPLY_NOTHING;
	enum apply_phase phase = PHASE_NONE;
	int r = state_open(s, q->root, true);

	if (r == 0)
		r = state_lock(s, false, arena_printf(a, "apply of %s", q->render.machine));
	if (r == -EBUSY)
		return cannot("another apply is at work: %s; nothing was changed", state_holder(s, a));
	if (r == 0)
		r = state_phase(s, &phase);
	if (r < 0)
		return state_cannot(q, r);
	if (phase == PHASE_WAIT && state_time_left_ns(s, a))
		return cannot("an apply waits for its confirmation; decide with 'hextet apply --commit' or "
			      "'hextet apply --rollback' first; nothing was changed");
	if (phase != PHASE_NONE)
		apply_tell(say, "an earlier apply was cut off (%s); ending that first", phase_to_str(phase));
	r = apply_recover(s, say, &left);
	return r < 0 ? cannot("nothing was begun; see hextet-apply(1), RECOVERY") : EXIT_DONE;
}

static int execute(struct apply_state *s, const struct apply_plan *plan, const struct apply_request *q,
		   const struct diff_view *meaning, const struct apply_say *say) {
	const struct apply_options o = {
		.root = q->root,
		.machine = q->render.machine,
		.confirm_s = q->confirm_s,
		.limit_s = q->limit_s,
		.reload = q->reload,
	};
	enum apply_outcome outcome = APPLY_NOTHING;
	int r = plan->items.n ? apply_run(s, plan, &o, say, &outcome) : 0;

	if (r < 0)
		return cannot("the files of %s were not installed", q->render.machine);
	if (outcome == APPLY_TAKEN_BACK)
		(void)fputs("hextet: a reload failed; the old files are back\n", stderr);
	return apply_report(plan, q, &outcome, meaning);
}

/* What may be done is done, or said. */
static int with_plan(struct apply_state *s, const struct apply_plan *plan, const struct plan_request *request,
		     const struct apply_request *q, const struct collected *c, const struct apply_say *say) {
	struct comparison comparison;
	const struct diff_view meaning = { .comparison = &comparison, .estate = c->estate, .sources = c->sources };
	int code, said = EXIT_DONE;

	if (plan->refusals.n)
		return apply_report_refusals(plan, q);
	apply_compare(&comparison, plan, request, &q->safety);
	if (q->dry_run)
		said = apply_report(plan, q, NULL, &meaning);
	code = apply_report_safety(&comparison, q);
	if (!code)
		code = q->dry_run ? said : execute(s, plan, q, &meaning, say);
	comparison_done(&comparison);
	return code;
}

static int with_files(const struct apply_request *q, struct collected *c, const struct apply_say *say) {
	const struct plan_request request = { q->render.machine, q->render.target, c->files.v, c->files.n, q->force };
	struct apply_state s = { -1, -1, -1 };
	const char *path = "";
	struct apply_plan plan;
	int r, code = EXIT_DONE;

	if (q->dry_run) {
		r = state_open(&s, q->root, false);
		code = r < 0 && r != -ENOENT ? state_cannot(q, r) : EXIT_DONE;
	} else
		code = begin(&s, q, say, &c->arena);
	if (!code) {
		r = plan_make(&plan, &c->arena, &s, &request, &path);
		if (r < 0)
			code = cannot("cannot read %s: %s; nothing was changed", path,
				      r == -EBADMSG ? "it is damaged" : strerror(-r));
		else
			code = with_plan(&s, &plan, &request, q, c, say);
		if (r == 0)
			plan_done(&plan);
	}
	state_close(&s);
	return code;
}

/* The machine whose name the host has: in full, or as its first label. */
static const char *own_name(const struct estate *e) {
	static char host[HOST_NAME_MAX + 1];
	const char *found = NULL;
	size_t len;

	if (gethostname(host, sizeof(host)) < 0)
		return NULL;
	if (map_get(&e->machine_by_name, host, strlen(host)))
		return host;
	len = strcspn(host, ".");
	LIST_EACH (struct machine, m, &e->machines) {
		if (strncmp(m->name.s, host, len) != 0 || (m->name.s[len] && m->name.s[len] != '.'))
			continue;
		if (found)
			return NULL;
		found = m->name.s;
	}
	return found;
}

static int with_estate(struct opened_estate *o, struct apply_request *q, const struct apply_say *say) {
	struct collected c = { .estate = o->estate, .sources = &o->sources };
	int code = opened_estate_require_clean(o, &q->output);

	if (code)
		return code;
	if (!q->render.machine)
		q->render.machine = own_name(o->estate);
	if (!q->render.machine)
		return usage_error("this host is no machine of the estate; say which with --machine NAME");
	q->render.want_maps = true;
	code = render_files(o, q, &c);
	if (!code)
		code = with_files(q, &c, say);
	vec_done(&c.files);
	arena_done(&c.scratch);
	arena_done(&c.arena);
	return code;
}

static int do_apply(struct apply_request *q, const struct apply_say *say) {
	struct opened_estate o;
	int code = q->dry_run ? EXIT_DONE : check_rights(q);

	if (!code)
		code = opened_estate_open(&o, q->folder);
	if (code)
		return code;
	code = with_estate(&o, q, say);
	opened_estate_close(&o);
	return code;
}

static int report_outcome(const struct apply_request *q, enum apply_outcome outcome, int code) {
	static const char *const sentences[_APPLY_OUTCOME_MAX] = {
		[APPLY_NOTHING] = "nothing is under way",
		[APPLY_COMMITTED] = "committed: the new files stay",
		[APPLY_WAITING] = "waiting",
		[APPLY_TAKEN_BACK] = "taken back: the old files are there again",
	};
	struct emit e;

	emit_init(&e, stdout, q->output.format);
	if (q->output.format == EMIT_TEXT)
		(void)puts(sentences[outcome]);
	else {
		emit_object(&e, NULL);
		emit_text(&e, "outcome", apply_outcome_to_str(outcome));
		emit_end(&e);
	}
	return output_finish(&e, code);
}

static int report_status(const struct apply_request *q, const struct apply_state *s) {
	_cleanup_(arena_done) struct arena a = { 0 };
	enum apply_phase phase = PHASE_NONE;
	int r = s->fd < 0 ? 0 : state_phase(s, &phase);
	const uint64_t left = phase == PHASE_WAIT ? state_time_left_ns(s, &a) / 1000000000 : 0;
	const char *last = state_last(s, &a);
	struct emit e;

	if (r < 0)
		return state_cannot(q, r);
	emit_init(&e, stdout, q->output.format);
	if (q->output.format == EMIT_TEXT) {
		if (phase == PHASE_WAIT)
			(void)printf("waiting: 'hextet apply --commit' within %llu s keeps the new files\n",
				     (unsigned long long)left);
		else
			(void)puts(phase == PHASE_NONE ? "nothing is under way"
						       : "under way, or cut off: --recover ends it");
		(void)printf("last: %s\n", *last ? last : "none");
		return output_finish(&e, phase == PHASE_NONE ? EXIT_DONE : EXIT_NO);
	}
	emit_object(&e, NULL);
	emit_text(&e, "phase", phase_to_str(phase));
	emit_uint(&e, "left_s", left);
	emit_text(&e, "last", *last ? last : NULL);
	emit_end(&e);
	return output_finish(&e, phase == PHASE_NONE ? EXIT_DONE : EXIT_NO);
}

/* --commit, --rollback, --recover: with the lock. */
static int decide(const struct apply_request *q, struct apply_state *s, const struct apply_say *say) {
	static const char *const names[] = { "", "--commit", "--rollback", "--recover" };
	_cleanup_(arena_done) struct arena a = { 0 };
	enum apply_outcome outcome = APPLY_NOTHING;
	enum apply_phase phase = PHASE_NONE;
	int r = state_lock(s, false, names[q->mode]);

	if (r == -EBUSY)
		return cannot("another apply is at work: %s", state_holder(s, &a));
	if (r == 0)
		r = state_phase(s, &phase);
	if (r < 0)
		return state_cannot(q, r);
	if (q->mode == APPLY_RECOVER && phase == PHASE_WAIT && state_time_left_ns(s, &a)) {
		(void)fputs("hextet: nothing to recover: an apply waits for --commit or --rollback\n", stderr);
		return report_outcome(q, APPLY_WAITING, EXIT_NO);
	}
	r = q->mode == APPLY_RECOVER ? apply_recover(s, say, &outcome)
				     : apply_decide(s, q->mode == APPLY_COMMIT, say, &outcome);
	if (r < 0)
		return cannot("see hextet-apply(1), RECOVERY");
	if (q->mode == APPLY_RECOVER)
		return report_outcome(q, outcome, EXIT_DONE);
	return report_outcome(q, outcome,
			      outcome == (q->mode == APPLY_COMMIT ? APPLY_COMMITTED : APPLY_TAKEN_BACK) ? EXIT_DONE
													: EXIT_NO);
}

static int do_mode(const struct apply_request *q, const struct apply_say *say) {
	struct apply_state s;
	int code, r = state_open(&s, q->root, false);

	if (r < 0 && r != -ENOENT)
		code = state_cannot(q, r);
	else if (q->mode == APPLY_STATUS)
		code = report_status(q, &s);
	else if (r == -ENOENT)
		code = report_outcome(q, APPLY_NOTHING, q->mode == APPLY_RECOVER ? EXIT_DONE : EXIT_NO);
	else
		code = decide(q, &s, say);
	state_close(&s);
	return code;
}

static int run(int argc, char **argv) {
	struct apply_request q = { .root = "/", .limit_s = RELOAD_LIMIT_S, .safety = SAFETY_DEFAULT };
	pid_t self = getpid();
	const struct apply_say say = { say_line, &self };

	command_parse(&argp, argc, argv, &q);
	if (!q.reload_said)
		q.reload = strcmp(q.root, "/") == 0;
	return q.mode == APPLY_DO ? do_apply(&q, &say) : do_mode(&q, &say);
}

const struct command command_apply = {
	.name = "apply",
	.summary = "Install a machine's files, all or none, with a way back",
	.argp = &argp,
	.run = run,
};
