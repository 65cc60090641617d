/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows become a tree as soon as they are read, and are freed; the base, its records and the file come after. A file
 * that would differ from the one before in its epoch alone is recognised by writing it with the old epoch first.
 */
#include "geo/build.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/file_swap.h"
#include "geo/build_base.h"
#include "geo/mmdb_verify.h"
#include "geo/record.h"
#include "geo/rows.h"
#include "geo/second_reader.h"
#include "geo/stream.h"
#include "geo/stream_verify.h"

#define ROWS_BEFORE "hextet: "
#define ROWS_BEHIND " exceptions"
#define ROWS_OVER " over "

enum { COMPARE_STEP = 1 << 16 };

/* What the file that is there says of itself. */
struct previous {
	bool is_ours; /* so that rows is known */
	bool is_file; /* so that epoch is known */
	uint64_t rows, epoch;
};

struct building {
	const struct geo_build *b;
	struct diags *diags;
	struct arena arena;
	struct previous previous;
	struct geo_tree tree;
	struct geo_roots roots;
	struct build_base base;
	struct geo_records *records;
	struct mmdb_data *data;
	bool *used; /* by value, of a stream's */
	struct mmdb_meta meta;
	struct mmdb_stats written;
	struct geo_build_stats stats;
};

static int fail(struct building *s, int r, const char *check, const char *hint, const char *what) {
	diag_error(s->diags, check, (struct loc){ 0 }, hint, "%s", what);
	return r;
}

int geo_description_rows(struct str description, uint64_t *ret_rows) {
	const char *at = description.s, *end = at + description.len;
	const size_t before = strlen(ROWS_BEFORE), behind = strlen(ROWS_BEHIND), over = strlen(ROWS_OVER);
	uint64_t rows = 0;
	size_t digits = 0;

	if (description.len < before || memcmp(at, ROWS_BEFORE, before) != 0)
		return -EINVAL;
	for (at += before; at < end && *at >= '0' && *at <= '9' && digits < 18; at++, digits++)
		rows = rows * 10 + (uint64_t)(*at - '0');
	if (!digits || (digits > 1 && at[-(ptrdiff_t)digits] == '0'))
		return -EINVAL;
	if ((size_t)(end - at) < behind || memcmp(at, ROWS_BEHIND, behind) != 0)
		return -EINVAL;
	at += behind;
	if (at < end && ((size_t)(end - at) <= over || memcmp(at, ROWS_OVER, over) != 0))
		return -EINVAL;
	*ret_rows = rows;
	return 0;
}

static bool read_fully(int fd, void *bytes, size_t len, uint64_t at) {
	return pread(fd, bytes, len, (off_t)at) == (ssize_t)len;
}

