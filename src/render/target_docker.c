/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routed network without a docker_network of its own, and not a VPN's, is Docker's default bridge (check
 * docker-default-network: there is at most one). dockerd refuses to start with "ipv6" and no "fixed-cidr-v6"
 * (moby#29443), so both are written or neither.
 *
 * tests/lab/test_docker_lab.py runs dockerd on both files. With "ip6tables": true there would be `-A POSTROUTING -s
 * NETWORK ! -o BRIDGE -j MASQUERADE`: IPv6 translated to the host's address.
 *
 * The templates see, beside machine and estate: default_network (daemon.json; null: none) and networks (networks.sh),
 * the routed networks that have a docker_network.
 */
#include <errno.h>
#include <string.h>

#include "render/data.h"
#include "render/target.h"
#include "render/verify.h"

#define DAEMON_JSON "/etc/docker/daemon.json"
#define NETWORKS_SH "/etc/hextet/docker-networks.sh"

static bool is_vpn(const struct estate *e, struct prefix p) {
	LIST_EACH (struct vpn, v, &e->vpn)
		if (v->ipv6.at && prefix_covers(v->ipv6.prefix, p))
			return true;
	return false;
}

/* The network of the default bridge, or NULL. */
static const struct routed *default_network(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct routed, n, &m->routed_networks6)
		if (!n->docker_network && !is_vpn(e, n->network.prefix))
			return n;
	return NULL;
}

static bool applies(const struct estate *e, const struct machine *m) {
	LIST_EACH (struct routed, n, &m->routed_networks6)
		if (n->docker_network)
			return true;
	return default_network(e, m) != NULL;
}

static const struct value *named_networks(const struct target_run *r) {
	struct value *list = value_list(r->arena, NO_LOC);
	const struct value *machine = scope_get(&r->scope, key_of("machine", 7));
	const struct value *all = value_get(machine, key_of("routed_networks6", 16));

	for (uint32_t i = 0; i < all->list.n; i++)
		if (value_get(all->list.v[i], key_of("docker_network", 14))->kind == VALUE_DICT)
			value_list_push(r->arena, list, all->list.v[i]);
	return list;
}

static int files(struct target_run *r) {
	const struct routed *bridge = default_network(r->estate, r->machine);
	const struct value *networks = named_networks(r);
	int result;

	target_set(r, "default_network", bridge ? data_network(r->arena, &bridge->network) : &value_null);
	result = target_file(r, DAEMON_JSON, "docker/daemon.json", 0644);
	if (result == 0 && networks->list.n) {
		target_set(r, "networks", networks);
		result = target_file(r, NETWORKS_SH, "docker/networks.sh", 0755);
	}
	return result;
}

static bool says(struct str output, const char *words) {
	return memmem(output.s, output.len, words, strlen(words));
}

/*
 * Before 23.0 dockerd has no --validate (Debian 12's is 20.10). It reads its configuration before it asks whether it is
 * root, so in a user namespace where it is nobody, that question is as far as it gets, and only with a good file.
 */
static int verify_daemon_by_start(struct verify_run *v) {
	const char *const argv[] = {
		"unshare", "--user", "dockerd", "--config-file", verify_path(v, DAEMON_JSON), NULL
	};
	struct str output;
	int status, r = verify_exec(v, argv, 0, &status, &output);

	if (r == 0 && says(output, "needs to be started with root"))
		verify_passed(v, DAEMON_JSON);
	else if (r == 0 && says(output, "unable to configure the Docker daemon with file"))
		return verify_judge(v, DAEMON_JSON, "dockerd", status, output);
	else
		verify_missing(v, DAEMON_JSON, "dockerd 23 or newer");
	return 0;
}

static int verify_daemon(struct verify_run *v) {
	const char *const argv[] = { "dockerd", "--validate", "--config-file", verify_path(v, DAEMON_JSON), NULL };
	struct str output;
	int status, r = verify_exec(v, argv, 0, &status, &output);

	if (r == -ENOENT) {
		verify_missing(v, DAEMON_JSON, "dockerd");
		return 0;
	}
	if (r == 0 && says(output, "unknown flag"))
		return verify_daemon_by_start(v);
	return r < 0 ? r : verify_judge(v, DAEMON_JSON, "dockerd", status, output);
}

static int verify(struct verify_run *v) {
	int r = 0, script = 0;

	if (verify_path(v, DAEMON_JSON))
		r = verify_daemon(v);
	if (verify_path(v, NETWORKS_SH)) {
		const char *const argv[] = { "sh", "-n", verify_path(v, NETWORKS_SH), NULL };

		script = verify_file(v, NETWORKS_SH, argv, 0);
	}
	return r < 0 ? r : script;
}

const struct target target_docker = {
	.name = "docker",
	.summary = "Docker's daemon.json and the script that creates its networks",
	.doc = "A machine with role docker and routed IPv6 networks gets " DAEMON_JSON
	       ", whose default bridge uses the routed network that has no docker_network (and is no VPN's), "
	       "and " NETWORKS_SH
	       ", which creates the others; run it after dockerd has started: it changes nothing when run again, and "
	       "fails when a network of that name has other subnets. Docker's own ip6tables stay off, because they "
	       "would "
	       "hide containers behind the host's address: let the target nftables filter. docker-proxy stays off, "
	       "because "
	       "it would hide clients. daemon.json is replaced as a whole: settings of your own go into an override of "
	       "the template docker/daemon.json. Checked with dockerd --validate (before 23.0: a start that stops "
	       "after reading) and sh -n.",
	.roles = 1U << ROLE_DOCKER,
	.templates = (const char *const[]){ "docker/daemon.json", "docker/networks.sh", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	/* A reload (SIGHUP) takes none of these settings. The script is not on every machine. */
	.reload = (const char *const[]){ "systemctl restart docker", "find /etc -path " NETWORKS_SH " -exec sh {} +",
					 NULL },
};
