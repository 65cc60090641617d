/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client gets is in a file of its own, so that its own routes replace those of the VPN: OpenVPN can only add to
 * what the server pushes to everybody. A client with a fixed IPv4 address and no IPv6 one gets no IPv6 at all (OpenVPN
 * has one pool for both families), hence no IPv6 route; the other way round it gets an IPv4 address of the pool.
 *
 * A pushed route that covers the server's own IPv4 address would send the tunnel into itself, so that address is pushed
 * as a route past it; in IPv6 OpenVPN's client does that by itself.
 *
 * `openvpn --show-gateway` reads the options and stops before it compares them, or looks for a file. A start with no
 * device and with /bin/false as the script that is run when the device is up gets as far as that script, with all
 * options compared and all keys read: it ends with 1 and says so when the configuration is right.
 */
#include <errno.h>
#include <string.h>

#include "estate/party.h"
#include "render/data.h"
#include "render/listen_lines.h"
#include "render/openvpn_judge.h"
#include "render/target.h"
#include "render/throwaway_cert.h"
#include "render/verify.h"

enum { DEFAULT_PORT = 1194, DEVICE_MAX = 15 };

static bool takes_part(const struct vpn *v, const struct machine *m) {
	LIST_EACH (struct ref, ref, &v->machines)
		if (ref->to == m)
			return true;
	return false;
}

static bool applies(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct vpn, v, &e->vpn)
		if (takes_part(v, m))
			return true;
	return false;
}

/* The VPNs of a machine take the UDP ports of the service openvpn in turn. */
static int find_port(struct target_run *r, const struct vpn *v, uint32_t place, const struct value **ret_port) {
	const struct service *s = map_get(&r->estate->service_by_name, "openvpn", strlen("openvpn"));

	if (s && place < s->udp.n)
		*ret_port = data_uint(r->arena, &((const struct number *)s->udp.items)[place]);
	else if (place == 0)
		*ret_port = value_int(r->arena, DEFAULT_PORT, NO_LOC);
	else {
		diag_error(r->diags, "openvpn", v->name.at->loc, "give the service openvpn one more udp port",
			   "there is no port for the VPN %s on %s: it is number %u there", v->name.s,
			   r->machine->name.s, place + 1);
		return -EINVAL;
	}
	return 0;
}

static const char *mask_text(struct arena *a, struct prefix p) {
	char *text = arena_dup(a, (char[IP_TEXT_MAX]){ 0 }, IP_TEXT_MAX);
	const unsigned len = prefix_text_len(p);

	(void)ip_format(ip_from_v4(len ? UINT32_MAX << (32 - len) : 0), text);
	return text;
}

static const char *ip_text(struct arena *a, struct ip ip) {
	char *text = arena_dup(a, (char[IP_TEXT_MAX]){ 0 }, IP_TEXT_MAX);

	(void)ip_format(ip, text);
	return text;
}

/* "all": what the estate was given, its machines and what is routed to them; the clients are inside already. */
static void add_all(const struct estate *e, const struct vpn *v, struct prefix_set *set) {
	const struct ref all = { .s = "all", .kind = REF_ALL };
	struct prefix_set clients = PREFIX_SET_INIT;

	party_addresses(e, &all, FAMILY_4, NULL, set);
	party_addresses(e, &all, FAMILY_6, NULL, set);
	if (v->ipv4.at)
		prefix_set_add(&clients, v->ipv4.prefix);
	if (v->ipv6.at)
		prefix_set_add(&clients, v->ipv6.prefix);
	prefix_set_normalise(set);
	prefix_set_subtract(set, &clients);
	prefix_set_done(&clients);
	LIST_EACH (struct given, g, &e->prefixes)
		if (g->network.at)
			prefix_set_add(set, g->network.prefix);
}

struct pushing {
	struct arena *arena;
	struct value *list;
	struct loc loc;
	bool family[2]; /* IPv4, IPv6: whether the client has it */
	const struct address *server;
	bool covers_server;
};

