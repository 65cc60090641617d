/* SPDX-License-Identifier: Apache-2.0 */
#include "render/knot_check.h"

#include <errno.h>
#include <string.h>

#define KEY                                                                                                            \
	"key:\n  - id: hextet\n    algorithm: hmac-sha256\n    secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define ZONES "zone:\n  - domain: \"stand.in\"\n    acl: " KNOT_ACL "\n"

/* "error: config, file '/tmp/…', line 4, item 'listen', value "x" (parser failed)" */
static bool report_line(struct verify_run *v, const char *path, struct str line) {
	const char *message = arena_dup(v->arena, line.s, line.len),
		   *file = arena_printf(v->arena, "file '%s', line ", verify_path(v, path)),
		   *at = strstr(message, file);
	char *rest;
	uint32_t number;

	if (!at)
		return false;
	number = (uint32_t)strtoul(at + strlen(file), &rest, 10);
	(void)verify_complain(v, path, number, "knotc", rest + strspn(rest, ", "));
	return true;
}

int knot_check(struct verify_run *v, const char *path) {
	const bool is_server = strcmp(path, KNOT_CONF) == 0;
	const char *key = verify_helper(v, "knot.key", KEY),
		   *zones = is_server ? verify_helper(v, "knot.zones", ZONES) : verify_path(v, KNOT_ZONES), *frame;
	struct str output, line;
	bool located = false;
	int status, r = 0;

	if (!key || !zones)
		return -EINVAL;
	if (is_server) {
		frame = verify_path(v, KNOT_CONF);
		r = verify_stand_in(v, KNOT_CONF, KNOT_KEY, key);
		r = r < 0 ? r : verify_stand_in(v, KNOT_CONF, KNOT_ZONES, zones);
	} else {
		frame = verify_helper(v, "knot.frame",
				      arena_printf(v->arena,
						   "include: \"%s\"\nacl:\n  - id: " KNOT_ACL
						   "\n    key: hextet\n    action: update\ninclude: \"%s\"\n",
						   key, zones));
	}
	if (r < 0 || !frame)
		return -EINVAL;
	const char *const argv[] = { "knotc", "-c", frame, "conf-check", NULL };

	r = verify_exec(v, argv, 0, &status, &output);
	if (r == -ENOENT) {
		verify_missing(v, path, argv[0]);
		return 0;
	}
	if (r < 0 || status == 0)
		return r < 0 ? r : verify_judge(v, path, argv[0], status, output);
	for (struct str rest = output; str_split(&rest, '\n', &line);)
		located |= report_line(v, path, line);
	return located ? -EINVAL : verify_judge(v, path, argv[0], status, output);
}
