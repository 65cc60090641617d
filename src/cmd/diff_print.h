/* SPDX-License-Identifier: Apache-2.0 */
/* What diff found, for people and for programs. */
#pragma once

#include "cmd/estate_open.h"
#include "render/compare.h"

struct diff_view {
	const struct comparison *comparison;
	const struct estate *estate;
	const struct sources *sources;
	bool lines;  /* unified diffs instead of the meaning */
	bool counts; /* lines added and deleted are known */
	bool forced; /* refusals are not said */
};

/* Only what appears and vanishes. */
void diff_print_meaning(const struct diff_view *v, FILE *out);
void diff_emit_meaning(const struct diff_view *v, struct emit *e);

void diff_print_text(const struct diff_view *v, FILE *out);
void diff_emit(const struct diff_view *v, struct emit *e);
