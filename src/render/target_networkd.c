/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates see `link`: name, is_uplink, is_lan, has_failover, forwards, vlan (its id or null), vlans (names of those
 * on it), addresses (address with length, comment or null), routes (kind: default, on-link or unreachable; destination,
 * gateway, gateway_on_link) and notes (texts).
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/link.h"
#include "render/networkd_read.h"
#include "render/target.h"
#include "render/verify.h"

#define FOLDER "/etc/systemd/network/10-hextet-"

static const void *prepare(const struct estate *e, struct arena *a) {
	return link_index_build(e, a);
}

static struct loc place_of(const struct node *at) {
	return at ? at->loc : NO_LOC;
}

/* A comment of the estate on one line: networkd ends lines at every control byte that could. */
static const struct value *one_line(struct arena *a, const struct scalar *s) {
	char *copy;

	if (!s || !s->s)
		return &value_null;
	copy = arena_dup(a, s->s, strlen(s->s));
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return value_text(a, copy, place_of(s->at));
}

static const struct value *addresses(struct arena *a, const struct link *l) {
	struct value *list = value_list(a, NO_LOC);

	for (const struct link_address *i = l->addresses; i; i = i->next) {
		struct value *d = value_dict(a, place_of(i->at));
		char text[IP_TEXT_MAX];

		(void)ip_format(i->ip, text);
		value_dict_set(a, d, "address",
			       value_text(a, arena_printf(a, "%s/%u", text, i->len - (ip_is_v4(i->ip) ? 96U : 0U)),
					  place_of(i->at)));
		value_dict_set(a, d, "comment", one_line(a, i->comment));
		value_list_push(a, list, d);
	}
	return list;
}

static const struct value *routes(struct arena *a, const struct link *l) {
	static const char *const kinds[] = {
		[LINK_ROUTE_DEFAULT] = "default",
		[LINK_ROUTE_ON_LINK] = "on-link",
		[LINK_ROUTE_UNREACHABLE] = "unreachable",
	};
	struct value *list = value_list(a, NO_LOC);

	for (const struct link_route *r = l->routes; r; r = r->next) {
		const struct loc loc = place_of(r->at);
		const bool is_default = r->kind == LINK_ROUTE_DEFAULT;
		struct value *d = value_dict(a, loc);

		value_dict_set(a, d, "kind", value_text(a, kinds[r->kind], loc));
		value_dict_set(a, d, "destination", is_default ? &value_null : value_prefix(a, r->destination, loc));
		value_dict_set(a, d, "gateway", is_default ? value_ip(a, r->gateway, loc) : &value_null);
		value_dict_set(a, d, "gateway_on_link", value_bool(a, r->gateway_on_link, loc));
		value_list_push(a, list, d);
	}
	return list;
}

static const struct value *link_value(struct arena *a, const struct links *links, const struct link *l) {
	const struct loc loc = place_of(l->at);
	struct value *d = value_dict(a, loc), *vlans = value_list(a, loc), *notes = value_list(a, loc);

	for (const struct link *v = l->first_vlan; v; v = v->next_vlan)
		value_list_push(a, vlans, value_text(a, v->name, place_of(v->at)));
	for (const struct link_note *n = l->notes; n; n = n->next)
		value_list_push(a, notes, value_text(a, n->text, NO_LOC));
	value_dict_set(a, d, "name", value_text(a, l->name, loc));
	value_dict_set(a, d, "is_uplink", value_bool(a, l->is_uplink, loc));
	value_dict_set(a, d, "is_lan", value_bool(a, l->is_lan, loc));
	value_dict_set(a, d, "has_failover", value_bool(a, l->has_failover, loc));
	value_dict_set(a, d, "forwards", value_bool(a, links->forwards && (l->is_uplink || l->is_lan), loc));
	value_dict_set(a, d, "vlan", l->vlan < 0 ? &value_null : value_int(a, l->vlan, loc));
	value_dict_set(a, d, "vlans", vlans);
	value_dict_set(a, d, "addresses", addresses(a, l));
	value_dict_set(a, d, "routes", routes(a, l));
	value_dict_set(a, d, "notes", notes);
	return d;
}

static int link_files(struct target_run *r, const struct links *links, const struct link *l) {
	const char *fault = link_name_fault(l->name);
	int result = 0;

	if (fault) {
		diag_error(r->diags, "networkd", place_of(l->at), "Linux allows 15 characters",
			   "interface \"%s\" cannot exist: its name %s", l->name, fault);
		return -EINVAL;
	}
	target_set(r, "link", link_value(r->arena, links, l));
	if (l->vlan >= 0)
		result = target_file(r, arena_printf(r->arena, FOLDER "%s.netdev", l->name), "networkd/netdev", 0644);
	if (result == 0)
		result = target_file(r, arena_printf(r->arena, FOLDER "%s.network", l->name), "networkd/network", 0644);
	return result;
}

static int files(struct target_run *r) {
	struct links links;
	int result = 0;

	links_build(r->estate, r->shared, r->machine, r->arena, &links);
	for (const struct link *l = links.first; l; l = l->next) {
		int one = link_files(r, &links, l);

		result = result ? result : one;
	}
	return result;
}

struct reading {
	struct verify_run *run;
	const char *path;
};

static void report(uint32_t line, const char *message, void *user) {
	const struct reading *reading = user;

	(void)verify_complain(reading->run, reading->path, line, "hextet's reader of networkd files", message);
}

static int verify(struct verify_run *v) {
	int result = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct output_file *f = &v->files[i];
		const char *dot = strrchr(f->path, '.');
		struct reading reading = { v, f->path };
		const enum networkd_kind kind = dot && strcmp(dot, ".netdev") == 0 ? NETWORKD_NETDEV : NETWORKD_NETWORK;

		if (networkd_read(f->text, kind, report, &reading))
			result = -EINVAL;
		else
			verify_passed(v, f->path);
	}
	return result;
}

const struct target target_networkd = {
	.name = "networkd",
	.summary = "addresses and routes of every interface, for systemd-networkd",
	.doc = "Every machine gets " FOLDER
	       "INTERFACE.network for its uplink, for the interfaces of LANs it is router of "
	       "and of failover entries it takes part in; an interface PARENT.ID is a VLAN and also gets a .netdev. An "
	       "address in a prefix with per_machine, or in none, stands alone (/32, /128) and its gateway is taken to "
	       "be "
	       "on the link; otherwise the prefix is the link (IPv6: a /64). The default routes are the gateway of the "
	       "prefixes that the addresses lie in; a file without one says which key to write. What is routed to the "
	       "machine and taken by nobody is unreachable, so that packets do not travel back and forth. Virtual "
	       "addresses are keepalived's, bridges are Docker's, tun devices OpenVPN's. networkd has no check of its "
	       "own: the files are read by a strict reader of hextet's.",
	.roles = 0,
	.templates = (const char *const[]){ "networkd/netdev", "networkd/network", NULL },
	.prepare = prepare,
	.files = files,
	.verify = verify,
	/* It reads all files and configures anew what has changed. */
	.reload = (const char *const[]){ "networkctl reload", NULL },
	.withdraw = (const char *const[]){ "networkctl reload", NULL },
};
