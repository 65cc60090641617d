/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One build for the publisher, in a child process: it builds the file, or only reads the one that is there, verifies
 * it, and hands it over in memory; then the gzipped form, which takes longer than all the rest. What it says comes in
 * reports, each in one piece; last the pipe ends.
 */
#pragma once

#include "geo/build.h"
#include "geo/published.h"
#include "net/worker.h"

enum { JOB_REASON_MAX = 512 };

struct job_report {
	enum { JOB_READY, JOB_UNCHANGED, JOB_FAILED, JOB_GZIPPED } kind;
	int error;                   /* of JOB_FAILED, -errno */
	char reason[JOB_REASON_MAX]; /* of JOB_FAILED, one line */
	char sha256[SHA256_HEX_MAX]; /* of JOB_READY and JOB_UNCHANGED, as all below */
	int64_t modified;            /* of the file, seconds since 1970 */
	uint64_t networks;           /* with a value */
	double seconds;              /* all of it */
	bool built;                  /* by this job, not only read */
};

struct publish_job {
	struct worker worker;
	int bytes_fd, gzip_fd, talk_fd; /* memory files; talk: the build's diagnostics as text */
};

/* `current`: what is published, or NULL. With `load_only` nothing is built. 0 or -errno. */
int publish_job_start(struct publish_job *j, const struct geo_build *build, bool load_only,
		      const struct published *current);

/* The next report: 1; 0: none yet; -EPIPE: it has ended, and the worker is to be waited for. */
int publish_job_read(struct publish_job *j, struct job_report *ret_report);

/* What the build had to say, or NULL; freed by the caller. */
char *publish_job_talk(const struct publish_job *j);

/* Kills what still runs, and frees. */
void publish_job_done(struct publish_job *j);
