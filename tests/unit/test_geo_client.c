/* SPDX-License-Identifier: Apache-2.0 */
/* The client library: right answers, held against libmaxminddb, and what it does with files that are none. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../geo/compare.h"
#include "../geo/random_mmdb.h"
#include "geo/client_find.h"
#include "geo/mmdb_verify.h"

static struct random_tree tree;
static struct bytes file;
static char path[] = "/tmp/hextet-geo-client-XXXXXX", link_path[sizeof path + 5];

static void write_file(const char *name, const void *bytes, size_t len, int flags) {
	int fd = open(name, O_WRONLY | O_CREAT | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(close(fd), 0);
}

/* A file in which everything of both families is in one country. */
static void one_country(const char *code) {
	file.n = 0;
	put_node(&file, 24, 1 + 16, 1 + 16);
	put_separator(&file);
	put_head(&file, 7, 1);
	put_text(&file, "country");
	put_head(&file, 7, 1);
	put_text(&file, "iso_code");
	put_text(&file, code);
	put_meta(&file, 1, 24, 6);
}

/* Puts it beside the path and renames it over. */
static void publish(const char *code) {
	char temporary[sizeof path + 8];

	one_country(code);
	(void)snprintf(temporary, sizeof temporary, "%s.new", path);
	write_file(temporary, file.b, file.n, O_TRUNC);
	assert_int_equal(rename(temporary, path), 0);
}

static void test_random_files(void **state) {
	uint64_t seed = 1;
	unsigned trees = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct compare s = { .walk_max = 3000 };
		char why[HEXTET_GEO_MESSAGE];

		random_mmdb(&seed, &tree, &file);
		if (mmdb_verify(file.b, file.n, NULL, NULL, NULL) > 0)
			continue; /* the IPv4 tree was shared into the last bits of IPv6, where 32 have no room */
		write_file(path, file.b, file.n, O_TRUNC);
		assert_int_equal(MMDB_open(path, MMDB_MODE_MMAP, &s.oracle), MMDB_SUCCESS);
		if (hextet_geo_open_bytes(file.b, file.n, &s.geo, why) < 0)
			fail_msg("file %u: %s", i, why);
		if (compare_run(&s, 300, &seed) > 0)
			fail_msg("file %u, %u nodes", i, tree.count);
		trees += tree.count > 100;
		hextet_geo_close(s.geo);
		MMDB_close(&s.oracle);
	}
	assert_true(trees > 100);
}

/* Runs that end anywhere, also in the last bits, against a search from run to run. */
static void test_random_runs(void **state) {
	enum { RUNS = 400 };
	static struct {
		wide last;
		uint16_t code;
	} runs[RUNS];
	uint64_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct client_builder *b = client_builder_new();
		unsigned n = 1 + random_below(&seed, round < 100 ? 40 : RUNS), at = 0;
		struct client_trie t;
		wide last = 0;

		while (at < n) {
			wide step = ((wide)random_next(&seed) << 64 | random_next(&seed)) >> random_below(&seed, 128);

			if (last + step < last)
				break;
			last += step;
			runs[at].last = last;
			runs[at].code = (uint16_t)(1 + random_below(&seed, 3));
			assert_int_equal(
				client_builder_add(b, false,
						   (struct client_key){ (uint64_t)(last >> 64), (uint64_t)last },
						   runs[at].code),
				0);
			at++;
		}
		assert_int_equal(client_builder_finish(b, &t), 0);
		client_builder_free(b);
		for (unsigned i = 0; i < at; i++)
			for (int beside = -1; beside <= 1; beside++) {
				wide w = runs[i].last + (wide)beside;
				struct client_key key = { (uint64_t)(w >> 64), (uint64_t)w };
				uint16_t wanted = 0, got;
				unsigned j = 0;

				while (j < at && runs[j].last < w)
					j++;
				wanted = j < at ? runs[j].code : 0;
				assert_int_equal(client_trie_find6(&t, key), wanted);
				client_trie_batch6(&t, &key, 1, &got);
				assert_int_equal(got, wanted);
			}
		client_trie_done(&t);
	}
}

/* The search that every machine has and the one of this machine. */
static void test_leaf_search(void **state) {
	_Alignas(16) uint8_t leaf[64];
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t window = (uint32_t)random_next(&seed);

		for (unsigned i = 0; i < sizeof leaf; i++)
			leaf[i] = (uint8_t)random_next(&seed);
		assert_int_equal(leaf_find16(leaf, window & 0xffff), leaf_find16_plain(leaf, window & 0xffff));
		assert_int_equal(leaf_find32(leaf, window), leaf_find32_plain(leaf, window));
	}
}

