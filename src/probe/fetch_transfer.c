/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects are not left to libcurl: each hop is a transfer of its own, so that its family, address, certificate and
 * times are known. The family is pinned twice, by CURLOPT_IPRESOLVE and where the socket is made: an address that a URL
 * writes out, and an IPv4 address that AAAA or the URL gives as v4-mapped, would pass the first.
 *
 * A PROXY protocol header comes before TLS, and libcurl only knows version 1. So such a hop has two transfers: one that
 * only connects (to http://, which adds nothing) and whose socket, with the header written, becomes the second's. A
 * header is less than any socket's buffer: writing it never waits.
 */
#include "probe/fetch_transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "probe/fetch_url.h"
#include "probe/proxy_v2.h"

enum {
	HEADERS_MAX = 1000,
	HEADER_BYTES_MAX = 256 * 1024,
	HOP_URL_MAX = 16 * 1024,
	LEAST_BYTES_PER_S = 64,
	CLIENT_PORT = 49152,
};

int64_t fetch_now_us(void) {
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct str copy(struct transfer *t, const char *s, size_t len) {
	return (struct str){ arena_dup(&t->got->arena, s, len), len };
}

void fetched_free(struct fetched *f) {
	if (!f)
		return;
	vec_done(&f->hops);
	vec_done(&f->headers);
	free(f->body_heap);
	arena_done(&f->arena);
	free(f);
}

/* Adds the hop; false when its URL is none that is fetched. */
static bool add_hop(struct transfer *t, const char *text) {
	bool first = t->got->hops.n == 0;
	struct fetch_url url;
	const char *why;

	if (fetch_url_parse(text, &t->got->arena, &url, &why) < 0) {
		transfer_fail(t, first ? FETCH_BAD_URL : FETCH_PROTOCOL, "%s%s: %s", first ? "" : "redirects to ", text,
			      why);
		return false;
	}
	t->url = url.url;
	t->tls = url.tls;
	t->hop_host = url.host;
	if (first)
		(void)snprintf(t->host, sizeof(t->host), "%s", url.host);
	vec_push(&t->got->hops, (struct fetch_hop){ .url = str_of(url.shown) });
	return true;
}

struct transfer *transfer_new(const struct fetcher_options *o, const struct fetch *fetch) {
	struct transfer *t = calloc(1, sizeof(*t));
	struct fetched *got = calloc(1, sizeof(*got));

	if (!t || !got)
		abort();
	*t = (struct transfer){ .options = o, .fetch = *fetch, .got = got, .fd = -1 };
	(void)add_hop(t, fetch->url);
	return t;
}

void transfer_again(struct transfer *t) {
	unsigned attempts = t->got->attempts;

	vec_done(&t->got->hops);
	vec_done(&t->got->headers);
	free(t->got->body_heap);
	arena_done(&t->got->arena);
	*t->got = (struct fetched){ .attempts = attempts };
	t->step = STEP_CONNECT;
	t->body_cap = 0;
	(void)add_hop(t, t->fetch.url);
}

static void release_lists(struct transfer *t) {
	curl.slist_free_all(t->headers);
	curl.slist_free_all(t->connect_to);
	t->headers = t->connect_to = NULL;
}

static void close_kept_socket(struct transfer *t) {
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = -1;
}

void transfer_free(struct transfer *t) {
	release_lists(t);
	close_kept_socket(t);
	fetched_free(t->got);
	free(t);
}

static struct ip ip_from_socket_address(const struct sockaddr *sa, uint16_t *ret_port) {
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa->sa_family == AF_INET) {
		*ret_port = ntohs(in->sin_port);
		return ip_from_v4(ntohl(in->sin_addr.s_addr));
	}
	*ret_port = ntohs(in6->sin6_port);
	return ip_from_bytes(in6->sin6_addr.s6_addr);
}

/* TCP_MAXSEG before connect() limits what the peer may send as well: it is the MSS of our SYN. */
static curl_socket_t make_socket(const struct transfer *t, const struct curl_sockaddr *address) {
	const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	const int mss = t->fetch.mss;

	if (fd >= 0 && mss)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss));
	return fd;
}

