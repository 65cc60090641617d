/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd in its "external" mode: it has an epoll descriptor of its own, which is one more descriptor of our
 * loop, and no thread. We accept and hand the sockets over, for then one daemon serves all addresses, and what is
 * counted and limited is ours: its own limit for each client counts single addresses, of which an IPv6 client has 2^64;
 * its time limit starts anew with each byte.
 *
 * Deadlines are looked at once a second; whoever is late gets his socket shut down, and libmicrohttpd then sees an end
 * of file and cleans up. The same is done for those who have left: it waits for an edge, and misses the end of file
 * that arrived with the last bytes it read. When the table is full nobody is accepted until somebody leaves.
 */
#include "net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/emit.h"
#include "base/file.h"
#include "net/http_framing.h"
#include "net/http_mhd.h"
#include "net/listen.h"

enum {
	LISTEN_MAX = 16,
	SWEEP_MS = 1000,
	RUNS_MAX = 8,           /* of libmicrohttpd in one turn of the loop */
	ACCEPTS_MAX = 64,       /* the same of accept() */
	BYTES_PER_S = 8 << 10,  /* whoever takes an answer more slowly is cut off */
	PEM_MAX = 1 << 20,      /* a certificate with its chain */
	HEADERS_MAX = 16 << 10, /* memory for a request's line and headers, and for the answer's */
};

struct connection {
	struct http_server *server;
	struct endpoint peer;
	struct ip network; /* that connections are counted by */
	int fd;            /* libmicrohttpd's */
	uint64_t deadline_ms;
	size_t slot;    /* in server->connection */
	bool answering; /* an answer is on its way */
};

/* A request while its body arrives. */
struct exchange {
	struct http_request request;
	char *body;
	size_t body_len, body_cap;
	bool too_large, answered;
};

struct http_server {
	struct loop *loop;
	struct http_server_config config;
	struct MHD_Daemon *daemon;
	struct loop_source *run_source, *run_timer, *sweep_timer;
	struct {
		int fd;
		struct loop_source *source;
	} listen[LISTEN_MAX];
	size_t listen_count;
	bool deaf; /* the listening sockets are not asked: the table is full, or descriptors are */
	struct connection **connection;
	size_t connection_count;
};

/* TLS 1.0 and 1.1 are deprecated (RFC 8996), and yet "normal" to GnuTLS. */
#define TLS_VERSIONS "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

