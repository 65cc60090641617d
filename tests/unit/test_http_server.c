/* SPDX-License-Identifier: Apache-2.0 */
/* The server against clients that are slow, half gone, or too many, over real sockets; and the loop's other parts. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "net/http_server.h"
#include "net/listen.h"
#include "net/worker.h"

enum { LARGE = 16 << 20, LIMIT_MS = 60 * 1000 };

static char *large;

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct loop_source *alarm;
	struct http_entity entity;
	unsigned released, observed[600];
	struct worker client; /* plays the clients, and ends with the number of the first claim that failed */
	struct loop_source *client_source;
	bool client_ended;
};

static void on_release(void *user) {
	((struct fixture *)user)->released++;
}

static void handle(const struct http_request *q, struct http_reply *ret_reply, void *user) {
	struct fixture *f = user;

	if (strcmp(q->path, "/large") == 0)
		*ret_reply = (struct http_reply){ .entity = &f->entity, .release = on_release, .user = f };
	else
		http_reply_error(ret_reply, 404, NULL, "%s %s with %zu bytes", q->method, q->path, q->body.len);
}

static void observe(const struct http_request *q, unsigned status, void *user) {
	(void)q;
	((struct fixture *)user)->observed[status]++;
}

static int on_alarm(void *user) {
	(void)user;
	return -ETIMEDOUT;
}

static int on_client(int fd, uint32_t events, void *user) {
	struct fixture *f = user;

	(void)fd;
	(void)events;
	loop_source_free(f->client_source);
	f->client_source = NULL;
	f->client_ended = true;
	loop_stop(f->loop);
	return 0;
}

/* ---- in the child ---- */

struct clients {
	struct endpoint server;
	int (*play)(const struct clients *c);
};

static int work(int out, void *user) {
	const struct clients *c = user;

	(void)out;
	return c->play(c);
}

static int dial(const struct clients *c) {
	struct timeval limit = { LIMIT_MS / 1000, 0 };
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	if (endpoint_to_sockaddr(&c->server, &sa, &len) < 0)
		return -1;
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) == 0 ? fd : -1;
}

static bool say(int fd, const char *text) {
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* Bytes until the end; -1 for an error other than a reset. */
static ssize_t drain(int fd) {
	static char bytes[1 << 16];
	ssize_t n, sum = 0;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		sum += n;
	return n == 0 || errno == ECONNRESET ? sum : -1;
}

#define REQUIRE(x)                                                                                                     \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			return __LINE__ % 200 + 1;                                                                     \
	} while (0)

/* A byte now and then keeps no connection: its request is not complete in time. */
static int play_slow_request(const struct clients *c) {
	int fd = dial(c), bytes = 0;

	REQUIRE(fd >= 0 && say(fd, "GET /x HTTP/1.1\r\nHost: x\r\nX: "));
	while (send(fd, "y", 1, MSG_NOSIGNAL) == 1 && ++bytes < LIMIT_MS / 50)
		(void)usleep(50 * 1000);
	REQUIRE(bytes < LIMIT_MS / 50);
	return 0;
}

/* Who asks and then does not read is cut off; who is silent, too. */
static int play_slow_reader(const struct clients *c) {
	int reader = dial(c), silent = dial(c);
	ssize_t n;

	REQUIRE(reader >= 0 && say(reader, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
	REQUIRE(drain(silent) == 0);
	n = drain(reader);
	REQUIRE(n > LARGE); /* this one reads, after all, within its time */
	return 0;
}

/* Half closed: the answer still comes, whole, and then the connection is gone. */
static int play_half_closed(const struct clients *c) {
	static const char *const requests[] = { "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /x HTTP/1.1\r\nHo", "" };

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = dial(c);

		REQUIRE(fd >= 0 && say(fd, requests[i]) && shutdown(fd, SHUT_WR) == 0);
		REQUIRE((drain(fd) > 0) == (i == 0));
		(void)close(fd);
	}
	return 0;
}

/* Three at a time are taken; the fourth is closed unheard; when one leaves there is room again. */
static int play_many(const struct clients *c) {
	int fd[4];
	char byte;

	for (int i = 0; i < 3; i++) {
		fd[i] = dial(c);
		REQUIRE(fd[i] >= 0 && say(fd[i], "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"));
		REQUIRE(recv(fd[i], &byte, 1, 0) == 1);
	}
	fd[3] = dial(c);
	REQUIRE(fd[3] >= 0 && drain(fd[3]) == 0);
	(void)close(fd[0]);
	for (int i = 0; i < LIMIT_MS / 10; i++) {
		fd[3] = dial(c);
		if (fd[3] >= 0 && say(fd[3], "GET /x HTTP/1.1\r\nHost: x\r\n\r\n") && recv(fd[3], &byte, 1, 0) == 1)
			return 0;
		(void)close(fd[3]);
		(void)usleep(10 * 1000);
	}
	return 1;
}

/* A body that is too large is refused: by its length at once, by its bytes when there is no length. */
static int play_large_body(const struct clients *c) {
	static const char *const requests[] = {
		"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nConnection: close\r\n\r\n",
		"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
		"3e9\r\n",
	};
	char text[64] = "", body[1002];

	memset(body, 'x', sizeof(body));
	body[1001] = 0;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = dial(c);

		REQUIRE(fd >= 0 && say(fd, requests[i]));
		if (i == 1)
			REQUIRE(say(fd, body) && say(fd, "\r\n0\r\n\r\n"));
		REQUIRE(recv(fd, text, sizeof(text) - 1, 0) > 12 && strncmp(text, "HTTP/1.1 413", 12) == 0);
		(void)close(fd);
	}
	return 0;
}