static int push_route(struct prefix p, void *user) {
	struct pushing *u = user;
	const bool ipv4 = prefix_family(p) == FAMILY_4;
	char text[PREFIX_TEXT_MAX];
	const char *route;

	if (!u->family[!ipv4])
		return 0;
	(void)prefix_format(p, text);
	route = ipv4 ? arena_printf(u->arena, "route %s %s", ip_text(u->arena, p.ip), mask_text(u->arena, p))
		     : arena_printf(u->arena, "route-ipv6 %s", text);
	u->covers_server |= ipv4 && u->server->at && prefix_has_ip(p, u->server->ip);
	value_list_push(u->arena, u->list, value_text(u->arena, route, u->loc));
	return 0;
}

/* What a client is told to send into the tunnel. */
static const struct value *push_list(struct target_run *r, const struct vpn *v, const struct list *routes, bool ipv4,
				     bool ipv6) {
	struct pushing u = { .arena = r->arena,
			     .loc = routes->at ? routes->at->loc : v->name.at->loc,
			     .family = { ipv4, ipv6 },
			     .server = &r->machine->ip };
	struct prefix_set set = PREFIX_SET_INIT;

	u.list = value_list(r->arena, u.loc);
	LIST_EACH (struct ref, ref, routes) {
		if (ref->kind == REF_ALL)
			add_all(r->estate, v, &set);
		else
			prefix_set_add(&set, ref->prefix);
	}
	prefix_set_normalise(&set);
	(void)prefix_set_each(&set, push_route, &u);
	prefix_set_done(&set);
	if (u.covers_server)
		value_list_push(r->arena, u.list,
				value_text(r->arena,
					   arena_printf(r->arena, "route %s 255.255.255.255 net_gateway",
							ip_text(r->arena, r->machine->ip.ip)),
					   r->machine->ip.at->loc));
	return u.list;
}

static int vpn_value(struct target_run *r, const struct vpn *v, uint32_t place, struct value **ret_d) {
	const struct loc loc = v->name.at->loc;
	struct value *d = value_dict(r->arena, loc);
	const char *device = arena_printf(r->arena, "tun%s", v->name.s);
	const struct value *port;
	int result = find_port(r, v, place, &port);

	if (result < 0)
		return result;
	if (strlen(device) > DEVICE_MAX)
		device = arena_printf(r->arena, "tunvpn%u", place);
	value_dict_set(r->arena, d, "name", data_scalar(r->arena, &v->name));
	value_dict_set(r->arena, d, "port", port);
	value_dict_set(r->arena, d, "device", value_text(r->arena, device, loc));
	value_dict_set(r->arena, d, "ipv4",
		       v->ipv4.at ? value_ip(r->arena, v->ipv4.prefix.ip, v->ipv4.at->loc) : &value_null);
	value_dict_set(r->arena, d, "mask",
		       v->ipv4.at ? value_text(r->arena, mask_text(r->arena, v->ipv4.prefix), v->ipv4.at->loc)
				  : &value_null);
	value_dict_set(r->arena, d, "ipv6", data_network(r->arena, &v->ipv6));
	value_dict_set(r->arena, d, "server6",
		       v->ipv6.at ? value_ip(r->arena, ip_next(v->ipv6.prefix.ip), v->ipv6.at->loc) : &value_null);
	value_dict_set(r->arena, d, "clients", value_bool(r->arena, v->clients.n > 0, loc));
	value_dict_set(r->arena, d, "folder",
		       value_text(r->arena, arena_printf(r->arena, OPENVPN_CCD "%s", v->name.s), loc));
	value_dict_set(r->arena, d, "pki",
		       value_text(r->arena, arena_printf(r->arena, OPENVPN_PKI "%s", v->name.s), loc));
	value_dict_set(r->arena, d, "push", push_list(r, v, &v->routes, v->ipv4.at != NULL, v->ipv6.at != NULL));
	*ret_d = d;
	return 0;
}

