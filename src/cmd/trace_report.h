/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of `hextet trace` for people and programs. */
#pragma once

#include "cmd/estate_open.h"
#include "render/policy_trace.h"

struct trace_report {
	struct opened_estate *estate;
	struct tracer *tracer;
	const struct trace_question *question;
	const char *service;                /* as asked */
	const struct trace_answer *answers; /* one per family asked */
	size_t n;
	struct arena *arena;
};

/* One object per answer; with the question in it when `with_question`. */
void trace_report_emit(const struct trace_report *r, struct emit *e, bool with_question);

void trace_report_print(const struct trace_report *r, FILE *out, bool colour);
