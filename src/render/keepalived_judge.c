/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The estate's checks look at what was written there; this looks at what keepalived will read, so that a template of
 * the user's own cannot move an address that belongs to somebody else. keepalived adds addresses without duplicate
 * address detection: nothing later would notice.
 */
#include <errno.h>
#include <string.h>

#include "estate/claims.h"
#include "estate/family.h"
#include "render/keepalived.h"
#include "render/keepalived_read.h"

struct judge {
	struct verify_run *run;
	const struct keepalived_conf *conf;
	int result;
};

int keepalived_place(const struct failover *f, const struct machine *m) {
	int place = 0;

	LIST_EACH (struct ref, ref, &f->machines) {
		if (ref->to == m)
			return place;
		place++;
	}
	return -1;
}

static void complain(struct judge *j, uint32_t line, const char *fmt, ...) _printf_(3, 4);
static void complain(struct judge *j, uint32_t line, const char *fmt, ...) {
	va_list ap;
	const char *message;

	va_start(ap, fmt);
	message = arena_vprintf(j->run->arena, fmt, ap);
	va_end(ap);
	j->result = verify_complain(j->run, KEEPALIVED_CONF, line, "hextet's reader of keepalived.conf", message);
}

#define SHOW(text) (int)MIN((text).len, (size_t)60), (text).s

/* The virtual address of one of this machine's entries, or NULL. */
static const struct ifaddr *own_vip(const struct judge *j, struct ip ip, const struct failover **ret_f) {
	LIST_EACH (struct failover, f, &j->run->estate->failover) {
		if (keepalived_place(f, j->run->machine) < 0)
			continue;
		*ret_f = f;
		LIST_EACH (struct ifaddr, vip, ip_is_v4(ip) ? &f->ipv4 : &f->ipv6)
			if (ip_equal(vip->ip, ip))
				return vip;
	}
	return NULL;
}

/* Whose it is otherwise, for the message. */
static const char *owner_of(const struct judge *j, struct ip ip) {
	const struct estate *e = j->run->estate;

	for (size_t i = claims_find(e, ip); i < e->claim_count && ip_equal(e->claims[i].prefix.ip, ip); i++)
		if (e->claims[i].prefix.len == 128)
			return arena_printf(j->run->arena, "it belongs to %s",
					    claim_describe(j->run->arena, &e->claims[i]));
	return "the estate does not know it";
}

static void judge_vip(struct judge *j, const struct keepalived_instance *i, const struct keepalived_vip *vip) {
	const struct failover *f = NULL;
	const struct ifaddr *own;

	if (!vip->valid) {
		complain(j, vip->line, "\"%.*s\" is not an address", SHOW(vip->text));
		return;
	}
	own = own_vip(j, vip->ip, &f);
	if (!own)
		complain(j, vip->line, "%.*s is not a failover address of this machine: %s", SHOW(vip->text),
			 owner_of(j, vip->ip));
	else if (own->len != vip->len)
		complain(j, vip->line, "%.*s has another prefix length than in the entry %s of the estate",
			 SHOW(vip->text), f->name.s);
	else if (!str_is(i->interface, f->interface.s))
		complain(j, vip->line, "%.*s is to be on %s, not on %.*s", SHOW(vip->text), f->interface.s,
			 SHOW(i->interface));
}

/* The first address decides on the family and, in IPv6, is the virtual router's own. */
static void judge_instance(struct judge *j, const struct keepalived_instance *i) {
	const struct keepalived_vip *first = NULL;

	for (size_t k = 0; k < i->vips.n; k++) {
		const struct keepalived_vip *vip = &i->vips.v[k];

		judge_vip(j, i, vip);
		if (!vip->valid || vip->excluded)
			continue;
		if (!first && !ip_is_v4(vip->ip) && !ip_is_link_local(vip->ip))
			complain(j, vip->line, "the first IPv6 address of %.*s is not link-local (RFC 9568)",
				 SHOW(i->name.name));
		first = first ? first : vip;
		if (ip_family(first->ip) != ip_family(vip->ip))
			complain(j, vip->line, "%.*s is not of the family of %.*s, line %u: keepalived leaves it out",
				 SHOW(vip->text), SHOW(first->text), first->line);
	}
	if (!first)
		complain(j, i->name.line, "%.*s has no address to move", SHOW(i->name.name));
}

static const struct keepalived_vip *find_vip(const struct judge *j, struct ip ip, const struct keepalived_vip *before) {
	for (size_t i = 0; i < j->conf->instances.n; i++) {
		const struct keepalived_instance *in = &j->conf->instances.v[i];

		for (size_t k = 0; k < in->vips.n; k++) {
			if (&in->vips.v[k] == before)
				return NULL;
			if (in->vips.v[k].valid && ip_equal(in->vips.v[k].ip, ip))
				return &in->vips.v[k];
		}
	}
	return NULL;
}

