/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a child and not a thread: reading a table may block for as long as a server likes, compiling and verifying take
 * tens of milliseconds in which nobody would be answered, and both work on what others wrote. A child can be killed
 * when it takes too long, cannot take the server with it when it crashes or runs out of memory, and gives the memory of
 * a build back as a whole. Forking costs a millisecond, for a server's own memory is small.
 *
 * All that is slow is done here, so that the server only maps: the bytes go through memory files, and a report that is
 * smaller than PIPE_BUF says that they are there.
 */
#include "geo/publish_job.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "base/file.h"
#include "geo/mmdb_verify.h"

enum { GZIP_LEVEL = 6, GZIP_CHUNK = 256 << 10, TALK_MAX = 64 << 10 };
#define FILE_MAX (UINT64_C(8) << 30)

struct work {
	const struct publish_job *job;
	const struct geo_build *build;
	bool load_only;
	const struct published *current;
	struct arena arena;
	struct str bytes; /* of the file */
};

_Static_assert(sizeof(struct job_report) <= 4096, "a report is written in one piece (PIPE_BUF)");

static double seconds_since(const struct timespec *start) {
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int failed(struct job_report *r, int error, const char *fmt, ...) _printf_(3, 4);
static int failed(struct job_report *r, int error, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->reason, sizeof(r->reason), fmt, ap);
	va_end(ap);
	r->kind = JOB_FAILED;
	r->error = error;
	return error;
}

static void write_talk(const struct work *w, const struct diags *diags) {
	int fd = dup(w->job->talk_fd);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	diags_print(diags, f, false);
	(void)fclose(f);
}

/* The first error, and where it is. */
static const char *first_error(const struct diags *diags) {
	for (size_t i = 0; i < diags->list.n; i++) {
		const struct diag *d = &diags->list.v[i];
		const struct source *source = sources_get(diags->sources, d->loc.file);

		if (d->severity != SEVERITY_ERROR)
			continue;
		if (!source)
			return d->message;
		return d->loc.line ? arena_printf(diags->arena, "%s:%u: %s", source->path, d->loc.line, d->message)
				   : arena_printf(diags->arena, "%s: %s", source->path, d->message);
	}
	return NULL;
}

static int build_file(struct work *w, struct job_report *report) {
	struct geo_build build = *w->build;
	struct geo_build_stats stats;
	struct sources sources;
	struct diags diags;
	const char *error;
	int r;

	sources_init(&sources, &w->arena);
	diags_init(&diags, &w->arena, &sources);
	build.epoch = (uint64_t)time(NULL);
	build.epoch_is_now = true;
	r = geo_build(&build, &diags, &stats);
	diags_sort(&diags);
	write_talk(w, &diags);
	if (r >= 0)
		return 0;
	error = first_error(&diags);
	return failed(report, r, "%s", error ? error : strerror(-r));
}

/* Reads the file; what is not the same as before is verified and handed over. */
static int take_file(struct work *w, struct job_report *report) {
	const char *path = w->build->output;
	struct mmdb_fault found = { "no database", 0 };
	struct mmdb_counts counts = { 0 };
	struct stat st;
	char *text;
	int r;

	r = file_read(&w->arena, path, FILE_MAX, &text, &w->bytes.len);
	if (r < 0 || stat(path, &st) < 0)
		return failed(report, r < 0 ? r : -errno, "cannot read %s: %s", path, strerror(r < 0 ? -r : errno));
	w->bytes.s = text;
	report->modified = st.st_mtime;
	published_hash(w->bytes, report->sha256);
	if (w->current && strcmp(report->sha256, w->current->sha256) == 0) {
		report->kind = JOB_UNCHANGED;
		return 0;
	}
	r = mmdb_verify(w->bytes.s, w->bytes.len, mmdb_first_error, &found, &counts);
	if (r < 0)
		return failed(report, r, "cannot verify %s: %s", path, strerror(-r));
	if (r > 0)
		return failed(report, -EBADMSG, "%s is broken at byte %ju: %s", path, (uintmax_t)found.offset,
			      found.what);
	report->networks = counts.networks;
	r = file_write_fd(w->job->bytes_fd, w->bytes.s, w->bytes.len);
	if (r < 0)
		return failed(report, r, "cannot keep %s in memory: %s", path, strerror(-r));
	report->kind = JOB_READY;
	return 0;
}