static const struct value *client_value(struct target_run *r, const struct vpn *v, const struct vpn_client *c) {
	const struct loc loc = c->name.at->loc;
	struct value *d = value_dict(r->arena, loc);
	const bool ipv6 = v->ipv6.at && (c->ipv6.at || !c->ipv4.at);

	value_dict_set(r->arena, d, "name", data_scalar(r->arena, &c->name));
	value_dict_set(r->arena, d, "ipv4", v->ipv4.at ? data_ip(r->arena, &c->ipv4) : &value_null);
	value_dict_set(
		r->arena, d, "ipv6",
		v->ipv6.at && c->ipv6.at
			? value_text(r->arena,
				     arena_printf(r->arena, "%s/%u", ip_text(r->arena, c->ipv6.ip), v->ipv6.prefix.len),
				     c->ipv6.at->loc)
			: &value_null);
	value_dict_set(r->arena, d, "push",
		       push_list(r, v, c->routes.n ? &c->routes : &v->routes, v->ipv4.at != NULL, ipv6));
	return d;
}

static void add_remote(struct target_run *r, struct value *list, const struct address *a, bool ipv6) {
	struct value *d;

	if (!a->at)
		return;
	d = value_dict(r->arena, a->at->loc);
	value_dict_set(r->arena, d, "address", data_ip(r->arena, a));
	value_dict_set(r->arena, d, "ipv6", value_bool(r->arena, ipv6, NO_LOC));
	value_list_push(r->arena, list, d);
}

static const struct value *remotes(struct target_run *r, const struct vpn *v) {
	struct value *list = value_list(r->arena, v->name.at->loc);

	LIST_EACH (struct ref, ref, &v->machines) {
		const struct machine *m = ref->to;

		add_remote(r, list, &m->ipv6, true);
		add_remote(r, list, &m->ip, false);
	}
	return list;
}

static int client_files(struct target_run *r, const struct vpn *v, const struct vpn_client *c) {
	int result;

	if (strcmp(c->name.s, "DEFAULT") == 0) {
		diag_error(r->diags, "openvpn", c->name.at->loc, "choose another name",
			   "OpenVPN takes the file of a client DEFAULT for that of every client without one");
		return -EINVAL;
	}
	target_set(r, "client", client_value(r, v, c));
	result = target_file(r, arena_printf(r->arena, OPENVPN_CCD "%s/%s", v->name.s, c->name.s), "openvpn/ccd", 0644);
	if (result < 0)
		return result;
	return target_file(r, arena_printf(r->arena, OPENVPN_PROFILES "%s/%s.ovpn", v->name.s, c->name.s),
			   "openvpn/client.ovpn", 0644);
}

static int vpn_files(struct target_run *r, const struct vpn *v, uint32_t place) {
	struct value *d;
	int result = vpn_value(r, v, place, &d);

	if (result < 0)
		return result;
	target_set(r, "vpn", d);
	target_set(r, "remotes", remotes(r, v));
	target_set(r, "adapter", data_scalar(r->arena, r->estate->name.s ? &r->estate->name : &v->name));
	result = target_file(r, arena_printf(r->arena, OPENVPN_SERVER "%s.conf", v->name.s), "openvpn/server.conf",
			     0644);
	LIST_EACH (struct vpn_client, c, &v->clients) {
		int one = client_files(r, v, c);

		result = result ? result : one;
	}
	return result;
}

static int files(struct target_run *r) {
	uint32_t place = 0;
	int result = 0;

	LIST_EACH (struct vpn, v, &r->estate->vpn)
		if (takes_part(v, r->machine)) {
			int one = vpn_files(r, v, place++);

			result = result ? result : one;
		}
	return result;
}

static bool begins_with(const char *path, const char *folder) {
	return strncmp(path, folder, strlen(folder)) == 0;
}

static bool says(struct str output, const char *words) {
	return memmem(output.s, output.len, words, strlen(words));
}

static int stand_ins(struct verify_run *v, const char *path, const char *crt, const char *tls) {
	static const char *const words[] = { "ca.crt", "server.crt", "server.key" };
	int r = 0;

	LIST_EACH (struct vpn, vpn, &v->estate->vpn) {
		const char *folder = arena_printf(v->arena, OPENVPN_PKI "%s/", vpn->name.s);

		for (size_t i = 0; i < ARRAY_LEN(words) && r == 0; i++)
			r = verify_stand_in(v, path, arena_printf(v->arena, "%s%s", folder, words[i]), crt);
		if (r == 0)
			r = verify_stand_in(v, path, arena_printf(v->arena, "%stls-crypt.key", folder), tls);
	}
	if (r == 0)
		r = verify_stand_in(v, path, OPENVPN_CCD, v->folder);
	return r;
}