/* Only its end is read: it may be larger than memory. */
static void read_previous(struct building *s) {
	_cleanup_(fdp_close) int fd = open(s->b->output, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct arena_mark mark = arena_mark(&s->arena);
	struct mmdb_value v;
	struct mmdb db;
	struct stat st;
	uint8_t *tail;
	size_t len;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	len = (size_t)MIN((uint64_t)st.st_size, (uint64_t)MMDB_TAIL);
	tail = arena_alloc(&s->arena, len);
	if (read_fully(fd, tail, len, (uint64_t)st.st_size - len) &&
	    mmdb_open_tail(tail, len, (uint64_t)st.st_size, &db, NULL) == 0) {
		s->previous.is_file = true;
		s->previous.epoch = db.build_epoch;
		if (mmdb_get(&db, db.meta_start, (const char *const[]){ "description", "en", NULL }, &v, NULL) == 1 &&
		    v.type == MMDB_STRING)
			s->previous.is_ours = geo_description_rows(v.text, &s->previous.rows) == 0;
	}
	arena_release(&s->arena, mark);
}

/* A table would be lost; and over a base that is the last output, exceptions that were removed would stay for ever. */
static int check_is_apart(struct building *s, const struct geo_spec *spec) {
	struct stat source, output;

	if (stat(spec->place, &source) < 0 || stat(s->b->output, &output) < 0 || source.st_dev != output.st_dev ||
	    source.st_ino != output.st_ino)
		return 0;
	diag_error(s->diags, "geo-output", (struct loc){ 0 }, "write to another file",
		   "%s is read, and %s would take its place", spec->text, s->b->output);
	return -EINVAL;
}

static int check_output(struct building *s) {
	int r = s->b->base ? check_is_apart(s, s->b->base) : 0;

	for (size_t i = 0; i < s->b->from_count && r == 0; i++)
		r = check_is_apart(s, &s->b->from[i]);
	return r;
}

static int is_empty(struct building *s) {
	size_t n = s->b->from_count;

	diag_error(s->diags, "geo-empty", (struct loc){ 0 },
		   "is it the right table? say --allow-empty when no exceptions are meant", "there are no rows in %s%s",
		   n ? s->b->from[0].text : "no source", n > 1 ? " and the others" : "");
	return -ENODATA;
}

/* Whether as many rows as there are now may be published. */
static int check_rows(struct building *s) {
	const struct previous *p = &s->previous;
	uint64_t n = s->stats.rows;

	if (s->diags->count[SEVERITY_ERROR])
		return -EINVAL;
	if (n == 0 && !s->b->allow_empty)
		return is_empty(s);
	if (!p->is_ours || s->b->force || n >= p->rows - p->rows / 2 || (n == 0 && s->b->allow_empty))
		return 0;
	diag_error(s->diags, "geo-loss", (struct loc){ 0 }, "say --force when that is meant",
		   "%s was built from %llu rows and would now be from %llu: more than half would be lost", s->b->output,
		   (unsigned long long)p->rows, (unsigned long long)n);
	return -EDOM;
}

static int read_rows(struct building *s, struct geo_sink *sink) {
	for (size_t i = 0; i < s->b->from_count; i++) {
		int r = s->b->from[i].source->read(&s->b->from[i], sink);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The exceptions alone: into the file's tree, or, where there is a base, into one of their own. */
static int compile_rows(struct building *s, struct geo_tree *tree, struct geo_roots *ret_roots) {
	struct geo_rows rows;
	int r;

	geo_rows_init(&rows, s->diags);
	r = read_rows(s, &rows.sink);
	s->stats.rows = rows.count;
	if (r == 0)
		r = check_rows(s);
	if (r == 0)
		*ret_roots = geo_rows_compile(&rows, tree);
	geo_rows_done(&rows);
	return r;
}

static int compile_over_base(struct building *s) {
	struct geo_tree upper;
	struct geo_roots roots;
	struct mmdb_fault fault;
	int r;

	geo_tree_init(&upper);
	r = compile_rows(s, &upper, &roots);
	if (r == 0)
		r = build_base_load(s->b->base, s->diags, &s->tree, &s->base);
	if (r == 0) {
		const struct build_base *b = &s->base;

		s->records = geo_records_new(b->is_mmdb ? &b->db : NULL, b->file.offset, b->file.count);
		s->roots.v4 =
			geo_tree_overlay(&s->tree, &upper, roots.v4, b->file.roots.v4, geo_records_correct, s->records);
		s->roots.v6 =
			geo_tree_overlay(&s->tree, &upper, roots.v6, b->file.roots.v6, geo_records_correct, s->records);
		r = geo_records_fault(s->records, &fault);
		if (r < 0)
			build_base_fault(s->b->base, s->diags, &fault);
	}
	geo_tree_done(&upper);
	return r;
}

static int compile(struct building *s) {
	if (s->b->base)
		return compile_over_base(s);
	s->records = geo_records_new(NULL, NULL, 0);
	s->base.file.aliases = GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4;
	return compile_rows(s, &s->tree, &s->roots);
}

/* A bit for each record there is: nodes, then values, then all that is neither. */
static inline size_t mark_of(uint32_t record, uint32_t nodes, uint32_t values) {
	size_t value = (size_t)nodes + MIN(record - GEO_LEAF, values);

	return geo_is_node(record) ? record : value;
}

/* Which values the tree leads to. A node has a greater number than those it names, so one pass from the root finds them
 * all; without a branch for the kind of a record, which nothing foretells. */
static bool *values_used(struct building *s, uint32_t root) {
	const struct geo_tree *t = &s->tree;
	uint32_t values = geo_records_count(s->records);
	bool *used = arena_array(&s->arena, bool, values);
	_cleanup_(freep) uint64_t *mark = calloc(((size_t)t->count + values) / 64 + 1, sizeof(*mark));

	if (!mark)
		return NULL;
	mark[root / 64] |= UINT64_C(1) << root % 64;
	for (uint32_t n = root + 1; n-- > 0;) {
		if (!(mark[n / 64] >> n % 64 & 1))
			continue;
		for (unsigned half = 0; half < 2; half++) {
			size_t at = mark_of(t->node[n][half], t->count, values);

			mark[at / 64] |= UINT64_C(1) << at % 64;
		}
	}
	for (uint32_t v = 0; v < values; v++) {
		size_t at = (size_t)t->count + v;

		used[v] = mark[at / 64] >> at % 64 & 1;
	}
	return used;
}

static void describe(struct building *s) {
	const struct build_base *base = &s->base;
	char *text = arena_printf(&s->arena, ROWS_BEFORE "%llu" ROWS_BEHIND, (unsigned long long)s->stats.rows);

	if (base->database_type)
		text = arena_printf(&s->arena, "%s" ROWS_OVER "%s", text, base->database_type);
	s->meta = (struct mmdb_meta){
		.database_type = s->b->database_type   ? s->b->database_type
				 : base->database_type ? base->database_type
						       : "hextet-Country",
		.description = text,
		.languages = base->languages,
		.build_epoch = s->b->epoch_is_now && s->previous.is_file ? s->previous.epoch : s->b->epoch,
		.record_bits = s->b->record_bits,
	};
}

static int write_failed(struct building *s, int r) {
	if (r == -ERANGE)
		return fail(s, -EINVAL, "geo-record-bits", "leave --record-bits out",
			    "the records are too small for this file");
	if (r == -E2BIG)
		return fail(s, r, "geo-size", NULL,
			    "the file would pass a limit of the format: 2^32 nodes, 4 GiB of data");
	diag_error(s->diags, "geo-write", (struct loc){ 0 },
		   r == -ENOSPC || r == -EDQUOT ? "make room there; what was there is as it was" : NULL,
		   "cannot write %s: %s", s->b->output, file_swap_error(r));
	return r;
}

/* Whether the file that is there has the same bytes. */
static bool is_same(const struct building *s, int fd) {
	_cleanup_(fdp_close) int old = open(s->b->output, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	static uint8_t a[COMPARE_STEP], b[COMPARE_STEP];
	uint64_t len = s->written.bytes;
	struct stat st;

	if (old < 0 || fstat(old, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != len)
		return false;
	for (uint64_t at = 0; at < len; at += COMPARE_STEP) {
		size_t n = MIN(len - at, (uint64_t)COMPARE_STEP);

		if (!read_fully(fd, a, n, at) || !read_fully(old, b, n, at) || memcmp(a, b, n) != 0)
			return false;
	}
	return true;
}

/* Puts the right epoch into what was written with the old one. */
static int write_epoch(struct building *s, int fd) {
	char *old = NULL, *new = NULL;
	size_t old_len, new_len;
	uint64_t start;
	int r;

	if (s->meta.build_epoch == s->b->epoch)
		return 0;
	r = mmdb_write_meta(&s->meta, s->written.nodes, s->written.record_bits, 6, &old, &old_len);
	s->meta.build_epoch = s->b->epoch;
	if (r == 0)
		r = mmdb_write_meta(&s->meta, s->written.nodes, s->written.record_bits, 6, &new, &new_len);
	if (r == 0) {
		start = s->written.bytes - old_len;
		s->written.bytes = start + new_len;
		r = lseek(fd, (off_t)start, SEEK_SET) < 0 ? -errno : file_write_fd(fd, new, new_len);
		if (r == 0 && ftruncate(fd, (off_t)s->written.bytes) < 0)
			r = -errno;
	}
	free(old);
	free(new);
	return r;
}

static int report(const struct mmdb_fault *fault, bool is_error, void *user) {
	struct building *s = user;

	if (is_error)
		diag_error(s->diags, "geo-verify", (struct loc){ 0 }, "this is a fault of hextet; please report it",
			   "the new file is wrong at offset %llu: %s", (unsigned long long)fault->offset, fault->what);
	return 0;
}

/* The file has no name yet, so nobody can change what is mapped. */
static int verify_mapped(struct building *s, int fd) {
	void *bytes = mmap(NULL, s->written.bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	int r;

	if (bytes == MAP_FAILED)
		return -errno;
	r = mmdb_verify(bytes, s->written.bytes, report, s, NULL);
	(void)munmap(bytes, s->written.bytes);
	return r;
}

static int verify(struct building *s, int fd, const struct second_reading *second) {
	const struct stream_written written = {
		.fd = fd,
		.stats = &s->written,
		.data = s->data,
		.value_offset = second->value_offset,
		.used = s->used,
		.values = geo_records_count(s->records),
		.meta = &s->meta,
	};
	int r = s->b->stream ? stream_verify(&written, report, s) : verify_mapped(s, fd);

	if (r < 0)
		return fail(s, r, "geo-verify", NULL, "cannot read the new file back");
	if (r > 0)
		return -EBADMSG;
	return second_reader_check(second, s->diags);
}

/* What was written is looked at, and takes its place. */
static int publish(struct building *s, struct file_swap *swap, struct second_reading *second) {
	int r;

	if (is_same(s, swap->fd)) {
		s->stats.unchanged = true;
		file_swap_abort(swap);
		return 0;
	}
	r = write_epoch(s, swap->fd);
	if (r < 0) {
		file_swap_abort(swap);
		return write_failed(s, r);
	}
	second->fd = swap->fd;
	second->meta = &s->meta;
	second->stats = &s->written;
	if (!s->b->no_verify)
		r = verify(s, swap->fd, second);
	if (r < 0) {
		file_swap_abort(swap);
		return r;
	}
	r = file_swap_commit(swap, 0644);
	return r < 0 ? write_failed(s, r) : 0;
}

static int write_records(struct building *s, const bool *used, uint32_t *offset) {
	struct mmdb_fault fault = { "the records need more than 4 GiB", 0 };
	int r;

	if (!used)
		return -ENOMEM;
	s->data = mmdb_data_new();
	r = geo_records_write(s->records, used, s->data, offset, &fault);
	if (r == -EBADMSG)
		build_base_fault(s->b->base, s->diags, &fault);
	else if (r < 0)
		(void)write_failed(s, r);
	return r;
}

static int write_tree(struct building *s) {
	uint32_t v4_root, root = geo_tree_graft(&s->tree, s->roots, s->base.file.aliases, &v4_root);
	uint32_t *offset = arena_array(&s->arena, uint32_t, geo_records_count(s->records));
	struct second_reading second = { .tree = &s->tree, .root = root, .v4_root = v4_root, .value_offset = offset };
	struct file_swap swap;
	int r;

	geo_tree_freeze(&s->tree);
	r = write_records(s, values_used(s, root), offset);
	if (r < 0)
		return r;
	if (s->b->count_networks)
		s->stats.networks = geo_tree_networks(&s->tree, root, v4_root);
	describe(s);
	r = file_swap_begin(&swap, s->b->output);
	if (r == 0)
		r = mmdb_write(swap.fd, &s->tree, root, offset, s->data, &s->meta, s->b->layout, &s->written);
	if (r < 0) {
		file_swap_abort(&swap);
		return write_failed(s, r);
	}
	return publish(s, &swap, &second);
}

static int write_stream(struct building *s, struct geo_stream *stream) {
	uint32_t *offset = arena_array(&s->arena, uint32_t, geo_records_count(s->records));
	struct second_reading second = { .value_offset = offset };
	struct file_swap swap;
	int r = write_records(s, s->used, offset);

	if (r < 0)
		return r;
	describe(s);
	r = file_swap_begin(&swap, s->b->output);
	if (r == 0)
		r = geo_stream_write(stream, swap.fd, offset, s->data, &s->meta, &s->written, &s->stats.networks);
	if (r < 0) {
		file_swap_abort(&swap);
		return s->diags->count[SEVERITY_ERROR] ? r : write_failed(s, r);
	}
	return publish(s, &swap, &second);
}

static int build_stream(struct building *s) {
	_cleanup_(freep) char *output = strdup(s->b->output);
	const char *folder = s->b->temp_folder ? s->b->temp_folder : output ? dirname(output) : ".";
	struct geo_stream stream;
	uint32_t values;
	int r = geo_stream_init(&stream, folder, GEO_STREAM_MEMORY, s->diags);

	if (r < 0)
		return write_failed(s, r);
	s->records = geo_records_new(NULL, NULL, 0);
	values = geo_records_count(s->records);
	s->used = arena_array(&s->arena, bool, values);
	r = read_rows(s, &stream.sink);
	s->stats.rows = stream.rows;
	if (r == 0)
		r = check_rows(s);
	if (r == 0)
		r = geo_stream_compile(&stream, GEO_ALIAS_MAPPED | GEO_ALIAS_6TO4, s->used, values);
	if (r == -E2BIG)
		(void)write_failed(s, r);
	if (r == 0)
		r = write_stream(s, &stream);
	geo_stream_done(&stream);
	return r;
}

static void building_done(struct building *s) {
	mmdb_data_free(s->data);
	geo_records_free(s->records);
	build_base_done(&s->base);
	geo_tree_done(&s->tree);
	arena_done(&s->arena);
}

static double seconds_now(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int geo_build(const struct geo_build *b, struct diags *diags, struct geo_build_stats *ret_stats) {
	struct building s = { .b = b, .diags = diags };
	double start = seconds_now();
	struct rusage usage;
	int r;

	geo_tree_init(&s.tree);
	read_previous(&s);
	r = check_output(&s);
	if (r == 0)
		r = b->stream ? build_stream(&s) : compile(&s);
	if (r == 0 && !b->stream)
		r = write_tree(&s);
	(void)getrusage(RUSAGE_SELF, &usage);
	s.stats.nodes = s.written.nodes;
	s.stats.bytes = s.written.bytes;
	s.stats.record_bits = s.written.record_bits;
	s.stats.peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	s.stats.seconds = seconds_now() - start;
	if (r == 0)
		*ret_stats = s.stats;
	building_done(&s);
	return r;
}
