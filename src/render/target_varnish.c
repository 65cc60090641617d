/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache between HAProxy and nginx of the same machine, on port 6081. Without HAProxy it is the public server of the
 * ports that speak no TLS, which is not Varnish's.
 *
 * Who may PURGE is judged by the client, as a trusted proxy names it, never by the peer: that is the loopback for
 * everything that comes through HAProxy. varnishd -C asks the DNS for what is no address and is content with the
 * answer, and does not see the command line: both are read again here.
 *
 * The templates see, beside machine and estate:
 *   listen    {name, address}: the -a of varnishd
 *   backend   {host, port}; null: no role of the machine serves
 *   purgers   prefixes
 *   only      names that are not for everybody: see serves.h
 *   redirect  names whose plain port leads to TLS, when no HAProxy does that
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "addr/prefix.h"
#include "estate/party.h"
#include "render/allowed.h"
#include "render/data.h"
#include "render/facts.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/unit_check.h"
#include "render/verify.h"

#define VCL "/etc/varnish/hextet.vcl"
#define DROPIN "/etc/systemd/system/varnish.service.d/60-hextet.conf"
#define RELOAD "/etc/hextet/varnish-reload.sh"

enum { VARNISH_PORT = 6081, NGINX_PORT = 8080 };

static const struct value *get(const struct value *dict, const char *key) {
	return value_get(dict, key_of(key, strlen(key)));
}

static const struct { const char *loopback, *all; } hosts[] = { { "127.0.0.1", "0.0.0.0" }, { "[::1]", "[::]" } };

static void push_listen(struct target_run *r, struct value *list, bool ipv6, const char *host, int port) {
	struct value *d = value_dict(r->arena, NO_LOC);

	value_dict_set(r->arena, d, "name",
		       value_text(r->arena, arena_printf(r->arena, "v%d-%d", ipv6 ? 6 : 4, port), NO_LOC));
	value_dict_set(r->arena, d, "address",
		       value_text(r->arena, arena_printf(r->arena, "%s:%d", host, port), NO_LOC));
	value_list_push(r->arena, list, d);
}

/* Whom the policy lets in on Varnish's own port. Everybody may fetch there, nobody of these may PURGE. */
static bool policy_opens(const struct target_run *r, enum family family, struct prefix_set *purgers) {
	struct allowed a;
	bool open;

	allowed_sources(r->estate, r->machine, family, IPPROTO_TCP, VARNISH_PORT, &a);
	open = a.any || !prefix_set_is_empty(&a.from);
	prefix_set_add_set(purgers, &a.from);
	prefix_set_done(&a.from);
	return open;
}

/* The ports without TLS of the public names, and the names that they send on to TLS. */
static void add_public(struct target_run *r, struct value *listen, struct value *redirect) {
	const struct value *items = serves_ports(r->estate, r->machine, r->arena);

	for (uint32_t i = 0; i < items->list.n; i++) {
		const struct value *item = items->list.v[i], *ports = get(item, "ports"),
				   *names = get(item, "redirect");

		if (get(item, "tls")->boolean)
			continue;
		for (uint32_t k = 0; k < ports->list.n; k++)
			for (unsigned f = 0; f < 2; f++)
				if (serves_family(r->estate, r->machine, f ? FAMILY_6 : FAMILY_4))
					push_listen(r, listen, f, hosts[f].all, (int)ports->list.v[k]->integer);
		for (uint32_t k = 0; k < names->list.n; k++)
			value_list_push(r->arena, redirect, names->list.v[k]);
	}
}

/* The loopback of either family, every address where the policy opens the port to others; and who may PURGE. */
static const struct value *own_port(struct target_run *r, struct value *listen) {
	struct prefix_set purgers = PREFIX_SET_INIT;
	const struct value *list;

	prefix_set_add(&purgers, prefix_host(ip_from_v4(0x7f000001)));
	prefix_set_add(&purgers, prefix_host((struct ip){ 0, 1 }));
	for (unsigned f = 0; f < 2; f++) {
		const enum family family = f ? FAMILY_6 : FAMILY_4;
		bool has = serves_family(r->estate, r->machine, family), open = policy_opens(r, family, &purgers);

		party_machine(r->machine, family, &purgers);
		if (has || !f)
			push_listen(r, listen, f, open ? hosts[f].all : hosts[f].loopback, VARNISH_PORT);
	}
	prefix_set_normalise(&purgers);
	list = data_set(r->arena, &purgers, NO_LOC);
	prefix_set_done(&purgers);
	return list;
}