static void test_mapped_and_text(void **state) {
	static const struct {
		const char *text, *code;
		int r;
	} rows[] = {
		{ "192.0.2.1", "CZ", 1 },        { "::ffff:192.0.2.1", "CZ", 1 }, /* whatever the file says */
		{ "2001:db8::1", "", 0 },        { "192.0.2", NULL, -EINVAL },
		{ "192.0.2.01", NULL, -EINVAL }, { "2001:db8::1%eth0", NULL, -EINVAL },
		{ "", NULL, -EINVAL },
	};
	struct hextet_geo *geo;

	(void)state;
	file.n = 0; /* IPv4 only */
	put_node(&file, 24, 1 + 16, 1 + 16);
	put_separator(&file);
	put_text(&file, "CZ");
	put_meta(&file, 1, 24, 4);
	assert_int_equal(hextet_geo_open_bytes(file.b, file.n, &geo, NULL), 0);
	assert_int_equal(hextet_geo_reload(geo, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char code[3] = "??";

		assert_int_equal(hextet_geo_country_text(geo, rows[i].text, code), rows[i].r);
		assert_string_equal(code, rows[i].code ? rows[i].code : "??");
	}
	hextet_geo_close(geo);
}

static void test_not_a_file(void **state) {
	static const struct {
		const char *path;
		int r;
		const char *why;
	} rows[] = {
		{ "/nonexistent/geo.mmdb", -ENOENT,
		  "/nonexistent/geo.mmdb: cannot open it: No such file or directory" },
		{ "/", -EISDIR, "/: cannot read it: Is a directory" },
		{ "/dev/zero", -EINVAL, "/dev/zero: not a regular file; name the file itself" },
	};
	struct hextet_geo *geo = NULL;
	char why[HEXTET_GEO_MESSAGE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(hextet_geo_open(rows[i].path, HEXTET_GEO_WATCH, &geo, why), rows[i].r);
		assert_string_equal(why, rows[i].why);
		assert_null(geo);
	}
	assert_int_equal(hextet_geo_open(path, 0x80, &geo, why), -EINVAL);
	hextet_geo_close(NULL);
}

static void test_every_cut_is_refused(void **state) {
	struct hextet_geo *geo = NULL;
	char why[HEXTET_GEO_MESSAGE];

	(void)state;
	one_country("CZ");
	for (size_t len = 0; len < file.n; len++) {
		uint8_t *exact = malloc(len + !len);

		memcpy(exact, file.b, len);
		assert_int_equal(hextet_geo_open_bytes(exact, len, &geo, why), -EBADMSG);
		assert_true(strstr(why, "broken at byte") != NULL);
		free(exact);
	}
}

static void expect(struct hextet_geo *geo, const char *wanted) {
	char code[3];

	assert_int_equal(hextet_geo_country_text(geo, "2001:db8::1", code), 1);
	assert_string_equal(code, wanted);
	assert_int_equal(hextet_geo_country_text(geo, "192.0.2.1", code), 1);
	assert_string_equal(code, wanted);
}

static void test_reload(void **state) {
	struct hextet_geo_status status;
	char why[HEXTET_GEO_MESSAGE];
	struct hextet_geo *geo;

	(void)state;
	publish("AA");
	assert_int_equal(hextet_geo_open(path, 0, &geo, why), 0);
	expect(geo, "AA");
	assert_int_equal(hextet_geo_reload(geo, why), 0);
	publish("BB");
	expect(geo, "AA");
	assert_int_equal(hextet_geo_reload(geo, why), 1);
	expect(geo, "BB");
	write_file(path, "x", 1, O_TRUNC);
	assert_int_equal(hextet_geo_reload(geo, why), -EBADMSG);
	assert_int_equal(hextet_geo_reload(geo, why), -EBADMSG); /* asked again, told again */
	expect(geo, "BB");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hextet_geo_reload(geo, why), -ENOENT);
	expect(geo, "BB");
	hextet_geo_status(geo, &status);
	assert_int_equal(status.build_epoch, 1700000000);
	assert_int_equal(status.reloads, 1);
	assert_int_equal(status.refused, 3);
	assert_true(status.networks > 0 && status.memory > 0);
	assert_true(status.loaded_at > 1700000000);
	assert_string_equal(status.refusal, why);
	publish("CC");
	assert_int_equal(hextet_geo_reload(geo, why), 1);
	expect(geo, "CC");
	hextet_geo_close(geo);
}

/* Waits until the watch has taken a file; only a thread that does nothing lets this fail. */
static void await(struct hextet_geo *geo, const char *wanted) {
	char code[3] = "";

	for (int i = 0; i < 3000 && strcmp(code, wanted) != 0; i++) {
		(void)usleep(10000);
		(void)hextet_geo_country_text(geo, "192.0.2.1", code);
	}
	assert_string_equal(code, wanted);
}

static void test_watch(void **state) {
	char why[HEXTET_GEO_MESSAGE], other[sizeof path + 8];
	struct hextet_geo *geo;

	(void)state;
	(void)snprintf(other, sizeof other, "%s.other", path);
	publish("AA");
	assert_int_equal(symlink(path, link_path), 0);
	assert_int_equal(hextet_geo_open(link_path, HEXTET_GEO_WATCH, &geo, why), 0);
	expect(geo, "AA");
	publish("BB"); /* renamed over */
	await(geo, "BB");
	one_country("CC"); /* in place */
	write_file(path, file.b, file.n, O_TRUNC);
	await(geo, "CC");
	assert_int_equal(unlink(path), 0); /* deleted and made again */
	one_country("DD");
	write_file(path, file.b, file.n, 0);
	await(geo, "DD");
	one_country("EE"); /* the link is swapped */
	write_file(other, file.b, file.n, O_TRUNC);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(symlink(other, link_path), 0);
	await(geo, "EE");
	one_country("FF"); /* and what it leads to is written */
	write_file(other, file.b, file.n, O_TRUNC);
	await(geo, "FF");
	hextet_geo_close(geo);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(unlink(other), 0);
}

