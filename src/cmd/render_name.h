/* SPDX-License-Identifier: Apache-2.0 */
/* What --machine and --target say wrong, the same in every command that has them. */
#pragma once

#include "cmd/command.h"
#include "render/render.h"

/* After -ENOENT from render_init(): prints which name there is not, and the one that may be meant. EXIT_USAGE. */
int unknown_render_name(const struct estate *e, const struct render_options *o);
