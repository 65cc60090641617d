/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog by every kind of socket, standard input, and what is said when a place cannot be had. */
#include "follower.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "logs/syslog_stream.h"

static char folder[] = "/tmp/hextet-syslog-XXXXXX";
static char path[64];
static uint16_t port;

/* A port that is free for UDP and TCP in both families. */
static void find_port(void) {
	for (unsigned tries = 0; tries < 100; tries++) {
		struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
		socklen_t len = sizeof(sa);
		int udp = socket(AF_INET6, SOCK_DGRAM, 0), tcp = socket(AF_INET6, SOCK_STREAM, 0);
		bool good;

		assert_true(udp >= 0 && tcp >= 0);
		assert_int_equal(bind(udp, (struct sockaddr *)&sa, sizeof(sa)), 0);
		assert_int_equal(getsockname(udp, (struct sockaddr *)&sa, &len), 0);
		good = bind(tcp, (struct sockaddr *)&sa, sizeof(sa)) == 0;
		(void)close(udp);
		(void)close(tcp);
		port = ntohs(sa.sin6_port);
		if (good)
			return;
	}
	fail_msg("no port is free for UDP and TCP");
}

static int dial_inet(int family, int type) {
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
				 family == AF_INET ? sizeof(v4) : sizeof(v6)),
			 0);
	return fd;
}