/* What it says about the stand-ins' being readable, the time, and so on, is before the words that matter. */
static int verify_server(struct verify_run *v, const char *path, const char *crt, const char *tls) {
	const char *const argv[] = { "openvpn",
				     "--config",
				     verify_path(v, path),
				     "--suppress-timestamps",
				     "--verb",
				     "1",
				     "--dev",
				     "null",
				     "--script-security",
				     "2",
				     "--up",
				     "/bin/false",
				     NULL };
	struct str output;
	int status, r = stand_ins(v, path, crt, tls);

	if (r < 0)
		return r;
	r = verify_exec(v, argv, VERIFY_NETNS, &status, &output);
	if (r == -ENOENT || r == -EPERM) {
		verify_missing(v, path, r == -ENOENT ? "openvpn" : "the permission for a network namespace");
		return 0;
	}
	if (r == 0 && status == 1 && says(output, "Failed running command (--up/--down)"))
		status = 0;
	return r < 0 ? r : openvpn_verdict(v, path, status, output);
}

static int verify(struct verify_run *v) {
	const char *crt = verify_helper(v, "stand-in.pem", throwaway_cert),
		   *tls = verify_helper(v, "stand-in.tls", openvpn_stand_in_key(v->arena));
	int result = 0;

	if (!crt || !tls)
		return -EINVAL;
	for (size_t i = 0; i < v->n; i++) {
		const char *path = v->files[i].path;
		int r = openvpn_judge(v, &v->files[i]);

		if (r == 0 && begins_with(path, OPENVPN_SERVER))
			r = verify_server(v, path, crt, tls);
		else if (r == 0)
			verify_passed(v, path);
		result = result ? result : r;
	}
	return result;
}

static int facts(struct facts *f, const char *path, struct str text, const char **ret_error) {
	const char *name, *end;

	if (!begins_with(path, OPENVPN_SERVER))
		return 0;
	name = path + strlen(OPENVPN_SERVER);
	end = strrchr(name, '.');
	return openvpn_listeners(
		f, arena_printf(f->arena, "openvpn (%.*s)", (int)(end ? end - name : (ptrdiff_t)strlen(name)), name),
		text, ret_error);
}

const struct target target_openvpn = {
	.name = "openvpn",
	.summary = "OpenVPN servers, their clients' addresses and routes, and the clients' profiles",
	.doc = "A machine with role openvpn that a VPN names gets " OPENVPN_SERVER
	       "NAME.conf: a server on a socket of both families, with the VPN's networks. Each client has a file "
	       "in " OPENVPN_CCD "NAME/ with its addresses and the routes that are pushed to it, its own or else the "
	       "VPN's (all: the given "
	       "prefixes, every machine and what is routed to it), in the families that it has; who has none there "
	       "does "
	       "not get in. A VPN without clients lets every certificate in. The profiles are " OPENVPN_PROFILES
	       "NAME/CLIENT.ovpn, for the clients to take. The VPNs of a machine take the UDP ports of the service "
	       "openvpn in turn; without that service the first has 1194. "
	       "Keys are made on the machine, in " OPENVPN_PKI "NAME/ (ca.crt, server.crt, server.key, tls-crypt.key): "
	       "\"easyrsa build-ca\", \"easyrsa build-server-full "
	       "NAME nopass\", \"easyrsa build-client-full CLIENT nopass\", \"openvpn --genkey tls-crypt "
	       "tls-crypt.key\". "
	       "openvpn has no check of its own: it is started in a network namespace, without a device and with "
	       "stand-ins for the keys, up to the point where it would run; clients' files, which it reads when they "
	       "come, are read by a strict reader of hextet's.",
	.roles = 1U << ROLE_OPENVPN,
	.templates = (const char *const[]){ "openvpn/server.conf", "openvpn/ccd", "openvpn/client.ovpn", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl try-restart openvpn-server@*.service", NULL },
	.facts = facts,
};
