/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The estate: what the files say, typed, with names resolved. Const after estate_load().
 *
 * Fields above a struct's `derived` line are loaded by the rows in schema_*.c; those below are computed by resolve.c.
 * Pointers go up and down freely: everything lives in the estate's arena.
 */
#pragma once

#include "base/map.h"
#include "conf/schema.h"

/* What a name may stand for (struct ref, kinds and kind). */
enum ref_kind {
	REF_ANY = 1 << 0,      /* the word "any": every address there is */
	REF_ALL = 1 << 1,      /* the word "all": every machine and routed network of the estate */
	REF_GROUP = 1 << 2,    /* to: struct group */
	REF_MACHINE = 1 << 3,  /* to: struct machine */
	REF_SERVICE = 1 << 4,  /* to: struct service */
	REF_FAILOVER = 1 << 5, /* to: struct failover */
	REF_ADDRESS = 1 << 6,  /* .prefix, a host */
	REF_PREFIX = 1 << 7,   /* .prefix */
};

/* What runs on a machine. A group gives its roles to its members; a role chooses render targets. */
enum role {
	ROLE_DOCKER,
	ROLE_ELASTICSEARCH,
	ROLE_GITLAB,
	ROLE_HAPROXY,
	ROLE_ICINGA,
	ROLE_JAVA,
	ROLE_JENKINS,
	ROLE_JOOL,
	ROLE_KEEPALIVED,
	ROLE_KNOT,
	ROLE_LOGSTASH,
	ROLE_NGINX,
	ROLE_OPENVPN,
	ROLE_POSTGRESQL,
	ROLE_RADVD,
	ROLE_TAYGA,
	ROLE_UNBOUND,
	ROLE_VARNISH,
	_ROLE_MAX
};
extern const char *const role_words[]; /* by enum role, NULL-terminated */

struct machine;
struct endpoint_name;

struct group {
	struct scalar name;
	struct scalar comment;
	struct list roles; /* struct word: enum role */
	/* derived */
	const struct machine **machines; /* members, in the order of the files */
	uint32_t machine_count;
	const struct routed **networks; /* routed networks that say they belong here */
	uint32_t network_count;
	const struct lan **lans;
	uint32_t lan_count;
	unsigned role_bits; /* 1 << enum role */
	uint32_t index;     /* position in estate.groups */
};

struct docker_network {
	struct scalar name;
	struct network ipv4;
};

/* A network that is routed to a machine: containers, VPN clients. */
struct routed {
	struct network network;
	struct scalar comment;
	struct list groups; /* struct ref */
	struct docker_network *docker_network;
	/* derived */
	const struct machine *machine;
};

enum monitoring { MONITORING_PING4, MONITORING_PING6, MONITORING_NONE };

struct other_ip {
	struct address address;
	struct scalar comment;
	struct word monitoring; /* enum monitoring; at NULL: by family */
};

struct machine {
	struct scalar name; /* fully qualified */
	struct list groups; /* struct ref */
	struct address ip, ipv6;
	struct list routed_networks, routed_networks6; /* struct routed */
	struct list other_ips, other_ips6;             /* struct other_ip */
	struct scalar comment;
	struct word monitoring;
	struct scalar interface;
	struct number mtu;
	/* derived */
	unsigned role_bits;
	const struct given *given4, *given6;    /* the estate prefix its address lies in, or NULL */
	struct prefix subnet6;                  /* its share of given6 (per_machine), or its address as /128 */
	const struct endpoint_name **endpoints; /* the public names it answers for, in the order of the files */
	uint32_t endpoint_count;
	const struct failover **failover; /* the entries that may give it their addresses */
	uint32_t failover_count;
};

/* A prefix that the estate was given. */
struct given {
	struct network network;
	struct scalar comment, site;
	struct number per_machine; /* as written: in the prefix's own family */
	struct address gateway;
};

struct service {
	struct scalar name;
	struct list tcp, udp; /* struct number */
	struct scalar comment;
};