static int dial_unix(int type) {
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void say(int fd, const char *bytes, size_t n) {
	assert_int_equal(send(fd, bytes, n, 0), (ssize_t)n);
}

static void say_text(int fd, const char *text) {
	say(fd, text, strlen(text));
}

static void test_both_families_both_protocols(void **state) {
	static const int family[] = { AF_INET, AF_INET6 };
	struct follower f;
	char spec[64], line[64];

	(void)state;
	find_port();
	(void)snprintf(spec, sizeof(spec), "syslog:[::]:%u", port);
	follower_open(&f, spec, NULL);
	for (size_t i = 0; i < 2; i++) {
		int udp = dial_inet(family[i], SOCK_DGRAM), tcp = dial_inet(family[i], SOCK_STREAM);

		(void)snprintf(line, sizeof(line), "<34>1 - - udp%zu - - - hello", i);
		say_text(udp, line);
		follower_wait(&f, line);
		(void)snprintf(line, sizeof(line), "<34>1 - - tcp%zu - - - hello\n", i);
		say_text(tcp, line);
		follower_wait(&f, line);
		(void)close(udp);
		(void)close(tcp);
	}
	follower_stop(&f);
	assert_string_equal(f.got, "<34>1 - - udp0 - - - hello\n<34>1 - - tcp0 - - - hello\n"
				   "<34>1 - - udp1 - - - hello\n<34>1 - - tcp1 - - - hello\n");
	assert_null(f.source->kind->position(f.source));
	assert_int_equal(f.source->lines, 4);
	follower_done(&f);
}

static void test_one_protocol(void **state) {
	static const char expected[] = "<13>one\n<13>two lines\n<13>zero\0inside\r\n\n<13>last\n";
	struct follower f;
	char spec[64];
	int fd;

	(void)state;
	find_port();
	(void)snprintf(spec, sizeof(spec), "syslog:udp:127.0.0.1:%u", port);
	follower_open(&f, spec, NULL);
	fd = dial_inet(AF_INET, SOCK_DGRAM);
	/* One line each, whatever is in it; line ends at its end are none. */
	say_text(fd, "<13>one\n");
	say(fd, "<13>two\nlines\0", 14);
	say(fd, "<13>zero\0inside\r", 16);
	say_text(fd, "");
	say_text(fd, "<13>last");
	follower_wait_len(&f, sizeof(expected) - 1);
	(void)close(fd);
	follower_stop(&f);
	assert_int_equal(f.len, sizeof(expected) - 1);
	assert_memory_equal(f.got, expected, f.len);
	follower_done(&f);
}

/* What TCP may cut anywhere: framed by lines, by counts, and both in turn. */
static void test_streams(void **state) {
	static const char sent[] = "<34>Nov 23 06:14:11 host app: line\n"
				   "20 <34>1 - - a - - - b\n" /* the last is left over: an empty line, which is none */
				   "24 <34>1 - - a - - - two\nok<34>plain again\r\n"
				   "2026-11-23T06:14:11Z host app: begins with digits\n"
				   "192.0.2.1 - - no syslog at all\n"
				   "last, without an end";
	static const char expected[] = "<34>Nov 23 06:14:11 host app: line\n"
				       "<34>1 - - a - - - b\n"
				       "<34>1 - - a - - - two ok\n"
				       "<34>plain again\r\n"
				       "2026-11-23T06:14:11Z host app: begins with digits\n"
				       "192.0.2.1 - - no syslog at all\n"
				       "last, without an end\n";

	(void)state;
	for (size_t piece = 1; piece < sizeof(sent) + 20; piece += piece < 8 ? 1 : 37) {
		char spec[100];
		struct follower f;
		int fd;

		(void)snprintf(spec, sizeof(spec), "syslog:stream:%s", path);
		follower_open(&f, spec, NULL);
		fd = dial_unix(SOCK_STREAM);
		for (size_t at = 0; at < sizeof(sent) - 1; at += piece)
			say(fd, sent + at, MIN(piece, sizeof(sent) - 1 - at));
		(void)close(fd);
		follower_wait(&f, "without an end\n");
		follower_stop(&f);
		assert_string_equal(f.got, expected);
		assert_null(f.said);
		follower_done(&f);
	}
}

static void test_long_lines_in_streams(void **state) {
	size_t len = LOG_LINE_MAX * 3 / 2;
	char spec[100], *bytes = malloc(len);
	struct follower f;
	int fd;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', len);
	(void)snprintf(spec, sizeof(spec), "syslog:stream:%s", path);
	follower_open(&f, spec, NULL);
	fd = dial_unix(SOCK_STREAM);
	say(fd, bytes, len);
	say_text(fd, "\n<13>after\n");
	follower_wait(&f, "<13>after\n");
	say_text(fd, "9999999 <13>far too long"); /* a count that nobody would fill */
	follower_wait_said(&f, "!a connection was cut off");
	follower_stop(&f);
	assert_int_equal(f.len, LOG_LINE_MAX + 1 + 1 + 10);
	follower_done(&f);
	(void)close(fd);
	free(bytes);
}

static void test_unix_datagrams(void **state) {
	char spec[100];
	struct follower f, other;
	struct stat st;
	char *why = NULL;
	int fd;

	(void)state;
	(void)snprintf(spec, sizeof(spec), "syslog:%s", path);
	follower_open(&f, spec, NULL);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	fd = dial_unix(SOCK_DGRAM);
	say_text(fd, "<13>Nov 23 06:14:11 app: one");
	follower_wait(&f, "<13>Nov 23 06:14:11 app: one\n");
	/* It is in use, */
	assert_int_equal(follower_try(&other, spec, NULL, &why), -EADDRINUSE);
	assert_non_null(strstr(why, "somebody else listens there"));
	free(why);
	why = NULL;
	(void)close(fd);
	follower_stop(&f);
	follower_done(&f);
	assert_int_equal(stat(path, &st), -1); /* and gone with its owner. */
}

/* A socket that was left behind is replaced; a file is not touched. */
static void test_what_is_in_the_way(void **state) {
	static const int type[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct follower f;
	char spec[100], *why = NULL;
	struct stat st;
	int fd;

	(void)state;
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	for (size_t i = 0; i < 2; i++) {
		fd = socket(AF_UNIX, type[i], 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
		(void)close(fd);
		(void)snprintf(spec, sizeof(spec), "syslog:%s%s", i ? "stream:" : "", path);
		follower_open(&f, spec, NULL);
		fd = dial_unix(type[i]);
		say_text(fd, "<13>hello\n");
		follower_wait(&f, "<13>hello\n");
		(void)close(fd);
		follower_stop(&f);
		/* The file of somebody who came later stays. */
		assert_int_equal(unlink(path), 0);
		fd = socket(AF_UNIX, type[i], 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
		follower_done(&f);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(unlink(path), 0);
		(void)close(fd);
	}
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	(void)close(fd);
	assert_int_equal(follower_try(&f, spec, NULL, &why), -ENOTSOCK);
	assert_non_null(strstr(why, "no socket; move it away"));
	free(why);
	assert_int_equal(unlink(path), 0);
}

/* More than any buffer holds, before the first is read: what came and what was dropped is what was sent. */
static void test_nothing_is_dropped_in_silence(void **state) {
	enum { SENT = 40000 };
	char spec[64], bytes[1000], *p;
	unsigned long dropped = 0, got = 0;
	struct follower f;
	char *why = NULL;
	int fd;

	(void)state;
	find_port();
	(void)snprintf(spec, sizeof(spec), "syslog:udp:[::1]:%u", port);
	assert_int_equal(follower_try(&f, spec, NULL, &why), 0);
	fd = dial_inet(AF_INET6, SOCK_DGRAM);
	memset(bytes, 'x', sizeof(bytes));
	for (unsigned i = 0; i < SENT; i++)
		say(fd, bytes, sizeof(bytes));
	follower_start(&f);
	follower_wait_said(&f, "dropped by the kernel");
	say_text(fd, "the last one");
	follower_wait(&f, "the last one\n");
	(void)close(fd);
	follower_stop(&f);
	for (p = f.said; p && *p; p = strchr(p, '\n') + 1)
		dropped += strtoul(p + 1, NULL, 10);
	for (p = f.got; p && *p; p = strchr(p, '\n') + 1)
		got++;
	assert_int_equal(got + dropped, SENT + 1);
	assert_true(dropped > 0 && got > 100);
	follower_done(&f);
}

static void test_more_connections_than_places(void **state) {
	enum { MORE = SYSLOG_CONNECTIONS_MAX + 10 };
	char spec[100], line[64];
	int fd[MORE];
	struct follower f;

	(void)state;
	(void)snprintf(spec, sizeof(spec), "syslog:stream:%s", path);
	follower_open(&f, spec, NULL);
	for (unsigned i = 0; i < MORE; i++)
		fd[i] = dial_unix(SOCK_STREAM);
	follower_wait_said(&f, "!connections are refused");
	for (unsigned i = 0; i < SYSLOG_CONNECTIONS_MAX; i++) {
		(void)snprintf(line, sizeof(line), "<13>number %u is heard\n", i);
		say_text(fd[i], line);
		follower_wait(&f, line);
	}
	for (unsigned i = 0; i < MORE; i++)
		(void)close(fd[i]);
	follower_stop(&f);
	follower_done(&f);
}

static void test_bad_places(void **state) {
	static const struct {
		const char *spec, *says;
		int error;
	} c[] = {
		{ "syslog:", "is no address to listen on", -EINVAL },
		{ "syslog:::1:5140", "in brackets", -EINVAL },
		{ "syslog:stream:name", "is no path of a socket", -EINVAL },
		{ "syslog:udp:[2001:db8::1]:5140", "does not have the address", -EADDRNOTAVAIL },
		{ "syslog:/nonexistent/folder/sock", "the folder is not there", -ENOENT },
		{ "stdin:x", "takes nothing behind it", -EINVAL },
		{ "/var/log/access.log", "(a file: file:/var/log/access.log)", -EINVAL },
		{ "tail:x", "the kinds are file,", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct follower f;
		char *why = NULL;

		assert_int_equal(follower_try(&f, c[i].spec, NULL, &why), c[i].error);
		if (!why || !strstr(why, c[i].says))
			fail_msg("%s: %s", c[i].spec, why ? why : "");
		free(why);
	}
}

static void check_stdin(int fd) {
	int saved = dup(STDIN_FILENO);
	struct follower f;

	assert_true(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	follower_open(&f, "stdin", NULL);
	follower_wait_said(&f, "has come to its end");
	follower_stop(&f);
	assert_string_equal(f.got, "one\ntwo\nthree\n");
	assert_null(f.source->kind->position(f.source));
	follower_done(&f);
	assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
	(void)close(saved);
	(void)close(fd);
}

static void test_stdin(void **state) {
	int fd[2], file;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], "one\ntwo\nthree", 13), 13);
	(void)close(fd[1]);
	check_stdin(fd[0]);
	file = open(path, O_CREAT | O_RDWR, 0600);
	assert_int_equal(write(file, "one\ntwo\nthree", 13), 13);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	check_stdin(file);
	assert_int_equal(unlink(path), 0);
}

static int setup(void **state) {
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/log.sock", folder);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	return rmdir(folder);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_families_both_protocols),
		cmocka_unit_test(test_one_protocol),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_long_lines_in_streams),
		cmocka_unit_test(test_unix_datagrams),
		cmocka_unit_test(test_what_is_in_the_way),
		cmocka_unit_test(test_nothing_is_dropped_in_silence),
		cmocka_unit_test(test_more_connections_than_places),
		cmocka_unit_test(test_bad_places),
		cmocka_unit_test(test_stdin),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
