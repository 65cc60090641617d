/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's life: the estate, the guard, the privileges, the loop. All that root may be needed for is opened before
 * root is given up; what has to be opened again later (a rotated log, the database's files) is made the new user's, or
 * must be readable for it, which is looked at and said.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/file.h"
#include "cmd/guard.h"
#include "cmd/unit.h"
#include "net/privilege.h"

enum { KEY_KEEP = 0x200, KEY_USER, KEY_SNAPSHOT };

struct options {
	struct guard_options guard;
	const char *user;
	bool keep_root;
	unsigned snapshot_s;
};

static const struct argp_option option_rows[] = {
	{ "no-drop-privileges", KEY_KEEP, NULL, 0, "Stay root, with all system calls; for looking for mistakes", 0 },
	{ "snapshot", KEY_SNAPSHOT, "TIME", 0, "Keep the counters on disk so often; default: 60s", 0 },
	{ "user", KEY_USER, "NAME", 0, "Who to become when started by root; default: hextet", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state) {
	struct options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->guard;
		return 0;
	case KEY_KEEP:
		o->keep_root = true;
		return 0;
	case KEY_SNAPSHOT:
		o->snapshot_s = (unsigned)unit_seconds(arg, "--snapshot", state);
		return 0;
	case KEY_USER:
		o->user = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &guard_estate_argp, 0, NULL, 0 }, { 0 } };
static const struct argp argp = {
	.options = option_rows,
	.parser = parse,
	.doc = "Follows the logs and bans, in the foreground, until it is told to end (SIGTERM). SIGHUP reads the "
	       "estate "
	       "again.",
	.children = children,
};

/* An estate and all that was made of it; the guard borrows it. */
struct edition {
	struct job job;
	struct guard_setup setup;
};

struct run {
	struct options opt;
	struct loop *loop;
	struct guard *guard;
	struct edition *edition;
};

static void say(enum severity severity, const char *text, void *user) {
	static const char *const level[_SEVERITY_MAX] = { [SEVERITY_IGNORE] = SD_DEBUG,
							  [SEVERITY_NOTE] = SD_INFO,
							  [SEVERITY_WARNING] = SD_WARNING,
							  [SEVERITY_ERROR] = SD_ERR };
	char shown[1024];
	size_t n = 0;

	(void)user;
	/* Names of files and lines of logs are in it: nothing of them drives a terminal or begins a line. */
	for (size_t i = 0, step, len = strlen(text); i < len && n + 4 < sizeof(shown); i += step) {
		bool harmless;

		step = utf8_next(text + i, len - i, &harmless);
		if (!harmless)
			shown[n++] = '.';
		else
			for (size_t k = 0; k < step; k++)
				shown[n++] = text[i + k];
	}
	(void)fprintf(stderr, "%s%.*s\n", getenv("JOURNAL_STREAM") ? level[severity] : "hextet: ", (int)n, shown);
}

static void edition_free(struct edition *e) {
	if (!e)
		return;
	guard_setup_done(&e->setup);
	(void)job_finish(&e->job, EXIT_DONE);
	free(e);
}

/* 0; or the exit code after a message. */
static int edition_load(const struct options *o, struct edition **ret_edition) {
	static const struct output_options output = { 0 };
	struct edition *e = calloc(1, sizeof(*e));
	int code;

	if (!e)
		return cannot("not enough memory");
	job_init(&e->job, &output);
	code = guard_setup(&e->job, &o->guard, &e->setup);
	if (code) {
		guard_setup_done(&e->setup);
		code = job_finish(&e->job, code);
		free(e);
		return code;
	}
	e->setup.config.keep_root = o->keep_root;
	e->setup.config.snapshot_s = o->snapshot_s;
	e->setup.config.say = say;
	*ret_edition = e;
	return 0;
}

/* ---- signals ---- */

static int on_end(int signal, void *user) {
	const struct run *r = user;

	(void)signal;
	loop_stop(r->loop);
	return 0;
}

static int on_hangup(int signal, void *user) {
	struct run *r = user;
	struct edition *fresh = NULL;
	_cleanup_(freep) char *why = NULL;

	(void)signal;
	if (edition_load(&r->opt, &fresh)) {
		say(SEVERITY_ERROR, "the estate was not read again: it has mistakes, see above; all goes on as before",
		    NULL);
		return 0;
	}
	if (guard_reload(r->guard, &fresh->setup.config, &why) < 0) {
		say(SEVERITY_ERROR, why ? why : "the estate cannot be used; all goes on as before", NULL);
		edition_free(fresh);
		return 0;
	}
	edition_free(r->edition);
	r->edition = fresh;
	return 0;
}

static int open_loop(struct run *r) {
	int e = loop_new(&r->loop);

	(void)signal(SIGPIPE, SIG_IGN); /* whoever read our talk may leave */
	(void)signal(SIGXFSZ, SIG_IGN); /* a file too large is an error as any other */
	if (e >= 0)
		e = loop_add_signal(r->loop, SIGTERM, on_end, r, NULL);
	if (e >= 0)
		e = loop_add_signal(r->loop, SIGINT, on_end, r, NULL);
	if (e >= 0)
		e = loop_add_signal(r->loop, SIGHUP, on_hangup, r, NULL);
	return e < 0 ? cannot("cannot start: %s", strerror(-e)) : 0;
}

/* ---- privileges ---- */

static bool drops(const struct options *o) {
	return geteuid() == 0 && !o->keep_root;
}

/* The folder of a file, made if there is none and given to the user; one that was there stays as it is. */
static int make_folder(const char *path, uid_t uid, gid_t gid) {
	char copy[PATH_MAX];
	const char *folder;
	int r;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (access(folder, F_OK) == 0)
		return 0;
	r = file_make_dirs(folder, 0755);
	if (r >= 0 && chown(folder, uid, gid) < 0)
		r = -errno;
	return r < 0 ? cannot("cannot make the folder %s: %s", folder, strerror(-r)) : 0;
}

static int prepare(const struct run *r, uid_t *ret_uid, gid_t *ret_gid) {
	const struct guard_config *c = &r->edition->setup.config;
	int code = 0;

	if (privilege_find_user(r->opt.user, ret_uid, ret_gid) < 0)
		return cannot(
			"there is no user %s to become: `useradd --system --home-dir /var/lib/hextet %s` makes one; "
			"or name another with --user",
			r->opt.user, r->opt.user);
	code = make_folder(c->state, *ret_uid, *ret_gid);
	return code || !c->control ? code : make_folder(c->control, *ret_uid, *ret_gid);
}

/* What root could read and the user cannot: it would be lost when the log is rotated. */
static void check_reach(const struct guard_config *c, const char *user) {
	char text[PATH_MAX + 256], copy[PATH_MAX];

	for (size_t i = 0; i < c->log_count; i++) {
		const char *path = strncmp(c->log[i].spec, "file:", 5) == 0 ? c->log[i].spec + 5 : NULL;

		if (!path || access(path, R_OK) == 0 || errno == ENOENT)
			continue;
		(void)snprintf(text, sizeof(text),
			       "%s cannot be opened by the user %s when it is rotated: add %s to its group", path, user,
			       user);
		say(SEVERITY_WARNING, text, NULL);
	}
	(void)snprintf(copy, sizeof(copy), "%s", c->state);
	if (access(dirname(copy), W_OK) < 0) {
		(void)snprintf(text, sizeof(text),
			       "the folder of %s is not the user %s's: snapshots cannot be written; chown it", c->state,
			       user);
		say(SEVERITY_WARNING, text, NULL);
	}
}

static int drop(const struct run *r, uid_t uid, gid_t gid) {
	/* Whose files logs usually are. */
	static const char *const groups[] = { "adm", "systemd-journal", "haproxy", NULL };
	_cleanup_(freep) char *why = NULL;
	int e = 0;

	if (r->opt.keep_root)
		return 0;
	if (geteuid() == 0) {
		e = guard_chown(r->guard, uid, gid);
		if (e >= 0)
			e = privilege_become(r->opt.user, groups, &why);
		if (e >= 0)
			check_reach(&r->edition->setup.config, r->opt.user);
	}
	if (e >= 0)
		e = privilege_keep_net_admin(&why);
	if (e >= 0)
		e = privilege_confine(&why);
	return e < 0 ? cannot("%s", why ? why : strerror(-e)) : 0;
}

static int live(struct run *r) {
	_cleanup_(freep) char *why = NULL;
	uid_t uid = 0;
	gid_t gid = 0;
	int code = drops(&r->opt) ? prepare(r, &uid, &gid) : 0, e;

	if (!code)
		code = open_loop(r);
	if (code)
		return code;
	e = guard_open(r->loop, &r->edition->setup.config, &r->guard, &why);
	if (e < 0)
		return cannot("%s", why ? why : strerror(-e));
	code = drop(r, uid, gid);
	if (code)
		return code;
	say(SEVERITY_NOTE, "the guard runs", NULL);
	loop_notify_ready("running");
	guard_notify(r->guard);
	e = loop_run(r->loop);
	return e < 0 ? cannot("the guard ends: %s", strerror(-e)) : EXIT_DONE;
}

static int run(int argc, char **argv) {
	struct run r = { .opt.user = "hextet" };
	int code;

	command_parse(&argp, argc, argv, &r.opt);
	code = edition_load(&r.opt, &r.edition);
	if (!code)
		code = live(&r);
	guard_close(r.guard);
	loop_free(r.loop);
	edition_free(r.edition);
	return code;
}

const struct command command_guard_run = {
	.name = "run",
	.summary = "Follow the logs and ban",
	.argp = &argp,
	.run = run,
};