static void judge_twice(struct judge *j, const struct keepalived_instance *i) {
	for (size_t k = 0; k < i->vips.n; k++) {
		const struct keepalived_vip *vip = &i->vips.v[k], *other;

		other = vip->valid ? find_vip(j, vip->ip, vip) : NULL;
		if (other && !ip_is_link_local(vip->ip))
			complain(j, vip->line, "%.*s is there twice, the first time in line %u", SHOW(vip->text),
				 other->line);
	}
}

static void judge_missing(struct judge *j, const struct failover *f, const struct list *vips) {
	LIST_EACH (struct ifaddr, vip, vips) {
		char text[IP_TEXT_MAX];

		(void)ip_format(vip->ip, text);
		if (!find_vip(j, vip->ip, NULL))
			complain(j, 0, "%s of the entry %s is missing", text, f->name.s);
	}
}

static bool has_member(const struct keepalived_group *g, struct str name) {
	for (size_t i = 0; i < g->members.n; i++)
		if (str_eq(g->members.v[i].name, name))
			return true;
	return false;
}

static bool move_together(const struct judge *j, struct str a, struct str b) {
	for (size_t i = 0; i < j->conf->groups.n; i++)
		if (has_member(&j->conf->groups.v[i], a) && has_member(&j->conf->groups.v[i], b))
			return true;
	return false;
}

static enum family family_of(const struct keepalived_instance *i) {
	return i->vips.n && i->vips.v[0].valid ? ip_family(i->vips.v[0].ip) : 0;
}

/* Two instances under one id on one interface are the families of one virtual router, or take each other for it. */
static void judge_pairs(struct judge *j, const struct keepalived_instance *a) {
	for (const struct keepalived_instance *b = j->conf->instances.v; b < a; b++) {
		if (a->vrid != b->vrid || !str_eq(a->interface, b->interface) || !a->vrid)
			continue;
		if (family_of(a) == family_of(b))
			complain(j, a->name.line, "%.*s and %.*s are both virtual router %u on %.*s",
				 SHOW(b->name.name), SHOW(a->name.name), a->vrid, SHOW(a->interface));
		else if (!move_together(j, a->name.name, b->name.name))
			complain(j, a->name.line, "%.*s and %.*s are in no sync group: the families can move apart",
				 SHOW(b->name.name), SHOW(a->name.name));
	}
}

static void judge_track(struct judge *j, const struct keepalived_name *track) {
	for (size_t i = 0; i < j->conf->scripts.n; i++)
		if (str_eq(j->conf->scripts.v[i].name.name, track->name))
			return;
	complain(j, track->line, "there is no vrrp_script %.*s", SHOW(track->name));
}

static void judge_tracks(struct judge *j) {
	for (size_t i = 0; i < j->conf->instances.n; i++)
		for (size_t k = 0; k < j->conf->instances.v[i].track.n; k++)
			judge_track(j, &j->conf->instances.v[i].track.v[k]);
	for (size_t i = 0; i < j->conf->groups.n; i++)
		for (size_t k = 0; k < j->conf->groups.v[i].track.n; k++)
			judge_track(j, &j->conf->groups.v[i].track.v[k]);
	for (size_t i = 0; i < j->conf->scripts.n; i++) {
		const struct keepalived_script *s = &j->conf->scripts.v[i];

		if (!s->command_line || !s->command.len || s->command.s[0] != '/')
			complain(j, s->command_line ? s->command_line : s->name.line,
				 "the script of %.*s is no absolute path: PATH would say what runs",
				 SHOW(s->name.name));
	}
}

int keepalived_judge(struct verify_run *v) {
	struct keepalived_conf conf;
	struct judge j = { v, &conf, 0 };
	struct str text = { 0 };
	const char *error;
	uint32_t line;

	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, KEEPALIVED_CONF) == 0)
			text = v->files[i].text;
	if (keepalived_read(text, &conf, &error, &line) < 0)
		complain(&j, line, "%s", error);
	for (size_t i = 0; i < conf.instances.n && j.result == 0; i++) {
		judge_instance(&j, &conf.instances.v[i]);
		judge_twice(&j, &conf.instances.v[i]);
		judge_pairs(&j, &conf.instances.v[i]);
	}
	if (j.result == 0)
		judge_tracks(&j);
	LIST_EACH (struct failover, f, &v->estate->failover)
		if (j.result == 0 && keepalived_place(f, v->machine) >= 0) {
			judge_missing(&j, f, &f->ipv4);
			judge_missing(&j, f, &f->ipv6);
		}
	keepalived_conf_done(&conf);
	return j.result;
}
