/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "geo_command_table.h"

static const struct command *const subcommands[] = { COMMAND_GEO_LIST NULL };

const struct command command_geo = {
	.name = "geo",
	.summary = "Correct a country database: build, publish, look up",
	.sub = subcommands,
};
