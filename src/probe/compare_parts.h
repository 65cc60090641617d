/* SPDX-License-Identifier: Apache-2.0 */
/* What the files compare_*.c share. */
#pragma once

#include "probe/compare.h"

struct comparing {
	const struct compare_options *o;
	const struct fetched *v4, *v6;
	struct arena *a;
	struct findings *ret;
};

/* Each adds its findings. */
void compare_redirects(const struct comparing *c);
void compare_headers(const struct comparing *c, bool same_body);
void compare_certificates(const struct comparing *c);
void compare_protocols(const struct comparing *c);

/* Whether the bodies are the same; adds a finding when they are not. */
bool compare_bodies(const struct comparing *c);

/* Whether both were led to the same URL in the end. */
bool compare_same_end(const struct comparing *c);

/* Adds the finding of a redirect to a literal address of the other family, if that is why there is no answer. */
bool compare_literal_redirect(const struct comparing *c, unsigned family);

/* Where two JSON texts differ. False when one of them is not JSON, or too large: then they are compared as text. */
struct json_difference {
	uint32_t count;      /* of places; 0: they are equal */
	struct str places;   /* "$.items[3].ip: "a", "b"; …", the first few */
	struct str old, new; /* both with an order and a layout, for a diff */
};
bool compare_json(struct str old, struct str new, struct arena *a, struct json_difference *ret);

/* What serves such a body ("nginx's default page"), or NULL. */
const char *compare_known_page(const struct fetched *f);

/* The header's first value, empty without one. */
struct str compare_header(const struct fetched *f, const char *name);

/* In quotes, harmless UTF-8, cut after some 100 characters. */
const char *compare_shown(struct arena *a, struct str text);

/* A unified diff of two single lines, made by hand. */
struct str compare_line_diff(struct arena *a, const char *what, struct str old, struct str new);

/* "IPv4", "IPv6" */
const char *compare_family(unsigned family);

/* The time that one of the steps took, from the one before it; 0 for a step that did not come. */
enum { COMPARE_STEPS = 5 };
extern const char *const compare_steps[COMPARE_STEPS];
uint32_t compare_step_us(const struct fetch_times *t, unsigned step);