static const struct value *backend(const struct target_run *r) {
	const bool v6 = serves_family(r->estate, r->machine, FAMILY_6);
	struct value *d = value_dict(r->arena, NO_LOC);

	if (!machine_has_role(r->machine, ROLE_NGINX))
		return &value_null;
	value_dict_set(r->arena, d, "host", value_text(r->arena, v6 ? "::1" : "127.0.0.1", NO_LOC));
	value_dict_set(r->arena, d, "port", value_int(r->arena, NGINX_PORT, NO_LOC));
	return d;
}

static int files(struct target_run *r) {
	struct value *listen = value_list(r->arena, NO_LOC), *redirect = value_list(r->arena, NO_LOC);
	int result;

	target_set(r, "purgers", own_port(r, listen));
	if (!machine_has_role(r->machine, ROLE_HAPROXY))
		add_public(r, listen, redirect);
	target_set(r, "listen", listen);
	target_set(r, "redirect", redirect);
	target_set(r, "backend", backend(r));
	target_set(r, "only", serves_only(r->estate, r->machine, r->arena));
	result = target_file(r, VCL, "varnish/hextet.vcl", 0644);
	if (result == 0)
		result = target_file(r, DROPIN, "varnish/service.conf", 0644);
	return result < 0 ? result : target_file(r, RELOAD, "varnish/reload.sh", 0755);
}

static const struct output_file *file_of(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return &v->files[i];
	return NULL;
}

/*
 * "Message from VCC-compiler:", the message, "('PATH' Line 5 Pos 26)", and the line. False when the file is not named.
 */
static bool report_vcl(struct verify_run *v, const char *on_disk, struct str output) {
	struct str line, before = { 0 };

	while (str_split(&output, '\n', &line)) {
		const char *text = arena_dup(v->arena, line.s, line.len), *at = strstr(text, on_disk);

		if (at && (at = strstr(at, " Line "))) {
			(void)verify_complain(v, VCL, (uint32_t)strtoul(at + 6, NULL, 10), "varnishd",
					      arena_dup(v->arena, before.s, before.len));
			return true;
		}
		before = line;
	}
	return false;
}

static int verify_vcl(struct verify_run *v) {
	const char *on_disk = verify_path(v, VCL);
	const char *work = arena_printf(v->arena, "%s/work", v->folder);
	const char *const argv[] = { "varnishd", "-j", "none", "-C", "-n", work, "-f", on_disk, NULL };
	struct str output;
	int status, r = verify_exec(v, argv, 0, &status, &output);

	if (r == -ENOENT) {
		verify_missing(v, VCL, argv[0]);
		return 0;
	}
	if (r == 0 && status && memmem(output.s, output.len, "C-compiler failed, exited with 127", 34)) {
		verify_missing(v, VCL, "a C compiler for varnishd");
		return 0;
	}
	if (r == 0 && status && report_vcl(v, on_disk, output))
		return -EINVAL;
	return r < 0 ? r : verify_judge(v, VCL, "varnishd", status, output);
}

static bool begins(struct str s, const char *with) {
	return s.len >= strlen(with) && memcmp(s.s, with, strlen(with)) == 0;
}

/* What a line of VCL says about an address: NULL when it is right, or when it says nothing. */
static const char *address_fault(struct arena *a, struct str line, bool in_acl) {
	struct str rest = str_trim(line), word;
	const char *quote = memchr(rest.s, '"', rest.len), *end;
	struct prefix p;

	if (!quote || (!in_acl && !begins(rest, ".host")))
		return NULL;
	word.s = quote + 1;
	end = memchr(word.s, '"', rest.len - (size_t)(word.s - rest.s));
	if (!end)
		return NULL;
	word.len = (size_t)(end - word.s);
	if (prefix_parse(word.s, word.len, &p, NULL) < 0)
		return arena_printf(a,
				    "\"%.*s\" is not an address: varnishd would ask the DNS once and keep the answer",
				    (int)word.len, word.s);
	if (in_acl && rest.s[0] != '!' && end + 2 < rest.s + rest.len && end[1] == '/' &&
	    strtoul(end + 2, NULL, 10) == 0)
		return "a length of 0 lets everybody in";
	return NULL;
}