/* While a writer has the file open, it is left alone, however good its bytes are. */
static void test_writer_in_the_middle(void **state) {
	char why[HEXTET_GEO_MESSAGE];
	struct hextet_geo *geo;
	int fd;

	(void)state;
	publish("AA");
	assert_int_equal(hextet_geo_open(path, HEXTET_GEO_WATCH, &geo, why), 0);
	one_country("BB");
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, file.b, file.n), file.n);
	assert_int_equal(hextet_geo_reload(geo, why), -EBUSY);
	expect(geo, "AA");
	assert_int_equal(close(fd), 0);
	await(geo, "BB");
	hextet_geo_close(geo);
}

static void test_fork(void **state) {
	struct hextet_geo *geo, *own;
	int status = 0;
	pid_t child;

	(void)state;
	publish("AA");
	assert_int_equal(hextet_geo_open(path, HEXTET_GEO_WATCH, &geo, NULL), 0);
	expect(geo, "AA");
	child = fork();
	if (child == 0) {
		struct hextet_geo_status s;
		char code[3];
		int bad = hextet_geo_country_text(geo, "192.0.2.1", code) != 1 || strcmp(code, "AA") != 0;

		hextet_geo_status(geo, &s);
		bad += s.networks == 0;
		bad += hextet_geo_reload(geo, NULL) != -ECHILD;
		bad += hextet_geo_open(path, HEXTET_GEO_WATCH, &own, NULL) != 0;
		hextet_geo_close(geo);
		hextet_geo_close(own);
		_exit(bad);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	hextet_geo_close(geo);
}

static void *look_once(void *geo) {
	char code[3];

	return hextet_geo_country_text(geo, "192.0.2.1", code) == 1 ? geo : NULL;
}

/* More threads, one after the other, than there are seats. */
static void test_threads_come_and_go(void **state) {
	struct hextet_geo *geo;
	pthread_t thread;
	void *result;

	(void)state;
	publish("AA");
	assert_int_equal(hextet_geo_open(path, 0, &geo, NULL), 0);
	for (int i = 0; i < 1200; i++) {
		assert_int_equal(pthread_create(&thread, NULL, look_once, geo), 0);
		assert_int_equal(pthread_join(thread, &result), 0);
		assert_non_null(result);
	}
	publish("BB");
	assert_int_equal(hextet_geo_reload(geo, NULL), 1);
	hextet_geo_close(geo);
}

enum { CROWD = 1100 }; /* more than there are seats */

static struct {
	struct hextet_geo *geo;
	pthread_barrier_t seated;
	_Atomic unsigned wrong;
	_Atomic bool over;
} crowd;

static void *look_in_a_crowd(void *user) {
	char code[3];

	(void)user;
	crowd.wrong += !look_once(crowd.geo);
	(void)pthread_barrier_wait(&crowd.seated);
	while (!crowd.over) {
		int r = hextet_geo_country_text(crowd.geo, "192.0.2.1", code);

		crowd.wrong += r != 1 || code[0] != code[1];
		(void)usleep(50000);
	}
	return NULL;
}

static void test_more_threads_than_seats(void **state) {
	static pthread_t threads[CROWD];
	pthread_attr_t small;

	(void)state;
	publish("AA");
	assert_int_equal(hextet_geo_open(path, 0, &crowd.geo, NULL), 0);
	assert_int_equal(pthread_barrier_init(&crowd.seated, NULL, CROWD + 1), 0);
	assert_int_equal(pthread_attr_init(&small), 0);
	assert_int_equal(pthread_attr_setstacksize(&small, 1 << 18), 0);
	for (int i = 0; i < CROWD; i++)
		if (pthread_create(&threads[i], &small, look_in_a_crowd, NULL) != 0)
			fail_msg("only %d threads can be made here", i);
	(void)pthread_barrier_wait(&crowd.seated);
	for (int i = 0; i < 4; i++) {
		publish(i % 2 ? "AA" : "BB");
		assert_int_equal(hextet_geo_reload(crowd.geo, NULL), 1);
	}
	crowd.over = true;
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(crowd.wrong, 0);
	(void)pthread_attr_destroy(&small);
	(void)pthread_barrier_destroy(&crowd.seated);
	hextet_geo_close(crowd.geo);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_files),
		cmocka_unit_test(test_random_runs),
		cmocka_unit_test(test_leaf_search),
		cmocka_unit_test(test_mapped_and_text),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_writer_in_the_middle),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_more_threads_than_seats),
	};
	int r, fd = mkstemp(path);

	if (fd < 0)
		return 1;
	(void)close(fd);
	(void)snprintf(link_path, sizeof link_path, "%s.link", path);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	return r;
}
