/* SPDX-License-Identifier: Apache-2.0 */
/* A MaxMind DB file that a command reads. */
#pragma once

#include "cmd/job.h"
#include "geo/mmdb.h"

struct geo_file {
	const char *path;
	struct mmdb db; /* its bytes live in the job's arena */
};

/* Reads and opens a file. Returns 0, or the exit code after a message: EXIT_NO when its bytes are no such file. */
int geo_file_open(struct job *j, const char *path, struct geo_file *ret_file);

/* Says where the file is broken; returns EXIT_NO. */
int geo_file_broken(const struct geo_file *f, const struct mmdb_fault *fault);
