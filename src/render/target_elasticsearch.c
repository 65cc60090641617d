/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elasticsearch publishes one address to other nodes and clients. Left alone it prefers IPv4, as every JVM does, and
 * then a node without IPv4 is never found; so it is told the one that all nodes can reach.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "conf/yaml.h"
#include "render/cluster.h"
#include "render/data.h"
#include "render/target.h"
#include "render/verify.h"

#define YML "/etc/elasticsearch/elasticsearch.yml"
#define FOLDER "/etc/hextet/elasticsearch"
#define TEMPLATE FOLDER "/access-template.json"
#define PUT FOLDER "/put-template.sh"

/* It does not start when one of these is missing, as ::1 is where IPv6 is switched off. */
static const struct value *hosts(const struct target_run *r) {
	const struct value *own = cluster_own(r->machine, r->arena);
	struct value *list = value_list(r->arena, NO_LOC);

	value_list_push(r->arena, list, value_ip(r->arena, ip_from_v4(0x7f000001), NO_LOC));
	if (r->machine->ipv6.at || r->machine->other_ips6.n)
		value_list_push(r->arena, list, value_ip(r->arena, (struct ip){ 0, 1 }, NO_LOC));
	for (uint32_t i = 0; i < own->list.n; i++)
		value_list_push(r->arena, list, own->list.v[i]);
	return list;
}

static int files(struct target_run *r) {
	const struct estate *e = r->estate;
	const int family = cluster_family(e, ROLE_ELASTICSEARCH);
	int result;

	target_set(r, "hosts", hosts(r));
	target_set(r, "publish",
		   family ? data_ip(r->arena, family == 6 ? &r->machine->ipv6 : &r->machine->ip) : &value_null);
	target_set(r, "seeds", cluster_addresses(e, ROLE_ELASTICSEARCH, r->machine, r->arena));
	target_set(r, "http_port", value_int(r->arena, cluster_port(e, "elastic", 0, 9200), NO_LOC));
	target_set(r, "transport_port", value_int(r->arena, cluster_port(e, "elastic", 1, 9300), NO_LOC));
	result = target_file(r, YML, "elasticsearch/elasticsearch.yml", 0644);
	if (result == 0)
		result = target_file(r, TEMPLATE, "elasticsearch/access-template.json", 0644);
	return result == 0 ? target_file(r, PUT, "elasticsearch/put-template.sh", 0755) : result;
}

static struct str text_of_file(const struct verify_run *v, const char *path) {
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return v->files[i].text;
	return (struct str){ 0 };
}

static int bad_address(struct verify_run *v, const struct node *at, struct ip_fault fault) {
	return verify_complain(v, YML, at->loc.line, "hextet",
			       arena_printf(v->arena, "'%.*s' is not such an address: %s", (int)at->text.len,
					    at->text.s, ip_error_hint(fault.error)));
}

/* with_port: as in discovery.seed_hosts, where IPv6 wants brackets; elsewhere they are refused. */
static int check_item(struct verify_run *v, const struct node *at, bool with_port) {
	struct ip_fault fault = { IP_ERR_PORT, 0 };
	struct endpoint e;
	struct ip ip;

	if (at->kind != NODE_SCALAR)
		return verify_complain(v, YML, at->loc.line, "hextet", "an address is missing here");
	if (with_port)
		return endpoint_parse(at->text.s, at->text.len, &e, &fault) == 0 && e.port > 0
			       ? 0
			       : bad_address(v, at, fault);
	return ip_parse(at->text.s, at->text.len, &ip, &fault) == 0 ? 0 : bad_address(v, at, fault);
}

static int check_addresses(struct verify_run *v, const struct node *root, const char *key, bool with_port) {
	const struct node *at = root ? node_get(root, key) : NULL;
	int result = 0;

	if (!at)
		return 0;
	if (at->kind != NODE_SEQ)
		return check_item(v, at, with_port);
	NODE_EACH (item, at)
		result = check_item(v, item, with_port) < 0 ? -EINVAL : result;
	return result;
}