static int read_vcl(struct verify_run *v) {
	struct str rest = file_of(v, VCL)->text, line;
	bool in_acl = false;
	uint32_t number = 0;
	int result = 0;

	while (str_split(&rest, '\n', &line)) {
		const char *fault;

		number++;
		if (begins(line, "acl "))
			in_acl = true;
		fault = address_fault(v->arena, line, in_acl);
		if (fault)
			result = verify_complain(v, VCL, number, "hextet", fault);
		if (begins(line, "}"))
			in_acl = false;
	}
	return result;
}

/*
 * The next -a NAME=HOST:PORT of a line: an IPv6 address without brackets would be cut at its last colon. False when the
 * line has none; *ret_ok: whether it is right.
 */
static bool read_listen(struct arena *a, struct str line, struct endpoint *ret_e, bool *ret_ok) {
	const char *text = arena_dup(a, line.s, line.len), *at = strstr(text, "-a ");

	if (!at)
		return false;
	at += 3 + strcspn(at + 3, "= ");
	at += *at == '=';
	*ret_ok = endpoint_parse(at, strcspn(at, " ,"), ret_e, NULL) == 0 && ret_e->port > 0;
	return true;
}

static int read_listens(struct verify_run *v) {
	struct str rest = file_of(v, DROPIN)->text, line;
	uint32_t number = 0;
	struct endpoint e;
	int result = 0;
	bool ok;

	while (str_split(&rest, '\n', &line)) {
		number++;
		if (read_listen(v->arena, line, &e, &ok) && !ok)
			result = verify_complain(v, DROPIN, number, "hextet",
						 "-a takes NAME=ADDRESS:PORT, with an IPv6 address in brackets");
	}
	return result;
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	struct str line;
	uint32_t number = 0;
	struct endpoint e;
	bool ok;

	while (strcmp(path, DROPIN) == 0 && str_split(&text, '\n', &line)) {
		number++;
		if (!read_listen(f->arena, line, &e, &ok))
			continue;
		if (!ok) {
			*ret_error = arena_printf(f->arena, "line %u: -a without an address and a port", number);
			return -EINVAL;
		}
		vec_push(&f->listeners, (struct fact_listener){ .program = "varnish",
								.family = ip_family(e.ip),
								.ip = e.ip,
								.protocol = IPPROTO_TCP,
								.port = (uint16_t)e.port });
	}
	return 0;
}

static int verify(struct verify_run *v) {
	const char *const sh[] = { "sh", "-n", verify_path(v, RELOAD), NULL };
	const int results[] = { verify_vcl(v), read_vcl(v), unit_check(v, DROPIN, "varnish.service"), read_listens(v),
				verify_file(v, RELOAD, sh, 0) };
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		result = result ? result : results[i];
	return result;
}

const struct target target_varnish = {
	.name = "varnish",
	.summary = "Varnish for the public names of a machine",
	.doc = "A machine with role varnish that an endpoint names gets " VCL " and " DROPIN
	       ", which makes varnishd read it and listen on port 6081 of the loopback of each family, where HAProxy "
	       "asks. "
	       "Without role haproxy it also listens on the ports of its names that speak no TLS, and sends names of "
	       "port "
	       "443 there. What is not cached comes from nginx on port 8080 of the same machine. X-Forwarded-For is "
	       "believed from the guard's trusted_proxies only, one hop, and handed on as one address; PURGE and only: "
	       "look "
	       "at that address. PURGE is for the machine itself and for those whom the policy allows port 6081 of it "
	       "(a "
	       "service { tcp: 6081 }); then it listens there on every address. from: any opens the port and lets "
	       "nobody "
	       "PURGE. Methods that Varnish would pipe get 405. " RELOAD
	       " reloads the VCL, and restarts (an empty cache) only for new listeners. /etc/varnish/secret is the "
	       "package's. Checked with varnishd -C, which needs a C compiler, systemd-analyze verify, and a reader "
	       "that "
	       "refuses names where addresses belong and lists that hold everybody.",
	.roles = 1U << ROLE_VARNISH,
	.templates = (const char *const[]){ "varnish/hextet.vcl", "varnish/service.conf", "varnish/reload.sh", NULL },
	.applies = serves_any,
	.files = files,
	.verify = verify,
	.facts = facts,
	.reload = (const char *const[]){ "sh " RELOAD, NULL },
};