struct policy {
	struct scalar name;
	struct list from;  /* struct ref: any, all, groups, machines, addresses, prefixes */
	struct list to;    /* struct ref: the same */
	struct list allow; /* struct ref: services */
	struct scalar comment;
	/* derived */
	const struct node *at; /* the whole line */
};

struct failover {
	struct scalar name;
	struct list machines; /* struct ref, first is preferred */
	struct scalar interface;
	struct number vrid;
	struct list ipv4, ipv6; /* struct ifaddr */
	struct list track;      /* struct scalar: services whose failure moves the addresses */
	struct scalar comment;
};

struct vpn_client {
	struct scalar name;
	struct address ipv4, ipv6;
	struct list routes; /* struct ref: all, prefixes, addresses */
	struct scalar comment;
};

struct vpn {
	struct scalar name;
	struct list machines; /* struct ref */
	struct network ipv4, ipv6;
	struct list routes;  /* struct ref */
	struct list clients; /* struct vpn_client */
	struct scalar comment;
};

struct lan {
	struct scalar name;
	struct ref router;
	struct scalar interface;
	struct network ipv4, ipv6;
	struct list groups; /* struct ref */
	struct list rdnss;  /* struct address */
	struct scalar domain;
	struct scalar comment;
};

struct nat64 {
	struct list machines; /* struct ref */
	struct network prefix, ipv4_pool;
	struct list clients; /* struct ref: groups */
};

struct endpoint_name {
	struct scalar name; /* public, fully qualified */
	struct list to;     /* struct ref: failover entries, machines, groups */
	struct ref service;
	struct list paths; /* struct scalar */
	struct list only;  /* struct ref: who may use it; `at` NULL: everybody */
	struct scalar comment;
};

struct dns {
	struct scalar primary; /* of the SOA; default: the first machine with role knot */
	struct scalar contact; /* mailbox of the SOA */
	struct number ttl, negative_ttl, serial;
};

struct publish {
	struct listener listen;
	struct scalar path;
	struct number every;
};

struct geo_section {
	struct scalar exceptions, base;
	struct publish *publish;
};

struct guard_log {
	struct scalar file, socket, journal, format;
	struct listener syslog;
};

struct guard_match {
	struct list path, status, method, host; /* struct scalar */
};

struct guard_threshold {
	struct number len; /* as written: 32, 64 */
	struct number count, children;
	struct real ratio;
};

struct guard_ban {
	struct number time, max; /* seconds */
	struct real grow;
};

struct guard_rule {
	struct scalar name;
	struct guard_match *match;
	struct number window;
	struct list ipv4, ipv6; /* struct guard_threshold */
	struct guard_ban *ban;
};

struct guard_sink {
	struct scalar nft, haproxy, acl, route, file;
	struct flag dry;
};

struct guard_section {
	struct list logs;
	struct list trusted_proxies; /* struct ref */
	struct list never;           /* struct ref: prefixes, addresses */
	struct list rules, sinks;
	struct number memory, reconcile;
	struct scalar state, control;
	struct listener metrics;
};

struct check_override {
	struct scalar name;
	struct word severity; /* as in check_severity_words */
};
extern const char *const check_severity_words[]; /* by enum severity, NULL-terminated */

struct estate {
	struct scalar name, domain;
	struct list checks; /* struct check_override */
	struct list machines, groups, services, policy, prefixes, failover, vpn, lans, endpoints;
	struct nat64 *nat64;
	struct dns *dns;
	struct geo_section *geo;
	struct guard_section *guard;
	/* derived */
	struct arena *arena;
	struct sources *sources;
	const char *folder; /* as given */
	struct map machine_by_name, group_by_name, service_by_name, failover_by_name;
	struct node *root;    /* all sections merged; NULL for an empty estate */
	struct claim *claims; /* every use of address space, sorted: see claims.h */
	size_t claim_count;
	unsigned unread;     /* files and sections that could not be read or parsed: names may be in there */
	unsigned unreadable; /* of these, the ones that the system refused to hand out */
	bool unsure;         /* a file of sections is among `unread`: severities may have been changed there */
	bool loaded;         /* false when something did not load: findings may be missing */
};

extern const struct schema estate_schema, machine_schema;