/* Every finding about the YAML becomes one about the template's line. */
static int check_yml(struct verify_run *v) {
	struct sources sources;
	struct diags diags;
	struct node *root = NULL;
	struct str text = text_of_file(v, YML);
	int result = 0;

	sources_init(&sources, v->arena);
	diags_init(&diags, v->arena, &sources);
	(void)yaml_parse(v->arena, &diags, sources_add(&sources, YML, text.s, text.len), &root);
	for (size_t i = 0; i < diags.list.n; i++)
		result = verify_complain(v, YML, diags.list.v[i].loc.line, "hextet", diags.list.v[i].message);
	if (result == 0) {
		const int here = check_addresses(v, root, "network.host", false),
			  there = check_addresses(v, root, "network.publish_host", false),
			  others = check_addresses(v, root, "discovery.seed_hosts", true);

		result = here < 0 || there < 0 || others < 0 ? -EINVAL : 0;
	}
	if (result == 0)
		verify_passed(v, YML);
	diags_done(&diags);
	sources_done(&sources);
	return result;
}

/* Addresses that are not of type ip cannot be searched by prefix; a network of type ip loses its length. */
static int check_template(struct verify_run *v) {
	static const struct {
		const char *name, *type;
	} rows[] = {
		{ "client_ip", "ip" }, { "id_client_ip", "ip" }, { "id_frontend_ip", "ip" }, { "client_net", "keyword" }
	};
	const struct str text = text_of_file(v, TEMPLATE);
	json_error_t error;
	json_t *root = json_loadb(text.s, text.len, JSON_REJECT_DUPLICATES, &error), *properties;
	int result = 0;

	if (!root)
		return verify_complain(v, TEMPLATE, (uint32_t)MAX(error.line, 1), "hextet", error.text);
	properties = json_object_get(json_object_get(json_object_get(root, "template"), "mappings"), "properties");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *type =
			json_string_value(json_object_get(json_object_get(properties, rows[i].name), "type"));

		if (!type || strcmp(type, rows[i].type) != 0)
			result = verify_complain(
				v, TEMPLATE, 0, "hextet",
				arena_printf(v->arena, "the type of %s is not %s", rows[i].name, rows[i].type));
	}
	json_decref(root);
	if (result == 0)
		verify_passed(v, TEMPLATE);
	return result;
}

static int verify(struct verify_run *v) {
	const char *const argv[] = { "sh", "-n", verify_path(v, PUT), NULL };
	const int yml = check_yml(v), template = check_template(v), script = verify_file(v, PUT, argv, 0);

	return yml < 0 ? yml : template <0 ? template : script;
}

const struct target target_elasticsearch = {
	.name = "elasticsearch",
	.summary = "Elasticsearch over both families, and the index template of the access logs",
	.doc = "A machine with role elasticsearch gets " YML ", " TEMPLATE " and " PUT
	       ", which gives a running cluster the template. Nodes listen on the loopback and their own addresses, on "
	       "the "
	       "first two TCP ports of the service called elastic, or 9200 and 9300, tell others the address in the "
	       "family that "
	       "all of them have (IPv6 if both), and look for each other over both. client_ip is of type ip; "
	       "client_net, as the "
	       "target logstash makes it, is a keyword, because an ip has no length and an ip_range makes no buckets: "
	       "so terms "
	       "on client_net count per /64. elasticsearch.yml is replaced as a whole; certificates and passwords stay "
	       "those "
	       "that the package made. Nothing restarts Elasticsearch but you. Checked by readers of our own (YAML, "
	       "JSON, the "
	       "types of addresses) and sh -n: Elasticsearch itself is not in Debian.",
	.roles = 1U << ROLE_ELASTICSEARCH,
	.templates = (const char *const[]){ "elasticsearch/elasticsearch.yml", "elasticsearch/access-template.json",
					    "elasticsearch/put-template.sh", NULL },
	.files = files,
	.verify = verify,
};