/* ---- the server's side ---- */

static void run(struct fixture *f, const char *address, int (*play)(const struct clients *c), unsigned per_ip) {
	struct clients clients = { .play = play };
	struct http_server_config config = {
		.listen_count = 1,
		.connections_per_ip = per_ip,
		.timeout_s = 1,
		.body_max = 1000,
		.handler = handle,
		.observer = observe,
		.user = f,
	};
	struct endpoint listen;
	char *why = NULL, died[WORKER_WHY_MAX];
	int status;

	*f = (struct fixture){ .entity = { .bytes = { large, LARGE }, .etag = "\"e\"", .type = "x/y" } };
	assert_int_equal(endpoint_parse(address, strlen(address), &listen, NULL), 0);
	config.listen = &listen;
	assert_int_equal(loop_new(&f->loop), 0);
	if (http_server_open(f->loop, &config, &f->server, &why) < 0)
		fail_msg("%s", why);
	clients.server = http_server_bound(f->server, 0);
	assert_true(clients.server.port > 0);
	assert_int_equal(loop_add_timer(f->loop, LIMIT_MS, on_alarm, f, &f->alarm), 0);
	assert_int_equal(worker_start(&f->client, work, &clients, NULL, 0), 0);
	assert_int_equal(loop_add_fd(f->loop, f->client.fd, EPOLLIN, on_client, f, &f->client_source), 0);
	assert_int_equal(loop_run(f->loop), 0);
	assert_true(f->client_ended);
	status = worker_wait(&f->client, died);
	http_server_close(f->server);
	loop_free(f->loop);
	if (status != 0)
		fail_msg("the client ended with %d", status);
}

static void test_slow_request(void **state) {
	struct fixture f;

	(void)state;
	run(&f, "[::1]:0", play_slow_request, 0);
	assert_int_equal(f.observed[404], 0);
}

static void test_slow_reader(void **state) {
	struct fixture f;

	(void)state;
	run(&f, "127.0.0.1:0", play_slow_reader, 0);
	assert_int_equal(f.observed[200], 1);
	assert_int_equal(f.released, 1);
}

static void test_half_closed(void **state) {
	struct fixture f;

	(void)state;
	run(&f, "[::1]:0", play_half_closed, 0);
	assert_int_equal(f.observed[404], 1);
}

static void test_many(void **state) {
	struct fixture f;

	(void)state;
	run(&f, "127.0.0.1:0", play_many, 3);
	run(&f, "[::1]:0", play_many, 3);
}

static void test_large_body(void **state) {
	struct fixture f;

	(void)state;
	run(&f, "[::1]:0", play_large_body, 0);
	assert_int_equal(f.observed[413], 2);
}

static int end_badly(int out, void *user) {
	(void)out;
	if (*(int *)user == 1)
		return 7;
	(void)raise(SIGKILL);
	return 0;
}

static void test_worker(void **state) {
	char why[WORKER_WHY_MAX] = "";
	struct worker w;
	int how = 1;

	(void)state;
	assert_int_equal(worker_start(&w, end_badly, &how, NULL, 0), 0);
	assert_int_equal(worker_wait(&w, why), 7);
	how = 2;
	assert_int_equal(worker_start(&w, end_badly, &how, NULL, 0), 0);
	assert_int_equal(worker_wait(&w, why), -ECHILD);
	assert_string_equal(why, "was killed by signal 9 (Killed)");
	worker_kill(&w); /* there is none any more */
}

static int group_setup(void **state) {
	(void)state;
	large = calloc(1, LARGE);
	return large ? 0 : -1;
}

static int group_teardown(void **state) {
	(void)state;
	free(large);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_request), cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_half_closed),  cmocka_unit_test(test_many),
		cmocka_unit_test(test_large_body),   cmocka_unit_test(test_worker),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