const char *http_request_header(const struct http_request *r, const char *name) {
	return mhd.lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_request_query(const struct http_request *r, const char *name) {
	return mhd.lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

void http_reply_error(struct http_reply *ret_reply, unsigned status, const char *hint, const char *fmt, ...) {
	char message[512];
	struct emit e;
	va_list ap;
	FILE *f;

	*ret_reply = (struct http_reply){ .status = status, .type = "application/json" };
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	f = open_memstream(&ret_reply->body, &ret_reply->body_len);
	if (!f)
		return;
	emit_init(&e, f, EMIT_JSON);
	emit_object(&e, NULL);
	emit_text(&e, "error", message);
	if (hint)
		emit_text(&e, "hint", hint);
	emit_end(&e);
	(void)emit_done(&e);
	(void)fclose(f);
}

/* ---- connections ---- */

static struct ip counted_network(struct ip ip) {
	return ip_is_v4(ip) ? ip : (struct ip){ ip.hi, 0 };
}

static unsigned connections_of(const struct http_server *s, struct ip network) {
	unsigned n = 0;

	for (size_t i = 0; i < s->connection_count; i++)
		n += ip_equal(s->connection[i]->network, network);
	return n;
}

static void listen_to_all(struct http_server *s, bool listen) {
	s->deaf = !listen;
	for (size_t i = 0; i < s->listen_count; i++)
		(void)loop_set_events(s->listen[i].source, listen ? EPOLLIN : 0);
}

/* Until the sweep finds room, or somebody leaves. */
static void go_deaf(struct http_server *s) {
	listen_to_all(s, false);
	(void)loop_timer_set(s->sweep_timer, SWEEP_MS);
}

static void connection_start(struct http_server *s, struct MHD_Connection *c, void **context) {
	const union MHD_ConnectionInfo *fd = mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *sa = mhd.get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct connection *own = calloc(1, sizeof(*own));

	if (!own || !fd || !sa || s->connection_count >= s->config.connections) {
		if (fd)
			(void)shutdown(fd->connect_fd, SHUT_RDWR);
		free(own);
		return;
	}
	own->server = s;
	own->peer = endpoint_from_sockaddr(sa->client_addr, sa->client_addr->sa_family == AF_INET6
								    ? sizeof(struct sockaddr_in6)
								    : sizeof(struct sockaddr_in));
	own->network = counted_network(own->peer.ip);
	own->fd = fd->connect_fd;
	own->deadline_ms = loop_now_ms(s->loop) + s->config.timeout_s * UINT64_C(1000);
	own->slot = s->connection_count;
	if (s->connection_count == 0)
		(void)loop_timer_set(s->sweep_timer, SWEEP_MS);
	s->connection[s->connection_count++] = own;
	*context = own;
}

static void connection_end(struct connection *own) {
	struct http_server *s = own->server;

	s->connection[own->slot] = s->connection[--s->connection_count];
	s->connection[own->slot]->slot = own->slot;
	free(own);
	if (s->deaf)
		listen_to_all(s, true);
}

static void on_connection(void *user, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code) {
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		connection_start(user, c, context);
	else if (*context)
		connection_end(*context);
}

static struct connection *connection_of(struct MHD_Connection *c) {
	const union MHD_ConnectionInfo *info = mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static bool has_left(const struct connection *own) {
	char byte;

	return !own->answering && recv(own->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int on_sweep(void *user) {
	struct http_server *s = user;
	uint64_t now = loop_now_ms(s->loop);

	for (size_t i = 0; i < s->connection_count; i++)
		if (s->connection[i]->deadline_ms < now || has_left(s->connection[i]))
			(void)shutdown(s->connection[i]->fd, SHUT_RDWR);
	if (s->deaf && s->connection_count < s->config.connections)
		listen_to_all(s, true);
	return s->connection_count || s->deaf ? loop_timer_set(s->sweep_timer, SWEEP_MS) : 0;
}

/* ---- answers ---- */

static void add_header(struct MHD_Response *r, const char *name, const char *value) {
	if (value)
		(void)mhd.add_response_header(r, name, value);
}

static void nothing_to_free(void *user) {
	(void)user;
}

static struct MHD_Response *entity_response(const struct http_reply *reply, const struct http_answer *a) {
	const struct http_entity *e = reply->entity;
	struct str form = a->gzip ? e->gzip : e->bytes;
	char etag[HTTP_ETAG_MAX], modified[HTTP_DATE_MAX], range[80];
	/* With 304 libmicrohttpd tells the length of what it is given, and cannot be asked not to. The length of 200
	 * would be right (RFC 9110 section 8.6), but there are clients that wait for so many bytes; 0 harms none. */
	struct MHD_Response *r =
		mhd.create_response_with_free(a->len, (void *)(uintptr_t)(form.s + a->first),
					      reply->release ? reply->release : nothing_to_free, reply->user);

	if (!r)
		return NULL;
	http_entity_etag(e, a->gzip, etag);
	add_header(r, MHD_HTTP_HEADER_ETAG, etag);
	http_date_format(MIN(e->modified, (int64_t)time(NULL)), modified);
	add_header(r, MHD_HTTP_HEADER_LAST_MODIFIED, modified);
	add_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, e->cache);
	if (e->gzip.len > 0)
		add_header(r, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
	if (a->status == 206)
		(void)snprintf(range, sizeof(range), "bytes %ju-%ju/%ju", (uintmax_t)a->first,
			       (uintmax_t)(a->first + a->len - 1), (uintmax_t)a->whole);
	else
		(void)snprintf(range, sizeof(range), "bytes */%ju", (uintmax_t)a->whole);
	if (a->status == 206 || a->status == 416)
		add_header(r, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	if (a->status == 200 || a->status == 206) {
		add_header(r, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
		add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, e->type);
		add_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, a->gzip ? "gzip" : NULL);
	}
	return r;
}

static struct http_answer entity_answer(const struct http_request *q, const struct http_entity *e) {
	struct http_conditions c = {
		.if_match = http_request_header(q, MHD_HTTP_HEADER_IF_MATCH),
		.if_none_match = http_request_header(q, MHD_HTTP_HEADER_IF_NONE_MATCH),
		.if_modified_since = http_request_header(q, MHD_HTTP_HEADER_IF_MODIFIED_SINCE),
		.if_unmodified_since = http_request_header(q, MHD_HTTP_HEADER_IF_UNMODIFIED_SINCE),
		.range = http_request_header(q, MHD_HTTP_HEADER_RANGE),
		.if_range = http_request_header(q, MHD_HTTP_HEADER_IF_RANGE),
		.accept_encoding = http_request_header(q, MHD_HTTP_HEADER_ACCEPT_ENCODING),
		.is_head = strcmp(q->method, MHD_HTTP_METHOD_HEAD) == 0,
		.now = time(NULL),
	};

	return http_entity_answer(e, &c);
}

static enum MHD_Result send_reply(struct http_server *s, const struct http_request *q, struct http_reply *reply) {
	struct connection *own = connection_of(q->connection);
	struct http_answer a = { .status = reply->status, .len = reply->body_len };
	struct MHD_Response *r;
	enum MHD_Result done;

	if (reply->entity) {
		a = entity_answer(q, reply->entity);
		r = entity_response(reply, &a);
	} else {
		r = mhd.create_response_from_buffer(reply->body_len, reply->body, MHD_RESPMEM_MUST_FREE);
		if (r)
			add_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
	}
	if (!r) {
		if (reply->entity && reply->release)
			reply->release(reply->user);
		free(reply->body);
		return MHD_NO;
	}
	add_header(r, MHD_HTTP_HEADER_ALLOW, reply->allow);
	add_header(r, MHD_HTTP_HEADER_CONNECTION, reply->close ? "close" : NULL);
	if (own) {
		own->answering = true;
		own->deadline_ms =
			loop_now_ms(s->loop) + s->config.timeout_s * UINT64_C(1000) + a.len * 1000 / BYTES_PER_S;
	}
	done = mhd.queue_response(q->connection, a.status, r);
	mhd.destroy_response(r);
	if (s->config.observer)
		s->config.observer(q, a.status, s->config.user);
	return done;
}

/* ---- requests ---- */

static void exchange_free(struct exchange *x) {
	free(x->body);
	free(x);
}

/* For what is wrong with its framing or, without a fault, for its size. */
static enum MHD_Result refuse(struct http_server *s, struct exchange *x, const char *fault) {
	struct http_reply reply;

	x->answered = true;
	if (fault)
		http_reply_error(&reply, 400, NULL, "%s", fault);
	else
		http_reply_error(&reply, 413, NULL, "the request's body is larger than %zu bytes", s->config.body_max);
	reply.close = fault != NULL;
	return send_reply(s, &x->request, &reply);
}

static bool exchange_keep(struct exchange *x, const char *bytes, size_t len) {
	size_t need = x->body_len + len, cap = x->body_cap ? x->body_cap : 4096;
	char *more;

	while (cap < need)
		cap *= 2;
	if (cap != x->body_cap) {
		more = realloc(x->body, cap);
		if (!more)
			return false;
		x->body = more;
		x->body_cap = cap;
	}
	memcpy(x->body + x->body_len, bytes, len);
	x->body_len = need;
	return true;
}

static enum MHD_Result request_begin(struct http_server *s, struct MHD_Connection *c, const char *path,
				     const char *method, void **context) {
	struct connection *own = connection_of(c);
	struct exchange *x = calloc(1, sizeof(*x));
	const char *length, *fault = http_framing_fault(c);

	if (!x)
		return MHD_NO;
	*context = x;
	x->request = (struct http_request){ .method = method, .path = http_target_path(path), .connection = c };
	if (own)
		x->request.peer = own->peer;
	if (fault)
		return refuse(s, x, fault);
	/* A length that is known to be too large is refused before the client sends it; digits only, or the library
	 * would have refused it. */
	length = http_request_header(&x->request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	if (length && strtoull(length, NULL, 10) > s->config.body_max)
		return refuse(s, x, NULL);
	return MHD_YES;
}

/* Called with the headers, then with each piece of the body, then at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *path, const char *method,
				  const char *version, const char *piece, size_t *piece_len, void **context) {
	struct http_server *s = user;
	struct exchange *x = *context;
	struct http_reply reply = { 0 };

	(void)version;
	if (!x)
		return request_begin(s, c, path, method, context);
	if (*piece_len > 0) {
		size_t len = *piece_len;

		*piece_len = 0;
		/* The library takes no answer in the middle of a body: the rest is thrown away, until the deadline. */
		x->too_large = x->too_large || x->body_len + len > s->config.body_max;
		return x->too_large || x->answered || exchange_keep(x, piece, len) ? MHD_YES : MHD_NO;
	}
	if (x->answered)
		return MHD_YES;
	if (x->too_large)
		return refuse(s, x, NULL);
	x->answered = true;
	x->request.body = (struct str){ x->body, x->body_len };
	s->config.handler(&x->request, &reply, s->config.user);
	return send_reply(s, &x->request, &reply);
}

static void on_completed(void *user, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode code) {
	struct http_server *s = user;
	struct connection *own = connection_of(c);

	(void)code;
	if (*context)
		exchange_free(*context);
	*context = NULL;
	if (own) {
		own->answering = false;
		own->deadline_ms = loop_now_ms(s->loop) + s->config.timeout_s * UINT64_C(1000);
	}
}

/* ---- in the loop ---- */

static int run(struct http_server *s) {
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	bool waits = true;

	for (int i = 0; i < RUNS_MAX && waits && wait_ms == 0; i++) {
		(void)mhd.run(s->daemon);
		waits = mhd.get_timeout(s->daemon, &wait_ms) == MHD_YES;
	}
	return waits ? loop_timer_set(s->run_timer, wait_ms) : 0;
}

static int on_run_fd(int fd, uint32_t events, void *user) {
	(void)fd;
	(void)events;
	return run(user);
}

static int on_run_timer(void *user) {
	return run(user);
}

static int on_listen(int fd, uint32_t events, void *user) {
	struct http_server *s = user;

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		struct ip network;
		int client;

		if (s->connection_count >= s->config.connections) {
			go_deaf(s);
			break;
		}
		client = accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client < 0) {
			/* The sweep listens again. */
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				go_deaf(s);
			if (errno == ECONNABORTED || errno == EINTR)
				continue;
			break;
		}
		network = counted_network(endpoint_from_sockaddr((struct sockaddr *)&sa, len).ip);
		if (connections_of(s, network) >= s->config.connections_per_ip)
			(void)close(client);
		else /* closes it, whatever it returns */
			(void)mhd.add_connection(s->daemon, client, (struct sockaddr *)&sa, len);
	}
	return run(s);
}

/* ---- open and close ---- */

static void say_nothing(void *user, const char *fmt, va_list ap) {
	(void)user;
	(void)fmt;
	(void)ap;
}

static int why(char **ret_why, int r, const char *fmt, ...) _printf_(3, 4);
static int why(char **ret_why, int r, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(ret_why, fmt, ap) < 0)
		*ret_why = NULL;
	va_end(ap);
	return r;
}

static int start_daemon(struct http_server *s, struct arena *a, char **ret_why) {
	const struct http_server_config *c = &s->config;
	struct MHD_OptionItem options[8] = { 0 };
	unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
	const char *const path[] = { c->tls_cert, c->tls_key };
	char *pem[] = { NULL, NULL };
	size_t len, n = 0;

	for (int i = 0; i < 2 && c->tls_cert; i++) {
		int r = file_read(a, path[i], PEM_MAX, &pem[i], &len);

		if (r < 0)
			return why(ret_why, r, "cannot read %s: %s", path[i], strerror(-r));
	}
	if (c->tls_cert) {
		flags |= MHD_USE_TLS;
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, pem[0] };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, pem[1] };
		options[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_VERSIONS };
	}
	options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	s->daemon = mhd.start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
				     MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED,
				     on_completed, s, MHD_OPTION_CONNECTION_LIMIT, c->connections + 1,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MAX,
				     MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (!s->daemon && c->tls_cert)
		return why(ret_why, -EBADMSG, "%s and %s are not a certificate and its key, both PEM", c->tls_cert,
			   c->tls_key);
	return s->daemon ? 0 : why(ret_why, -ENOSYS, "libmicrohttpd does not start");
}