/* Same bytes in, same bytes out: no name, no time. */
static int write_gzip(struct work *w) {
	unsigned char *out = arena_alloc(&w->arena, GZIP_CHUNK);
	z_stream z = { 0 };
	size_t taken = 0;
	int r = 0, code;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, MAX_WBITS + 16, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	do {
		if (z.avail_in == 0 && taken < w->bytes.len) {
			z.next_in = (unsigned char *)(uintptr_t)(w->bytes.s + taken);
			z.avail_in = (uInt)MIN(w->bytes.len - taken, (size_t)1 << 30);
			taken += z.avail_in;
		}
		z.next_out = out;
		z.avail_out = GZIP_CHUNK;
		code = deflate(&z, taken == w->bytes.len ? Z_FINISH : Z_NO_FLUSH);
		r = file_write_fd(w->job->gzip_fd, out, GZIP_CHUNK - z.avail_out);
	} while (code == Z_OK && r >= 0);
	(void)deflateEnd(&z);
	return code == Z_STREAM_END ? r : -EIO;
}

static int work(int out, void *user) {
	struct work *w = user;
	struct job_report report = { .kind = JOB_FAILED, .built = !w->load_only };
	struct timespec start;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	if (!w->load_only)
		r = build_file(w, &report);
	if (r >= 0)
		(void)take_file(w, &report);
	report.seconds = seconds_since(&start);
	if (write(out, &report, sizeof(report)) != sizeof(report))
		return 1;
	/* The gzipped form of what is published may have been given up for this very job. */
	if (report.kind == JOB_FAILED || (report.kind == JOB_UNCHANGED && w->current->entity.gzip.len > 0))
		return 0;
	if (write_gzip(w) < 0)
		return 1;
	report.kind = JOB_GZIPPED;
	return write(out, &report, sizeof(report)) != sizeof(report);
}

static int memory_file(const char *name) {
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd < 0 ? -errno : fd;
}

int publish_job_start(struct publish_job *j, const struct geo_build *build, bool load_only,
		      const struct published *current) {
	struct work w = { .job = j, .build = build, .load_only = load_only, .current = current };
	int r;

	*j = (struct publish_job){ .worker.fd = -1 };
	j->bytes_fd = memory_file("hextet-geo");
	j->gzip_fd = memory_file("hextet-geo-gzip");
	j->talk_fd = memory_file("hextet-geo-talk");
	r = MIN(j->bytes_fd, MIN(j->gzip_fd, j->talk_fd));
	if (r >= 0)
		r = worker_start(&j->worker, work, &w, (int[]){ j->bytes_fd, j->gzip_fd, j->talk_fd }, 3);
	if (r < 0)
		publish_job_done(j);
	return r;
}

int publish_job_read(struct publish_job *j, struct job_report *ret_report) {
	ssize_t n = read(j->worker.fd, ret_report, sizeof(*ret_report));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return n == (ssize_t)sizeof(*ret_report) ? 1 : -EPIPE;
}

char *publish_job_talk(const struct publish_job *j) {
	char *text;
	ssize_t n;

	if (j->talk_fd < 0)
		return NULL;
	text = malloc(TALK_MAX);
	if (!text)
		return NULL;
	n = pread(j->talk_fd, text, TALK_MAX - 1, 0);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

void publish_job_done(struct publish_job *j) {
	worker_kill(&j->worker);
	fdp_close(&j->bytes_fd);
	fdp_close(&j->gzip_fd);
	fdp_close(&j->talk_fd);
	j->bytes_fd = j->gzip_fd = j->talk_fd = -1;
}
