/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "trial_command_table.h"

static const struct command *const subcommands[] = { COMMAND_TRIAL_LIST NULL };

const struct command command_trial = {
	.name = "trial",
	.summary = "Trial by cURL: prove that IPv6 answers as IPv4 does",
	.sub = subcommands,
};
