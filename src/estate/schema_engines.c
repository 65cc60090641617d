/* SPDX-License-Identifier: Apache-2.0 */
/* The file format, part 2: the sections that the geo and guard engines run by. */
#include "estate/schema_rows.h"

static const struct field publish_fields[] = {
	{ "listen", TYPE_LISTENER, ONE, offsetof(struct publish, listen), FIELD_REQUIRED, .doc = "Where it is served" },
	{ "path", TYPE_PATH, ONE, offsetof(struct publish, path), .fallback = "/geo-exceptions.mmdb",
	  .doc = "Under which path" },
	{ "every", TYPE_DURATION, ONE, offsetof(struct publish, every), .min = 1, .max = 604800, .fallback = "5m",
	  .doc = "How often it is built" },
};
static const struct schema publish_schema = {
	.name = "publish",
	.doc = "Where the file is published.",
	SCHEMA(struct publish, publish_fields),
};

static const struct field geo_fields[] = {
	{ "exceptions", TYPE_TEXT, ONE, offsetof(struct geo_section, exceptions), FIELD_REQUIRED,
	  .doc = "sqlite:PATH, postgres:CONNECTION or csv:PATH" },
	{ "base", TYPE_PATH, ONE, offsetof(struct geo_section, base), .doc = "The country database to correct" },
	{ "publish", TYPE_STRUCT, ONE, offsetof(struct geo_section, publish), .sub = &publish_schema,
	  .doc = "Where the result is published" },
};
const struct schema geo_schema = {
	.name = "geo",
	.doc = "Countries that the base database gets wrong.",
	SCHEMA(struct geo_section, geo_fields),
};

static const struct field log_fields[] = {
	{ "file", TYPE_PATH, ONE, offsetof(struct guard_log, file), .doc = "A log file to follow" },
	{ "syslog", TYPE_LISTENER, ONE, offsetof(struct guard_log, syslog),
	  .doc = "Where to receive syslog, over UDP and TCP" },
	{ "socket", TYPE_PATH, ONE, offsetof(struct guard_log, socket), .doc = "A unix socket to receive syslog on" },
	{ "journal", TYPE_NAME, ONE, offsetof(struct guard_log, journal),
	  .doc = "A unit, to read from the systemd journal" },
	{ "format", TYPE_TEXT, ONE, offsetof(struct guard_log, format), FIELD_REQUIRED,
	  .doc = "nginx, haproxy, varnish, apache, json, sshd, or the server's own directive" },
};
static const struct schema log_schema = {
	.name = "log",
	.doc = "A source of access log lines.",
	SCHEMA(struct guard_log, log_fields),
};

static const struct field match_fields[] = {
	{ "path", TYPE_TEXT, LIST, offsetof(struct guard_match, path), .doc = "Path patterns, * for anything" },
	{ "status", TYPE_TEXT, LIST, offsetof(struct guard_match, status), .doc = "Status codes or classes: 401, 4xx" },
	{ "method", TYPE_NAME, LIST, offsetof(struct guard_match, method), .doc = "Request methods" },
	{ "host", TYPE_TEXT, LIST, offsetof(struct guard_match, host), .doc = "Host patterns" },
};
static const struct schema match_schema = {
	.name = "match",
	.doc = "Which requests a rule counts; all when empty.",
	SCHEMA(struct guard_match, match_fields),
};

static const struct field threshold_fields[] = {
	{ "count", TYPE_UINT, ONE, offsetof(struct guard_threshold, count), FIELD_REQUIRED, .min = 1, .max = 1000000000,
	  .doc = "Matching requests in the window that ban" },
	{ "children", TYPE_UINT, ONE, offsetof(struct guard_threshold, children), .min = 1, .max = 65536,
	  .doc = "Distinct bad networks of the next finer level that are needed too" },
	{ "ratio", TYPE_REAL, ONE, offsetof(struct guard_threshold, ratio), .max = 1,
	  .doc = "Share of all its requests that must be bad" },
};

#define THRESHOLD_SCHEMA(length_max)                                                                                   \
	{                                                                                                              \
		.name = "threshold", .doc = "When a network of this length is banned. A plain number is the count.",   \
		SCHEMA(struct guard_threshold, threshold_fields), .key_type = TYPE_UINT, .key_min = 0,                 \
		.key_max = (length_max), .key_doc = "a prefix length", .shorthand = "count",                           \
	}
static const struct schema threshold4_schema = THRESHOLD_SCHEMA(32);
static const struct schema threshold6_schema = THRESHOLD_SCHEMA(128);