static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
	struct transfer *t = user;
	struct ip ip;

	(void)purpose;
	if (address->family != AF_INET && address->family != AF_INET6)
		return CURL_SOCKET_BAD;
	ip = ip_from_socket_address(&address->addr, &t->port);
	if (ip_family(ip) != t->fetch.family)
		return CURL_SOCKET_BAD;
	t->tried = true;
	t->remote = ip;
	if (t->fetch.proxy_v2 && t->step == STEP_REQUEST) {
		int fd = t->fd;

		t->fd = -1; /* libcurl's now */
		return fd < 0 ? CURL_SOCKET_BAD : fd;
	}
	return make_socket(t, address);
}

/* libcurl's time of the connection is only set behind the TLS handshake when that fails: the socket knows better. */
static int on_close(void *user, curl_socket_t fd) {
	struct transfer *t = user;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer), info_len = sizeof(struct tcp_info);
	struct tcp_info info = { 0 };

	if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0)
		t->connected = true;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) == 0)
		t->path_mtu = info.tcpi_pmtu;
	return close(fd);
}

static int on_socket_made(void *user, curl_socket_t fd, curlsocktype purpose) {
	const struct transfer *t = user;

	(void)fd;
	(void)purpose;
	return t->fetch.proxy_v2 && t->step == STEP_REQUEST ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

/* Ends the transfer from within a callback. */
static size_t refuse(struct transfer *t, enum fetch_problem problem, const char *why) {
	t->problem = problem;
	t->why = why;
	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *user) {
	struct transfer *t = user;
	struct fetched *got = t->got;
	size_t len = size * n, room = (size_t)(t->options->body_max - got->body.len), taken = MIN(len, room);

	if (got->body.len + taken > t->body_cap) {
		size_t cap = MAX(got->body.len + taken, MIN(t->body_cap * 2, (size_t)t->options->body_max));
		char *more = realloc(got->body_heap, cap + 1);

		if (!more)
			return refuse(t, FETCH_TOO_LARGE, "there is no memory for the body");
		got->body_heap = more;
		t->body_cap = cap;
	}
	if (taken)
		memcpy(got->body_heap + got->body.len, bytes, taken);
	if (got->body_heap)
		got->body_heap[got->body.len + taken] = '\0';
	got->body = (struct str){ got->body_heap, got->body.len + taken };
	got->body_len += len;
	return taken < len ? refuse(t, FETCH_TOO_LARGE, NULL) : len;
}

static void add_header(struct transfer *t, struct str line) {
	const char *colon = memchr(line.s, ':', line.len);
	struct str name, value;

	if (!colon)
		return;
	name = str_trim((struct str){ line.s, (size_t)(colon - line.s) });
	value = str_trim((struct str){ colon + 1, (size_t)(line.s + line.len - colon - 1) });
	vec_push(&t->got->headers, (struct fetch_header){ copy(t, name.s, name.len), copy(t, value.s, value.len) });
}

/* A line that begins with a blank goes on with the header before it (RFC 9112 section 5.2). */
static void continue_header(struct transfer *t, struct str line) {
	struct fetch_header *last = &t->got->headers.v[t->got->headers.n - 1];
	struct str more = str_trim(line);

	last->value = str_of(
		arena_printf(&t->got->arena, "%.*s %.*s", (int)last->value.len, last->value.s, (int)more.len, more.s));
}

static size_t on_header(char *bytes, size_t size, size_t n, void *user) {
	struct transfer *t = user;
	size_t len = size * n;
	struct str line = { bytes, len };

	if (t->got->body_len)
		return len; /* a trailer */
	t->header_len += len;
	if (t->header_len > HEADER_BYTES_MAX || t->got->headers.n >= HEADERS_MAX)
		return refuse(t, FETCH_PROTOCOL, "the headers are longer than 256 KiB, or more than 1000");
	if (len > 5 && memcmp(bytes, "HTTP/", 5) == 0) {
		t->got->headers.n = 0; /* what came before was an interim answer (1xx) */
		t->headers_end = false;
		transfer_read_session(t);
	} else if (str_trim(line).len == 0)
		t->headers_end = true;
	else if ((*bytes == ' ' || *bytes == '\t') && t->got->headers.n)
		continue_header(t, line);
	else
		add_header(t, line);
	return len;
}

/* libcurl's own watch counts whole seconds and from the start: this one counts from the request on. */
static int on_progress(void *user, curl_off_t all, curl_off_t now_len, curl_off_t up, curl_off_t up_len) {
	struct transfer *t = user;
	uint64_t len = (uint64_t)now_len + t->header_len;
	int64_t now = fetch_now_us(), window = (int64_t)t->options->stall_ms * 1000;
	curl_off_t sent = 0;

	(void)all;
	(void)up;
	(void)up_len;
	if (!t->mark_us) {
		if (curl.easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &sent) != CURLE_OK || !sent)
			return 0;
		t->mark_us = now;
	}
	if (now - t->mark_us < window)
		return 0;
	if (len - t->mark_len < (uint64_t)t->options->stall_ms * LEAST_BYTES_PER_S / 1000) {
		(void)refuse(t, FETCH_STALLED, NULL);
		return 1;
	}
	t->mark_us = now;
	t->mark_len = len;
	return 0;
}