/* Whether 0.0.0.0 with the same port is listed too. */
static bool has_own_v4(const struct http_server_config *c, const struct endpoint *e) {
	for (size_t i = 0; i < c->listen_count; i++)
		if (ip_is_v4(c->listen[i].ip) && (uint32_t)c->listen[i].ip.lo == 0 && c->listen[i].port == e->port)
			return true;
	return false;
}

static int start_listening(struct http_server *s, char **ret_why) {
	if (s->config.listen_count > LISTEN_MAX)
		return why(ret_why, -E2BIG, "at most %d addresses to listen on, not %zu", LISTEN_MAX,
			   s->config.listen_count);
	for (size_t i = 0; i < s->config.listen_count; i++) {
		const struct endpoint *e = &s->config.listen[i];
		char text[ENDPOINT_TEXT_MAX];
		int fd, r = listen_tcp(e, has_own_v4(&s->config, e), &fd);

		(void)endpoint_format(e, text);
		if (r < 0)
			return why(ret_why, r, "cannot listen on %s: %s", text, strerror(-r));
		s->listen[s->listen_count++].fd = fd;
		r = loop_add_fd(s->loop, fd, EPOLLIN, on_listen, s, &s->listen[i].source);
		if (r < 0)
			return why(ret_why, r, "cannot watch the socket of %s: %s", text, strerror(-r));
	}
	return 0;
}

