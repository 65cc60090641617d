/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/addr.h"

static const struct command *const subcommands[] = {
	&command_addr_show,     &command_addr_split,     &command_addr_range, &command_addr_reverse,
	&command_addr_contains, &command_addr_aggregate, &command_addr_uid,   NULL,
};

const struct command command_addr = {
	.name = "addr",
	.summary = "Read, cut, join and explain addresses of both families",
	.sub = subcommands,
};