/* A value that would end the line is left out; "Name;" is libcurl's way to send an empty one. */
static struct curl_slist *header_list(const struct fetch *f) {
	struct curl_slist *list = NULL;

	for (uint32_t i = 0; i < f->header_count; i++) {
		const struct fetch_header *h = &f->headers[i];
		char *line;

		if (memchr(h->value.s, '\r', h->value.len) || memchr(h->value.s, '\n', h->value.len) ||
		    asprintf(&line, h->value.len ? "%.*s: %.*s" : "%.*s;%.*s", (int)h->name.len, h->name.s,
			     (int)h->value.len, h->value.s) < 0)
			continue;
		list = curl.slist_append(list, line);
		free(line);
	}
	return list;
}

/* The address to go to in place of what the name says; not when a redirect left the host. */
static bool connect_address(const struct transfer *t, struct ip *ret_ip) {
	if (t->fetch.proxy_v2 && t->step == STEP_REQUEST)
		*ret_ip = t->remote;
	else if ((t->fetch.connect.hi || t->fetch.connect.lo) && strcmp(t->host, t->hop_host) == 0)
		*ret_ip = t->fetch.connect;
	else
		return false;
	return true;
}

static void set_connection(struct transfer *t) {
	char target[IP_TEXT_MAX + 8], text[IP_TEXT_MAX];
	struct ip ip;

	(void)curl.easy_setopt(t->easy, CURLOPT_IPRESOLVE,
			       (long)(t->fetch.family == FAMILY_4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6));
	(void)curl.easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)curl.easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	(void)curl.easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
	(void)curl.easy_setopt(t->easy, CURLOPT_SOCKOPTDATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl.easy_setopt(t->easy, CURLOPT_FORBID_REUSE, (long)(t->step == STEP_REQUEST));
	(void)curl.easy_setopt(t->easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	(void)curl.easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a resolver that is given up */
	(void)curl.easy_setopt(t->easy, CURLOPT_PROXY, "");
	(void)curl.easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	if (!connect_address(t, &ip))
		return;
	(void)ip_format(ip, text);
	(void)snprintf(target, sizeof(target), ip_is_v4(ip) ? "::%s:" : "::[%s]:", text);
	t->connect_to = curl.slist_append(NULL, target);
	(void)curl.easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
}

static void set_tls(struct transfer *t) {
	const struct fetcher_options *o = t->options;

	(void)curl.easy_setopt(t->easy, CURLOPT_CERTINFO, 1L);
	(void)curl.easy_setopt(t->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (o->insecure) {
		(void)curl.easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl.easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (o->ca_file)
		(void)curl.easy_setopt(t->easy, CURLOPT_CAINFO, o->ca_file);
}

static void set_request(struct transfer *t) {
	const struct fetcher_options *o = t->options;

	t->headers = header_list(&t->fetch);
	(void)curl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	(void)curl.easy_setopt(t->easy, CURLOPT_USERAGENT, o->user_agent ? o->user_agent : "hextet/" HEXTET_VERSION);
	(void)curl.easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl.easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl.easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl.easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl.easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
}

/* The URL of STEP_CONNECT: the same host and port, with nothing spoken on the connection. */
static void set_connect_only(struct transfer *t) {
	CURLU *u = curl.url();
	char *port = NULL, *plain = NULL;

	(void)curl.url_set(u, CURLUPART_URL, t->url, 0);
	(void)curl.url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	(void)curl.url_set(u, CURLUPART_SCHEME, "http", 0);
	(void)curl.url_set(u, CURLUPART_PORT, port, 0);
	(void)curl.url_get(u, CURLUPART_URL, &plain, 0);
	(void)curl.easy_setopt(t->easy, CURLOPT_URL, plain ? plain : t->url);
	(void)curl.easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, 1L);
	curl.free(port);
	curl.free(plain);
	curl.url_cleanup(u);
}

bool transfer_begin(struct transfer *t) {
	int64_t now = fetch_now_us(), left_ms;

	if (t->got->problem != FETCH_OK)
		return false;
	if (!t->fetch.proxy_v2)
		t->step = STEP_REQUEST;
	if (t->got->hops.n == 1 && (t->step == STEP_CONNECT || !t->fetch.proxy_v2))
		t->begun_us = now;
	left_ms = (int64_t)t->options->total_ms - (now - t->begun_us) / 1000;
	curl.easy_reset(t->easy);
	t->problem = FETCH_OK;
	t->why = NULL;
	t->error[0] = '\0';
	t->headers_end = false;
	t->tried = t->connected = false;
	t->path_mtu = 0;
	t->mark_us = 0;
	if (t->step == STEP_CONNECT || !t->fetch.proxy_v2) {
		t->remote = (struct ip){ 0 };
		t->port = 0;
	}
	t->mark_len = t->header_len = 0;
	set_connection(t);
	if (t->step == STEP_CONNECT) {
		t->before = (struct fetch_times){ 0 };
		set_connect_only(t);
	} else {
		(void)curl.easy_setopt(t->easy, CURLOPT_URL, t->url);
		set_tls(t);
		set_request(t);
	}
	(void)curl.easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl.easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	(void)curl.easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	(void)curl.easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->options->connect_ms);
	(void)curl.easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)MAX(left_ms, (int64_t)1));
	return true;
}

