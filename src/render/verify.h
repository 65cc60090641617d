/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running the program that will read a file over that file, before anybody else sees it, and turning its complaint
 * about line 17 of the output into one about the template's line and the datum printed there.
 *
 *     static int verify(struct verify_run *v) {
 *             const char *const argv[] = { "haproxy", "-c", "-f", verify_path(v, "/etc/haproxy/haproxy.cfg"), NULL };
 *             return verify_program(v, argv, 0);
 *     }
 *
 * The files of one machine and target lie in a private folder that is removed afterwards.
 */
#pragma once

#include "render/target.h"

enum {
	/* In a network namespace of its own: loopback and verify_run.interfaces are up, any address can be bound. */
	VERIFY_NETNS = 1 << 0,
};

/* What became of the files of one target. */
struct verify_result {
	unsigned verified;   /* files */
	unsigned unverified; /* files whose checker is missing */
	unsigned failed;     /* files or runs that the checker refused */
	char missing[64];    /* the program, or what else the system does not have */
};

struct verify_run {
	const struct estate *estate;
	const struct machine *machine;
	const struct output_file *files;
	size_t n;
	struct arena *arena;
	struct diags *diags;
	const char *folder;
	struct verify_result *result;
	const char *const
		*interfaces; /* that VERIFY_NETNS makes, set by the target: NULL-terminated, or NULL for none */
};

/* Where a file of the run lies on disk; NULL when the target did not write it. */
const char *verify_path(const struct verify_run *v, const char *path);

/* Adds a file that the checker needs and the machine has anyway (a certificate, a frame around a fragment), with a name
 * relative to the folder. Returns its path, or NULL after a diagnostic. */
const char *verify_helper(struct verify_run *v, const char *name, const char *text);

/*
 * In the file on disk that the checker will read, puts `by` in the place of every word that begins with `from`: what
 * belongs to the machine (certificates, logs) gets a stand-in. Words end at a blank, a quote, ';', '}' or a line's end.
 * 0, or -EINVAL after a diagnostic.
 */
int verify_stand_in(struct verify_run *v, const char *path, const char *from, const char *by);

/*
 * Runs a checker, found in PATH and the sbin folders, with a limit of 60 s, over one file (verify_file) or all files of
 * the run at once (verify_program). A missing program or a network namespace that the system refuses counts them as not
 * verified; exit status 0 as verified; anything else becomes diagnostics: one for each of the first 20 lines of its
 * output that name one of our files and a line, else one with the first line of its output. Returns 0 or -EINVAL.
 */
int verify_file(struct verify_run *v, const char *path, const char *const *argv, unsigned flags);
int verify_program(struct verify_run *v, const char *const *argv, unsigned flags);

/* The same, but gives the exit status and the output (stdout and stderr) instead of judging. -ENOENT: no such program;
 * -EPERM: no namespace; -EINVAL after a diagnostic. */
int verify_exec(struct verify_run *v, const char *const *argv, unsigned flags, int *ret_status, struct str *ret_output);

/* Judges what verify_exec() gave. path NULL: all files. 0 or -EINVAL. */
int verify_judge(struct verify_run *v, const char *path, const char *checker, int status, struct str output);

/* Counts a file (NULL: all) as verified by a check of our own, or as not verified for want of a program. */
void verify_passed(struct verify_run *v, const char *path);
void verify_missing(struct verify_run *v, const char *path, const char *program);

/* One complaint about a line of one of our files (line 0: the file), for checks of our own. Returns -EINVAL. */
int verify_complain(struct verify_run *v, const char *path, uint32_t line, const char *checker, const char *message);

/* Verifies the files of one machine, grouped by target; results by target index in target_list. 0 or -EINVAL. */
int verify_files(const struct estate *e, const struct output_file *files, size_t n, struct arena *a, struct diags *d,
		 struct verify_result *results);
