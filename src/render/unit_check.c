/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the service lies beside the drop-in, in the folder's /etc/systemd/system: systemd-analyze looks for
 * drop-ins beside the units that it is given. One in service.d is read for every unit that is loaded, and each warning
 * repeated as often. That a program is not installed here says nothing about the file.
 */
#include "render/unit_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNITS "/etc/systemd/system/"

enum { LINE_MAX_SEEN = 1024 };

/* "PATH:3: Unknown key …": the line's number and the message; false when it is about something else. */
static bool about_file(const char *line, const char *on_disk, uint32_t *ret_line, const char **ret_message) {
	const size_t len = strlen(on_disk);
	char *end;

	if (strncmp(line, on_disk, len) != 0 || line[len] != ':')
		return false;
	*ret_line = (uint32_t)strtoul(line + len + 1, &end, 10);
	*ret_message = end + strspn(end, ": ");
	return true;
}

static bool about_unit(const char *line, const char *unit) {
	const size_t len = strlen(unit);

	return strncmp(line, unit, len) == 0 && line[len] == ':' && !strstr(line, "is not executable");
}

int unit_check(struct verify_run *v, const char *path, const char *unit) {
	const char *service =
		verify_helper(v, arena_printf(v->arena, "." UNITS "%s", unit), "[Service]\nExecStart=/bin/true\n");
	const char *on_disk = verify_path(v, path), *message;
	const char *const argv[] = { "systemd-analyze", "verify", "--man=no",
				     arena_printf(v->arena, "%s" UNITS "%s", v->folder, unit), NULL };
	struct str output, line;
	uint32_t number, last = 0;
	int status, r = service ? verify_exec(v, argv, 0, &status, &output) : -EINVAL, result = 0;

	if (r == -ENOENT) {
		verify_missing(v, path, argv[0]);
		return 0;
	}
	while (r == 0 && str_split(&output, '\n', &line)) {
		const char *text = arena_dup(v->arena, line.s, MIN(line.len, (size_t)LINE_MAX_SEEN));

		if (about_file(text, on_disk, &number, &message)) {
			if (number > last) /* ascending; afterwards they are repeated */
				result = verify_complain(v, path, last = number, argv[0], message);
		} else if (about_unit(text, unit))
			result = verify_complain(v, path, 0, argv[0], text);
	}
	if (r == 0 && result == 0)
		verify_passed(v, path);
	return r < 0 ? r : result;
}
