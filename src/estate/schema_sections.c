/* SPDX-License-Identifier: Apache-2.0 */
/* The file format, part 1: every section but guard and geo. One row is one field; see conf/schema.h. */
#include "estate/schema_rows.h"

const char *const role_words[] = {
	[ROLE_DOCKER] = "docker",
	[ROLE_ELASTICSEARCH] = "elasticsearch",
	[ROLE_GITLAB] = "gitlab",
	[ROLE_HAPROXY] = "haproxy",
	[ROLE_ICINGA] = "icinga",
	[ROLE_JAVA] = "java",
	[ROLE_JENKINS] = "jenkins",
	[ROLE_JOOL] = "jool",
	[ROLE_KEEPALIVED] = "keepalived",
	[ROLE_KNOT] = "knot",
	[ROLE_LOGSTASH] = "logstash",
	[ROLE_NGINX] = "nginx",
	[ROLE_OPENVPN] = "openvpn",
	[ROLE_POSTGRESQL] = "postgresql",
	[ROLE_RADVD] = "radvd",
	[ROLE_TAYGA] = "tayga",
	[ROLE_UNBOUND] = "unbound",
	[ROLE_VARNISH] = "varnish",
	[_ROLE_MAX] = NULL,
};

const char *const check_severity_words[] = {
	[SEVERITY_IGNORE] = "ignore", [SEVERITY_NOTE] = "note", [SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",   [_SEVERITY_MAX] = NULL,
};

static const char *const monitoring_words[] = {
	[MONITORING_PING4] = "ping4",
	[MONITORING_PING6] = "ping6",
	[MONITORING_NONE] = "none",
	NULL,
};

#define PARTY (REF_ANY | REF_ALL | REF_GROUP | REF_MACHINE | REF_ADDRESS | REF_PREFIX)
#define PARTY_DOC "any, all, a group, a machine, an address or a prefix"
#define GROUPS_ROW(type, doc_text)                                                                                     \
	{                                                                                                              \
		"groups", TYPE_REF, LIST, offsetof(struct type, groups), .kinds = REF_GROUP, .kinds_doc = "a group",   \
									 .doc = doc_text                               \
	}
#define COMMENT_ROW(type)                                                                                              \
	{ "comment", TYPE_TEXT, ONE, offsetof(struct type, comment), .doc = "A note for people" }

static const struct field docker_network_fields[] = {
	{ "name", TYPE_NAME, ONE, offsetof(struct docker_network, name), FIELD_REQUIRED, .doc = "Its name in Docker" },
	{ "ipv4", TYPE_NET4, ONE, offsetof(struct docker_network, ipv4), .doc = "Its IPv4 subnet, behind NAT" },
};
static const struct schema docker_network_schema = {
	.name = "docker_network",
	.doc = "The Docker network that lives in a routed network.",
	SCHEMA(struct docker_network, docker_network_fields),
};

#define ROUTED_ROWS                                                                                                    \
	COMMENT_ROW(routed), GROUPS_ROW(routed, "Groups whose addresses include this network"), {                      \
		"docker_network", TYPE_STRUCT, ONE, offsetof(struct routed, docker_network),                           \
			.sub = &docker_network_schema,                                                                 \
			.doc = "The Docker network that uses it; without one, IPv6 goes to Docker's default bridge"    \
	}
static const struct field routed_fields[] = { ROUTED_ROWS };
static const struct schema routed4_schema = {
	.name = "routed network",
	.doc = "A network whose packets the provider or a router sends to this machine.",
	SCHEMA(struct routed, routed_fields),
	.key_type = TYPE_NET4,
	.key_doc = "an IPv4 network",
};
static const struct schema routed6_schema = {
	.name = "routed network",
	.doc = "An IPv6 network inside the machine's own routed prefix: containers, VPN clients.",
	SCHEMA(struct routed, routed_fields),
	.key_type = TYPE_NET6,
	.key_doc = "an IPv6 network",
};

static const struct field other_ip_fields[] = {
	COMMENT_ROW(other_ip),
	{ "monitoring", TYPE_WORD, ONE, offsetof(struct other_ip, monitoring), .words = monitoring_words,
	  .doc = "How it is watched; by its family when absent" },
};
static const struct schema other_ip4_schema = {
	.name = "other address",
	.doc = "A further IPv4 address of the machine.",
	SCHEMA(struct other_ip, other_ip_fields),
	.key_type = TYPE_IP4,
	.key_doc = "an IPv4 address",
};
static const struct schema other_ip6_schema = {
	.name = "other address",
	.doc = "A further IPv6 address of the machine.",
	SCHEMA(struct other_ip, other_ip_fields),
	.key_type = TYPE_IP6,
	.key_doc = "an IPv6 address",
};

static const struct field machine_fields[] = {
	GROUPS_ROW(machine, "The groups it belongs to; they give it its roles"),
	{ "ip", TYPE_IP4, ONE, offsetof(struct machine, ip), .doc = "Its IPv4 address" },
	{ "ipv6", TYPE_IP6, ONE, offsetof(struct machine, ipv6), .doc = "Its IPv6 address" },
	{ "routed_networks", TYPE_STRUCT, MAP, offsetof(struct machine, routed_networks), .sub = &routed4_schema,
	  .doc = "IPv4 networks behind it" },
	{ "routed_networks6", TYPE_STRUCT, MAP, offsetof(struct machine, routed_networks6), .sub = &routed6_schema,
	  .doc = "IPv6 networks behind it" },
	{ "other_ips", TYPE_STRUCT, MAP, offsetof(struct machine, other_ips), .sub = &other_ip4_schema,
	  .doc = "Further IPv4 addresses" },
	{ "other_ips6", TYPE_STRUCT, MAP, offsetof(struct machine, other_ips6), .sub = &other_ip6_schema,
	  .doc = "Further IPv6 addresses" },
	COMMENT_ROW(machine),
	{ "monitoring", TYPE_WORD, ONE, offsetof(struct machine, monitoring), .words = monitoring_words,
	  .doc = "How it is watched; both families when absent" },
	{ "interface", TYPE_NAME, ONE, offsetof(struct machine, interface), .fallback = "eth0",
	  .doc = "The interface with the default routes" },
	{ "mtu", TYPE_UINT, ONE, offsetof(struct machine, mtu), .min = 1280, .max = 65535,
	  .doc = "The MTU of that interface, when it is not the driver's (RFC 8200: at least 1280)" },
};
const struct schema machine_schema = {
	.name = "machine",
	.doc = "One machine of the database.",
	SCHEMA(struct machine, machine_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a machine's name",
};

static const struct field group_fields[] = {
	COMMENT_ROW(group),
	{ "roles", TYPE_WORD, LIST, offsetof(struct group, roles), .words = role_words,
	  .doc = "What runs on each of its machines" },
};
static const struct schema group_schema = {
	.name = "group",
	.doc = "Machines and networks that are treated alike.",
	SCHEMA(struct group, group_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a group's name",
};

static const struct field service_fields[] = {
	{ "tcp", TYPE_UINT, LIST, offsetof(struct service, tcp), .min = 1, .max = 65535, .doc = "TCP ports" },
	{ "udp", TYPE_UINT, LIST, offsetof(struct service, udp), .min = 1, .max = 65535, .doc = "UDP ports" },
	COMMENT_ROW(service),
};
static const struct schema service_schema = {
	.name = "service",
	.doc = "A name for ports.",
	SCHEMA(struct service, service_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a service's name",
};

static const struct field policy_fields[] = {
	{ "name", TYPE_TEXT, ONE, offsetof(struct policy, name), FIELD_REQUIRED,
	  .doc = "What it is for, in messages and rules" },
	{ "from", TYPE_REF, LIST, offsetof(struct policy, from), FIELD_REQUIRED, .kinds = PARTY, .kinds_doc = PARTY_DOC,
	  .doc = "Who opens the connection" },
	{ "to", TYPE_REF, LIST, offsetof(struct policy, to), FIELD_REQUIRED, .kinds = PARTY, .kinds_doc = PARTY_DOC,
	  .doc = "To whom" },
	{ "allow", TYPE_REF, LIST, offsetof(struct policy, allow), FIELD_REQUIRED, .kinds = REF_SERVICE,
	  .kinds_doc = "a service", .doc = "On which services" },
	COMMENT_ROW(policy),
};
static const struct schema policy_schema = {
	.name = "policy",
	.doc = "One line of who may talk to whom. Everything else is dropped.",
	SCHEMA(struct policy, policy_fields),
};

static const struct field given_fields[] = {
	COMMENT_ROW(given),
	{ "site", TYPE_NAME, ONE, offsetof(struct given, site), .doc = "Where it is used" },
	{ "per_machine", TYPE_UINT, ONE, offsetof(struct given, per_machine), .min = 0, .max = 128,
	  .doc = "The length of the share that is routed to each machine" },
	{ "gateway", TYPE_IP, ONE, offsetof(struct given, gateway),
	  .doc = "The default gateway of machines in it; a link-local one is reached through the machine's interface" },
};
static const struct schema given_schema = {
	.name = "prefix",
	.doc = "Address space that the estate was given.",
	SCHEMA(struct given, given_fields),
	.key_type = TYPE_NET,
	.key_doc = "a network",
};

static const struct field failover_fields[] = {
	{ "machines", TYPE_REF, LIST, offsetof(struct failover, machines), FIELD_REQUIRED, .kinds = REF_MACHINE,
	  .kinds_doc = "a machine", .doc = "Who may hold the addresses; the first is preferred" },
	{ "interface", TYPE_NAME, ONE, offsetof(struct failover, interface), FIELD_REQUIRED,
	  .doc = "Where VRRP speaks" },
	{ "vrid", TYPE_UINT, ONE, offsetof(struct failover, vrid), FIELD_REQUIRED, .min = 1, .max = 255,
	  .doc = "The virtual router id" },
	{ "ipv4", TYPE_IFADDR4, LIST, offsetof(struct failover, ipv4), .doc = "Virtual IPv4 addresses" },
	{ "ipv6", TYPE_IFADDR6, LIST, offsetof(struct failover, ipv6),
	  .doc = "Virtual IPv6 addresses; the first is link-local (RFC 9568)" },
	{ "track", TYPE_NAME, LIST, offsetof(struct failover, track),
	  .doc = "Services whose failure moves the addresses" },
	COMMENT_ROW(failover),
};
static const struct schema failover_schema = {
	.name = "failover entry",
	.doc = "Addresses that move between machines by VRRP.",
	SCHEMA(struct failover, failover_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a failover entry's name",
};

#define ROUTES_ROW(type)                                                                                               \
	{                                                                                                              \
		"routes", TYPE_REF, LIST, offsetof(struct type, routes),                                               \
			.kinds = REF_ALL | REF_ADDRESS | REF_PREFIX, .kinds_doc = "all, an address or a prefix",       \
			.doc = "What is pushed to the client; all: every prefix of the estate"                         \
	}
static const struct field vpn_client_fields[] = {
	{ "ipv4", TYPE_IP4, ONE, offsetof(struct vpn_client, ipv4), .doc = "Its fixed IPv4 address" },
	{ "ipv6", TYPE_IP6, ONE, offsetof(struct vpn_client, ipv6), .doc = "Its fixed IPv6 address" },
	ROUTES_ROW(vpn_client),
	COMMENT_ROW(vpn_client),
};
static const struct schema vpn_client_schema = {
	.name = "VPN client",
	.doc = "A client with addresses of its own.",
	SCHEMA(struct vpn_client, vpn_client_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a client's name",
};
static const struct field vpn_fields[] = {
	{ "machines", TYPE_REF, LIST, offsetof(struct vpn, machines), FIELD_REQUIRED, .kinds = REF_MACHINE,
	  .kinds_doc = "a machine", .doc = "The concentrators" },
	{ "ipv4", TYPE_NET4, ONE, offsetof(struct vpn, ipv4), .doc = "The clients' IPv4 network" },
	{ "ipv6", TYPE_NET6, ONE, offsetof(struct vpn, ipv6), .doc = "The clients' IPv6 network" },
	ROUTES_ROW(vpn),
	{ "clients", TYPE_STRUCT, MAP, offsetof(struct vpn, clients), .sub = &vpn_client_schema,
	  .doc = "Clients by name" },
	COMMENT_ROW(vpn),
};
static const struct schema vpn_schema = {
	.name = "VPN",
	.doc = "An OpenVPN server and its clients.",
	SCHEMA(struct vpn, vpn_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a VPN's name",
};

static const struct field lan_fields[] = {
	{ "router", TYPE_REF, ONE, offsetof(struct lan, router), FIELD_REQUIRED, .kinds = REF_MACHINE,
	  .kinds_doc = "a machine", .doc = "The machine that announces it" },
	{ "interface", TYPE_NAME, ONE, offsetof(struct lan, interface), FIELD_REQUIRED,
	  .doc = "The router's interface in it" },
	{ "ipv4", TYPE_NET4, ONE, offsetof(struct lan, ipv4), .doc = "Its IPv4 network" },
	{ "ipv6", TYPE_NET6, ONE, offsetof(struct lan, ipv6), .doc = "Its IPv6 network, a /64 for SLAAC" },
	GROUPS_ROW(lan, "Groups whose addresses include this LAN"),
	{ "rdnss", TYPE_IP6, LIST, offsetof(struct lan, rdnss), .doc = "Resolvers announced to it (RFC 8106)" },
	{ "domain", TYPE_NAME, ONE, offsetof(struct lan, domain), .doc = "The search domain announced to it" },
	COMMENT_ROW(lan),
};
static const struct schema lan_schema = {
	.name = "LAN",
	.doc = "A network of people's devices, with router advertisements.",
	SCHEMA(struct lan, lan_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a LAN's name",
};

static const struct field nat64_fields[] = {
	{ "machines", TYPE_REF, LIST, offsetof(struct nat64, machines), FIELD_REQUIRED, .kinds = REF_MACHINE,
	  .kinds_doc = "a machine", .doc = "Where the translator and the DNS64 resolver run" },
	{ "prefix", TYPE_NET6, ONE, offsetof(struct nat64, prefix), FIELD_REQUIRED,
	  .doc = "The translation prefix (RFC 6052)" },
	{ "ipv4_pool", TYPE_NET4, ONE, offsetof(struct nat64, ipv4_pool),
	  .doc = "IPv4 addresses that stand for clients" },
	{ "clients", TYPE_REF, LIST, offsetof(struct nat64, clients), .kinds = REF_GROUP, .kinds_doc = "a group",
	  .doc = "Who may use it" },
};
static const struct schema nat64_schema = {
	.name = "nat64",
	.doc = "NAT64 with DNS64: IPv4 for networks that have none.",
	SCHEMA(struct nat64, nat64_fields),
};

static const struct field endpoint_fields[] = {
	{ "to", TYPE_REF, LIST, offsetof(struct endpoint_name, to), FIELD_REQUIRED,
	  .kinds = REF_FAILOVER | REF_MACHINE | REF_GROUP, .kinds_doc = "a failover entry, a machine or a group",
	  .doc = "Whose addresses the name has" },
	{ "service", TYPE_REF, ONE, offsetof(struct endpoint_name, service), .kinds = REF_SERVICE,
	  .kinds_doc = "a service", .doc = "What is served there" },
	{ "paths", TYPE_PATH, LIST, offsetof(struct endpoint_name, paths), .doc = "What the trials fetch" },
	{ "only", TYPE_REF, LIST, offsetof(struct endpoint_name, only),
	  .kinds = REF_ALL | REF_GROUP | REF_MACHINE | REF_ADDRESS | REF_PREFIX,
	  .kinds_doc = "all, a group, a machine, an address or a prefix",
	  .doc = "Who may use it: web servers refuse everybody else; everybody when absent" },
	COMMENT_ROW(endpoint_name),
};
static const struct schema endpoint_schema = {
	.name = "endpoint",
	.doc = "A public name: DNS publishes it, trials fetch it over both families.",
	SCHEMA(struct endpoint_name, endpoint_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a public name",
};

static const struct field dns_fields[] = {
	{ "primary", TYPE_NAME, ONE, offsetof(struct dns, primary),
	  .doc = "The primary server named in the SOA; the first machine with role knot when absent" },
	{ "contact", TYPE_NAME, ONE, offsetof(struct dns, contact),
	  .doc = "The SOA's mailbox with a dot for the @; hostmaster.DOMAIN when absent" },
	{ "ttl", TYPE_DURATION, ONE, offsetof(struct dns, ttl), .min = 1, .max = 604800, .fallback = "1h",
	  .doc = "The records' time to live" },
	{ "negative_ttl", TYPE_DURATION, ONE, offsetof(struct dns, negative_ttl), .min = 1, .max = 86400,
	  .fallback = "5m", .doc = "How long \"there is no such record\" is remembered" },
	{ "serial", TYPE_UINT, ONE, offsetof(struct dns, serial), .min = 1, .max = UINT32_MAX, .fallback = "1",
	  .doc = "The SOA's serial, when the server does not count itself" },
};
static const struct schema dns_schema = {
	.name = "dns",
	.doc = "How zones are made.",
	SCHEMA(struct dns, dns_fields),
};

static const struct field check_override_fields[] = {
	{ "severity", TYPE_WORD, ONE, offsetof(struct check_override, severity), FIELD_REQUIRED,
	  .words = check_severity_words, .doc = "error, warning, note or ignore" },
};
static const struct schema check_override_schema = {
	.name = "check",
	.doc = "How loud a check is.",
	SCHEMA(struct check_override, check_override_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a check's name",
	.shorthand = "severity",
};

#define SECTION_MAP(key, member, schema_name, doc_text)                                                                \
	{ key, TYPE_STRUCT, MAP, offsetof(struct estate, member), .sub = &schema_name, .doc = doc_text }

static const struct field estate_fields[] = {
	{ "estate", TYPE_NAME, ONE, offsetof(struct estate, name), .doc = "The estate's name" },
	{ "domain", TYPE_NAME, ONE, offsetof(struct estate, domain), .doc = "The domain its names live in" },
	SECTION_MAP("checks", checks, check_override_schema, "Severities other than the built-in ones"),
	SECTION_MAP("prefixes", prefixes, given_schema, "The address plan: what the estate was given"),
	SECTION_MAP("groups", groups, group_schema, "Groups of machines and networks"),
	SECTION_MAP("services", services, service_schema, "Names for ports"),
	{ "policy", TYPE_STRUCT, LIST, offsetof(struct estate, policy), .sub = &policy_schema,
	  .doc = "Who may talk to whom" },
	SECTION_MAP("endpoints", endpoints, endpoint_schema, "Public names"),
	SECTION_MAP("failover", failover, failover_schema, "Addresses that move by VRRP"),
	SECTION_MAP("vpn", vpn, vpn_schema, "VPN servers"),
	SECTION_MAP("lans", lans, lan_schema, "Networks of people's devices"),
	{ "nat64", TYPE_STRUCT, ONE, offsetof(struct estate, nat64), .sub = &nat64_schema, .doc = "NAT64 and DNS64" },
	{ "dns", TYPE_STRUCT, ONE, offsetof(struct estate, dns), .sub = &dns_schema, .doc = "How zones are made" },
	{ "geo", TYPE_STRUCT, ONE, offsetof(struct estate, geo), .sub = &geo_schema, .doc = "Country exceptions" },
	{ "guard", TYPE_STRUCT, ONE, offsetof(struct estate, guard), .sub = &guard_schema, .doc = "Bans, per network" },
	SECTION_MAP("machines", machines, machine_schema,
		    "The machine database; in machines/ the files hold it directly"),
};
const struct schema estate_schema = {
	.name = "estate",
	.doc = "The sections of an estate. Each may be spread over several files.",
	SCHEMA(struct estate, estate_fields),
	.elsewhere = "machines go below \"machines:\" or into a file of the folder machines/",
};
