/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JVM sorts IPv4 addresses first unless java.net.preferIPv6Addresses is true, or system (since Java 9): the order of
 * getaddrinfo(). Much software connects to the first address only. On a dual-stack machine it is system, so that one
 * place, gai.conf, decides for all programs, and InetAddress.getLoopbackAddress() stays 127.0.0.1, to which old
 * software binds; where there is no IPv4, true. A machine without IPv6 gets nothing.
 *
 * systemd reads a drop-in in service.d for every service, whatever it is called. It is read before those in a service's
 * own folder, which can change it back.
 *
 * The template sees, beside machine and estate: value.
 */
#include "render/jvm_option.h"
#include "render/serves.h"
#include "render/target.h"
#include "render/unit_check.h"

#define DROPIN "/etc/systemd/system/service.d/60-hextet-java.conf"

static bool applies(const struct estate *e, const struct machine *m) {
	return serves_family(e, m, FAMILY_6);
}

static int files(struct target_run *r) {
	bool dual = serves_family(r->estate, r->machine, FAMILY_4);

	target_set(r, "value", value_text(r->arena, dual ? "system" : "true", NO_LOC));
	return target_file(r, DROPIN, "java/service.conf", 0644);
}

static int verify(struct verify_run *v) {
	struct str rest = v->files[0].text, line;
	uint32_t number = 0;
	int result = unit_check(v, DROPIN, "hextet-java.service");

	while (str_split(&rest, '\n', &line)) {
		const char *fault;

		number++;
		fault = jvm_option_fault(v->arena, line);
		if (fault)
			result = verify_complain(v, DROPIN, number, "hextet", fault);
	}
	return result;
}

const struct target target_java = {
	.name = "java",
	.summary = "the address family that Java prefers",
	.doc = "A machine with role java and an IPv6 address gets " DROPIN
	       ", which sets JAVA_TOOL_OPTIONS for all its services: without it a JVM tries IPv4 first. On a "
	       "dual-stack "
	       "machine -Djava.net.preferIPv6Addresses is system, the order of getaddrinfo() that all other programs "
	       "use "
	       "(Java 9 or newer; 8 takes it for false); on one without IPv4 it is true. A service that sets the "
	       "variable "
	       "itself does so in a drop-in of its own, which wins. Services take it when they are restarted. Checked "
	       "with systemd-analyze verify and a reader that refuses values that the JVM would ignore.",
	.roles = 1U << ROLE_JAVA,
	.templates = (const char *const[]){ "java/service.conf", NULL },
	.applies = applies,
	.files = files,
	.verify = verify,
	.reload = (const char *const[]){ "systemctl daemon-reload", NULL },
};