static int start(struct http_server *s, struct arena *a, char **ret_why) {
	const union MHD_DaemonInfo *info;
	int r = start_daemon(s, a, ret_why);

	if (r < 0)
		return r;
	info = mhd.get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return why(ret_why, -ENOSYS, "libmicrohttpd has no epoll descriptor");
	r = loop_add_fd(s->loop, info->epoll_fd, EPOLLIN, on_run_fd, s, &s->run_source);
	if (r >= 0)
		r = loop_add_timer(s->loop, 0, on_run_timer, s, &s->run_timer);
	if (r >= 0)
		r = loop_add_timer(s->loop, SWEEP_MS, on_sweep, s, &s->sweep_timer);
	return r < 0 ? why(ret_why, r, "cannot add to the event loop: %s", strerror(-r)) : start_listening(s, ret_why);
}

int http_server_open(struct loop *l, const struct http_server_config *config, struct http_server **ret_server,
		     char **ret_why) {
	const char *missing = NULL;
	struct http_server *s;
	struct arena a = { 0 };
	int r = http_mhd_load(&missing);

	if (r < 0)
		return why(ret_why, r, "%s", missing);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = l;
	s->config = *config;
	s->config.connections = config->connections ? config->connections : 1024;
	s->config.connections_per_ip = config->connections_per_ip ? config->connections_per_ip : 64;
	s->config.timeout_s = config->timeout_s ? config->timeout_s : 30;
	s->config.body_max = config->body_max ? config->body_max : 1 << 20;
	s->connection = calloc(s->config.connections, sizeof(*s->connection));
	r = s->connection ? start(s, &a, ret_why) : -ENOMEM;
	arena_done(&a);
	if (r < 0) {
		http_server_close(s);
		return r;
	}
	*ret_server = s;
	return 0;
}

void http_server_close(struct http_server *s) {
	if (!s)
		return;
	for (size_t i = 0; i < s->listen_count; i++) {
		loop_source_free(s->listen[i].source);
		(void)close(s->listen[i].fd);
	}
	s->listen_count = 0;
	loop_source_free(s->run_source);
	loop_source_free(s->run_timer);
	loop_source_free(s->sweep_timer);
	if (s->daemon)
		mhd.stop_daemon(s->daemon);
	free(s->connection);
	free(s);
}

struct endpoint http_server_bound(const struct http_server *s, size_t n) {
	struct endpoint e = { .port = -1 };

	if (n < s->listen_count)
		(void)listen_bound(s->listen[n].fd, &e);
	return e;
}
