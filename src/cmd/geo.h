/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the subcommands of `hextet geo` share: which rows, which base and which file they work on, named on the command
 * line or by the section geo of an estate.
 */
#pragma once

#include "cmd/job.h"
#include "geo/source.h"

enum { GEO_FROM_MAX = 64 };

/* The options --from SRC…, --base SRC and --estate ESTATE: add { &geo_source_argp, 0, NULL, 0 } to a command's argp
 * children, with a struct geo_options as its input. */
struct geo_options {
	const char *from[GEO_FROM_MAX];
	unsigned from_count;
	const char *base, *estate;
	const char *wanted; /* what to name when there is no estate, for the message; NULL: "the rows with --from" */
};
extern const struct argp geo_source_argp;

/* What they mean. */
struct geo_setup {
	struct geo_spec *from; /* exceptions */
	size_t from_count;
	const struct geo_spec *base; /* or NULL */
	/* Of the estate's section; a command's own options win over these. */
	const char *output;   /* the published file, or NULL: /var/lib/hextet/ and the last part of `url_path` */
	const char *url_path; /* "/geo-exceptions.mmdb", or NULL when the estate publishes nothing */
	struct ip listen_ip;
	uint16_t listen_port;
	uint64_t every_s; /* seconds between two builds, or 0 */
};

/*
 * Reads the options; without --from, the section geo of the estate, which is the current folder when none is named.
 * Strings live in the job's arena. Returns 0, or the exit code after a message (or with errors in the job's diags):
 * give it to job_finish().
 */
int geo_setup(struct job *j, const struct geo_options *o, struct geo_setup *ret_setup);

/* The file that answers questions: `given`, else the estate's. NULL after a message. */
const char *geo_database(struct job *j, const struct geo_options *o, const char *given);

/* "cannot …" for a negative errno, after the diagnostics that say more: the exit code. Mistakes in what was given are
 * EXIT_NO (-EINVAL, -ENODATA, -EDOM, -EBADMSG), all others EXIT_CANNOT. */
int geo_failed(struct job *j, int r, const char *doing);
