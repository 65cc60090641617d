/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "guard_command_table.h"

static const struct command *const subcommands[] = { COMMAND_GUARD_LIST NULL };

const struct command command_guard = {
	.name = "guard",
	.summary = "Ban abusers per network, from access logs",
	.sub = subcommands,
};