static const struct field ban_fields[] = {
	{ "for", TYPE_DURATION, ONE, offsetof(struct guard_ban, time), FIELD_REQUIRED, .min = 1, .max = 31536000,
	  .doc = "How long the first ban lasts" },
	{ "grow", TYPE_REAL, ONE, offsetof(struct guard_ban, grow), .min = 1, .max = 100, .fallback = "1",
	  .doc = "How many times longer each repetition lasts" },
	{ "max", TYPE_DURATION, ONE, offsetof(struct guard_ban, max), .min = 1, .max = 31536000,
	  .doc = "The longest ban" },
};
static const struct schema ban_schema = {
	.name = "ban",
	.doc = "How long a ban lasts.",
	SCHEMA(struct guard_ban, ban_fields),
};

static const struct field rule_fields[] = {
	{ "match", TYPE_STRUCT, ONE, offsetof(struct guard_rule, match), .sub = &match_schema,
	  .doc = "Which requests count" },
	{ "window", TYPE_DURATION, ONE, offsetof(struct guard_rule, window), FIELD_REQUIRED, .min = 1, .max = 604800,
	  .doc = "Over which time" },
	{ "ipv4", TYPE_STRUCT, MAP, offsetof(struct guard_rule, ipv4), .sub = &threshold4_schema,
	  .doc = "Thresholds by IPv4 prefix length" },
	{ "ipv6", TYPE_STRUCT, MAP, offsetof(struct guard_rule, ipv6), .sub = &threshold6_schema,
	  .doc = "Thresholds by IPv6 prefix length" },
	{ "ban", TYPE_STRUCT, ONE, offsetof(struct guard_rule, ban), FIELD_REQUIRED, .sub = &ban_schema,
	  .doc = "The ban" },
};
static const struct schema rule_schema = {
	.name = "rule",
	.doc = "What is abuse, and what follows.",
	SCHEMA(struct guard_rule, rule_fields),
	.key_type = TYPE_NAME,
	.key_doc = "a rule's name",
};

static const struct field sink_fields[] = {
	{ "nft", TYPE_NAME, ONE, offsetof(struct guard_sink, nft), .doc = "An nftables table" },
	{ "haproxy", TYPE_PATH, ONE, offsetof(struct guard_sink, haproxy), .doc = "HAProxy's runtime socket" },
	{ "acl", TYPE_PATH, ONE, offsetof(struct guard_sink, acl), .doc = "The ACL file known to HAProxy" },
	{ "route", TYPE_TEXT, ONE, offsetof(struct guard_sink, route),
	  .doc = "A kernel routing table for blackhole routes" },
	{ "file", TYPE_PATH, ONE, offsetof(struct guard_sink, file), .doc = "A list to write" },
	{ "dry", TYPE_FLAG, ONE, offsetof(struct guard_sink, dry), .doc = "Print only" },
};
static const struct schema sink_schema = {
	.name = "sink",
	.doc = "Where bans take effect.",
	SCHEMA(struct guard_sink, sink_fields),
};

static const struct field guard_fields[] = {
	{ "logs", TYPE_STRUCT, LIST, offsetof(struct guard_section, logs), .sub = &log_schema, .doc = "What is read" },
	{ "trusted_proxies", TYPE_REF, LIST, offsetof(struct guard_section, trusted_proxies),
	  .kinds = REF_GROUP | REF_MACHINE | REF_ADDRESS | REF_PREFIX,
	  .kinds_doc = "a group, a machine, an address or a prefix", .doc = "Whose X-Forwarded-For is believed" },
	{ "never", TYPE_REF, LIST, offsetof(struct guard_section, never), .kinds = REF_ADDRESS | REF_PREFIX,
	  .kinds_doc = "an address or a prefix", .doc = "Never banned, besides the estate itself" },
	{ "rules", TYPE_STRUCT, MAP, offsetof(struct guard_section, rules), .sub = &rule_schema,
	  .doc = "What is abuse" },
	{ "sinks", TYPE_STRUCT, LIST, offsetof(struct guard_section, sinks), .sub = &sink_schema,
	  .doc = "Where bans take effect" },
	{ "memory", TYPE_SIZE, ONE, offsetof(struct guard_section, memory), .min = 1 << 20, .max = INT64_C(1) << 40,
	  .fallback = "256MiB", .doc = "The most memory that counters may take" },
	{ "state", TYPE_PATH, ONE, offsetof(struct guard_section, state), .fallback = "/var/lib/hextet/guard.db",
	  .doc = "The ban database" },
	{ "control", TYPE_PATH, ONE, offsetof(struct guard_section, control), .fallback = "/run/hextet/guard.sock",
	  .doc = "The socket on which the running guard is asked" },
	{ "metrics", TYPE_LISTENER, ONE, offsetof(struct guard_section, metrics),
	  .doc = "Where Prometheus reads /metrics; a loopback address, for it tells who is banned" },
	{ "reconcile", TYPE_DURATION, ONE, offsetof(struct guard_section, reconcile), .min = 1, .max = 86400,
	  .fallback = "10s", .doc = "How often the sinks are compared with the bans" },
};
const struct schema guard_schema = {
	.name = "guard",
	.doc = "From access logs to bans, per network.",
	SCHEMA(struct guard_section, guard_fields),
};