static uint32_t time_of(const struct transfer *t, CURLINFO info) {
	curl_off_t us = 0;

	(void)curl.easy_getinfo(t->easy, info, &us);
	return (uint32_t)MIN(us, (curl_off_t)UINT32_MAX);
}

static void read_times(struct transfer *t) {
	struct fetch_times *times = &t->got->times;

	*times = (struct fetch_times){
		.dns_us = time_of(t, CURLINFO_NAMELOOKUP_TIME_T),
		.connect_us = time_of(t, CURLINFO_CONNECT_TIME_T),
		.tls_us = time_of(t, CURLINFO_APPCONNECT_TIME_T),
		.first_byte_us = time_of(t, CURLINFO_STARTTRANSFER_TIME_T),
		.total_us = time_of(t, CURLINFO_TOTAL_TIME_T),
	};
	if (!t->fetch.proxy_v2 || t->step == STEP_CONNECT)
		return;
	times->dns_us = t->before.dns_us;
	times->connect_us = t->before.connect_us;
	times->tls_us += times->tls_us ? t->before.connect_us : 0;
	times->first_byte_us += times->first_byte_us ? t->before.connect_us : 0;
	times->total_us += t->before.connect_us;
}

/* Connected: writes the PROXY header and keeps the socket for the request. */
static bool keep_socket(struct transfer *t) {
	uint8_t header[PROXY_V2_MAX];
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct endpoint client;
	size_t len;

	if (endpoint_parse(t->fetch.proxy_v2, strlen(t->fetch.proxy_v2), &client, NULL) < 0) {
		transfer_fail(t, FETCH_BAD_URL, "'%s' is no address for a PROXY header", t->fetch.proxy_v2);
		return false;
	}
	len = proxy_v2_header(&(struct proxy_v2){ .client = client.ip,
						  .client_port = client.port < 0 ? CLIENT_PORT : (uint16_t)client.port,
						  .server = t->remote,
						  .server_port = t->port,
						  .mapped = strchr(t->fetch.proxy_v2, ':') && ip_is_v4(client.ip) },
			      header);
	(void)curl.easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd);
	t->fd = fd == CURL_SOCKET_BAD ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (t->fd < 0 || send(t->fd, header, len, MSG_NOSIGNAL) != (ssize_t)len) {
		transfer_fail(t, FETCH_CUT, "the connection ended before the PROXY header was sent");
		return false;
	}
	t->before = t->got->times;
	t->step = STEP_REQUEST;
	return true;
}

