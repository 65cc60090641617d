/* SPDX-License-Identifier: Apache-2.0 */
/* Loading an estate, the same way in every command that takes one. */
#pragma once

#include "cmd/command.h"
#include "estate/estate.h"

struct opened_estate {
	struct arena arena;
	struct sources sources;
	struct diags diags;
	struct estate *estate;
};

/* Says why estate_load() failed with r: EXIT_CANNOT. */
int estate_cannot(const char *folder, int r);

/* Loads the folder. On failure prints why and returns EXIT_CANNOT, with nothing to close; else 0. Mistakes in the files
 * are in diags and not yet printed. */
int opened_estate_open(struct opened_estate *o, const char *folder);
void opened_estate_close(struct opened_estate *o);

/* Runs the checks too. EXIT_DONE when there are no errors; else prints all findings on stderr and returns EXIT_NO. For
 * commands that go on to use the model. */
int opened_estate_require_clean(struct opened_estate *o, const struct output_options *out);
