/* SPDX-License-Identifier: Apache-2.0 */
/* Streams into lines, and whole files, plain and packed, into batches. The cutter's own oracle is fuzz_log_lines. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/file.h"
#include "logs/lines.h"
#include "random.h"

static char folder[] = "/tmp/hextet-lines-XXXXXX";
static char path[64];

struct sink {
	char *s;
	size_t len, batches;
	size_t stop_at; /* batches */
};

static int collect(const struct log_batch *batch, void *user) {
	struct sink *sink = user;

	assert_true(batch->len > 0);
	assert_int_equal(batch->bytes[batch->len - 1], '\n');
	sink->s = realloc(sink->s, sink->len + batch->len);
	assert_non_null(sink->s);
	memcpy(sink->s + sink->len, batch->bytes, batch->len);
	sink->len += batch->len;
	sink->batches++;
	return sink->batches == sink->stop_at ? 7 : 0;
}

/* A text of some MiB with lines of all lengths, one of them far too long; and what is expected of it. */
struct sample {
	char *text, *expected;
	size_t len, expected_len;
};

static struct sample make_sample(void) {
	struct sample s = { .text = malloc(8 << 20), .expected = malloc(8 << 20) };
	uint64_t seed = 4;

	assert_true(s.text && s.expected);
	for (size_t i = 0; s.len < (5u << 20); i++) {
		size_t len = i == 100 ? (3u << 19) : i % 7 == 0 ? 0 : random_below(&seed, i % 50 == 0 ? 9000 : 300);
		size_t kept = MIN(len, (size_t)LOG_LINE_MAX + 1);

		for (size_t k = 0; k < len; k++)
			s.text[s.len + k] = (char)('a' + random_below(&seed, 26));
		memcpy(s.expected + s.expected_len, s.text + s.len, kept);
		s.len += len;
		s.expected_len += kept;
		s.text[s.len++] = s.expected[s.expected_len++] = '\n';
	}
	memcpy(s.text + s.len, "no end", 6);
	memcpy(s.expected + s.expected_len, "no end\n", 7);
	s.len += 6;
	s.expected_len += 7;
	return s;
}

static void write_file(const void *bytes, size_t len) {
	assert_int_equal(file_write_plain(path, bytes, len, 0600), 0);
}

static void check_file(const struct sample *s) {
	struct sink sink = { 0 };
	char *why = NULL;

	assert_int_equal(log_file_each_batch(path, collect, &sink, &why), 0);
	assert_null(why);
	assert_int_equal(sink.len, s->expected_len);
	assert_memory_equal(sink.s, s->expected, sink.len);
	free(sink.s);
}

static void gzip_add(const char *mode, const char *bytes, size_t len) {
	gzFile f = gzopen(path, mode);

	assert_non_null(f);
	assert_int_equal(gzwrite(f, bytes, (unsigned)len), (int)len);
	assert_int_equal(gzclose(f), Z_OK);
}

static void test_plain_and_gzip(void **state) {
	struct sample s = make_sample();
	size_t part = s.len / 3;
	int fd;

	(void)state;
	write_file(s.text, s.len);
	check_file(&s);
	gzip_add("wb6", s.text, s.len);
	check_file(&s);
	/* Members: cut within a line, an empty one, and zeros as tapes leave them. */
	gzip_add("wb1", s.text, part);
	gzip_add("ab9", "", 0);
	gzip_add("ab9", s.text + part, s.len - part);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\0\0\0\0", 4), 4);
	(void)close(fd);
	check_file(&s);
	free(s.text);
	free(s.expected);
}

static void test_a_result_of_the_callback_ends_it(void **state) {
	struct sample s = make_sample();
	struct sink sink = { .stop_at = 2 };
	char *why = NULL;

	(void)state;
	write_file(s.text, s.len);
	assert_int_equal(log_file_each_batch(path, collect, &sink, &why), 7);
	assert_int_equal(sink.batches, 2);
	sink.len = sink.batches = 0;
	gzip_add("wb6", s.text, s.len);
	assert_int_equal(log_file_each_batch(path, collect, &sink, &why), 7);
	assert_int_equal(sink.batches, 2);
	assert_null(why);
	free(sink.s);
	free(s.text);
	free(s.expected);
}

static void expect_error(int error, const char *part) {
	struct sink sink = { 0 };
	char *why = NULL;

	assert_int_equal(log_file_each_batch(path, collect, &sink, &why), error);
	if (part)
		assert_non_null(strstr(why, part));
	else
		assert_null(why);
	free(why);
	free(sink.s);
}

static void test_damage(void **state) {
	static const struct {
		struct str bytes;
		const char *says;
	} packed[] = {
		{ { "BZh91AY&SY", 10 }, "bzip2 -dc" },
		{ { "\xfd\x37zXZ\0", 6 }, "xz -dc" },
		{ { "\x28\xb5\x2f\xfd", 4 }, "zstd -dc" },
	};
	char bytes[4096];
	ssize_t len;
	int fd;

	(void)state;
	gzip_add("wb6", "one\ntwo\nthree\n", 14);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof(bytes));
	assert_true(len > 20);
	for (ssize_t cut = 2; cut < len; cut++) { /* every place where it may be cut off */
		write_file(bytes, (size_t)cut);
		expect_error(-EBADMSG, "too early");
	}
	bytes[len - 6] = (char)(bytes[len - 6] ^ 1); /* the checksum */
	write_file(bytes, (size_t)len);
	expect_error(-EBADMSG, "damaged gzip");
	bytes[len - 6] = (char)(bytes[len - 6] ^ 1);
	memcpy(bytes + len, "junk", 4);
	write_file(bytes, (size_t)len + 4);
	expect_error(-EBADMSG, "damaged gzip");
	(void)close(fd);
	for (size_t i = 0; i < ARRAY_LEN(packed); i++) {
		write_file(packed[i].bytes.s, packed[i].bytes.len);
		expect_error(-EBADMSG, packed[i].says);
	}
}

static void test_little(void **state) {
	static const struct {
		const char *text, *expected;
	} c[] = { { "", "" }, { "\n", "\n" }, { "a", "a\n" }, { "a\n\nb", "a\n\nb\n" }, { "\x1f", "\x1f\n" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct sink sink = { 0 };
		char *why = NULL;

		write_file(c[i].text, strlen(c[i].text));
		assert_int_equal(log_file_each_batch(path, collect, &sink, &why), 0);
		assert_int_equal(sink.len, strlen(c[i].expected));
		if (sink.len)
			assert_memory_equal(sink.s, c[i].expected, sink.len);
		free(sink.s);
	}
	assert_int_equal(unlink(path), 0);
	expect_error(-ENOENT, NULL);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_error(-EISDIR, NULL);
	assert_int_equal(rmdir(path), 0);
}

static int setup(void **state) {
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_gzip),
		cmocka_unit_test(test_a_result_of_the_callback_ends_it),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_little),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