/* The next hop, when the answer is a redirect. */
static bool follow(struct transfer *t) {
	struct fetched *got = t->got;
	struct fetch_hop *hop = &got->hops.v[got->hops.n - 1];
	const char *next = NULL;
	char *url;

	for (size_t i = 0; i < got->headers.n; i++)
		if (got->headers.v[i].name.len == 8 && strncasecmp(got->headers.v[i].name.s, "location", 8) == 0)
			hop->location = got->headers.v[i].value;
	if (got->status / 100 != 3 || !hop->location.len)
		return false;
	(void)curl.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &next);
	if (!next)
		return false;
	url = arena_dup(&got->arena, next, strlen(next));
	if (strlen(url) > HOP_URL_MAX) {
		transfer_fail(t, FETCH_PROTOCOL, "redirects to a URL of %zu bytes", strlen(url));
		return false;
	}
	if (!add_hop(t, url))
		return false;
	hop = &got->hops.v[got->hops.n - 1];
	for (size_t i = 0; i + 1 < got->hops.n; i++)
		if (str_eq(got->hops.v[i].url, hop->url)) {
			transfer_fail(t, FETCH_REDIRECT_LOOP, "redirects to %s again", hop->url.s);
			got->hops.n--;
			return false;
		}
	if (got->hops.n > t->options->redirects_max + 1U) {
		transfer_fail(t, FETCH_REDIRECT_LOOP, "redirects more than %u times", t->options->redirects_max);
		got->hops.n--;
		return false;
	}
	got->headers.n = 0;
	got->body = (struct str){ 0 };
	got->body_len = 0;
	got->certificate = (struct fetch_certificate){ 0 };
	got->tls = got->alpn = (struct str){ 0 };
	t->step = STEP_CONNECT;
	return true;
}

bool transfer_end(struct transfer *t, CURLcode code) {
	struct fetched *got = t->got;
	long status = 0;
	bool more = false;

	release_lists(t);
	(void)curl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->step == STEP_REQUEST)
		got->status = (unsigned)status;
	read_times(t);
	got->path_mtu = t->path_mtu;
	got->hops.v[got->hops.n - 1].status = got->status;
	got->hops.v[got->hops.n - 1].remote = t->remote;
	got->hops.v[got->hops.n - 1].port = t->port;
	if (t->tls && t->step == STEP_REQUEST)
		transfer_read_certificate(t);
	if (code != CURLE_OK || t->problem != FETCH_OK)
		transfer_judge(t, code);
	else if (t->step == STEP_REQUEST && !t->headers_end) /* which libcurl lets pass */
		transfer_fail(t, FETCH_CUT, "the connection ended within the headers");
	else
		more = t->step == STEP_CONNECT ? keep_socket(t) : follow(t);
	if (!more)
		close_kept_socket(t);
	return more;
}
