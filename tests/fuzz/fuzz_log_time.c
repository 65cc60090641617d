/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: the form. What a clock remembers changes no answer; an answer is a time of the years 0 to 10000, and what
 * is refused is left alone. */
#include "fuzz.h"

#include "logs/time_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const int64_t now_ms = INT64_C(1795414451000);
	static const char other[] = "23/Nov/2026:06:14:11 +0100";
	struct log_clock fresh = { 0 }, used = { 0 };
	int64_t ms = 4711, again = 4711, third = 4711;
	enum log_time_form form;
	const char *s = (const char *)data + 1;
	int r;

	if (!size--)
		return 0;
	form = data[0] % _LOG_TIME_FORM_MAX;
	(void)log_time_parse(&used, LOG_TIME_CLF, other, sizeof(other) - 1, now_ms, &again);
	again = 4711;
	r = log_time_parse(&fresh, form, s, size, now_ms, &ms);
	CLAIM(log_time_parse(&used, form, s, size, now_ms, &again) == r && ms == again);
	CLAIM(log_time_parse(&used, form, s, size, now_ms, &third) == r && ms == third);
	CLAIM(r == 0 || ms == 4711);
	if (r == 0)
		CLAIM(ms > INT64_C(-62500000000000) && ms < INT64_C(1000000000000000));
	/* One byte less or more is another text. */
	if (r == 0 && form == LOG_TIME_CLF)
		CLAIM(log_time_parse(&fresh, form, s, size - 1, now_ms, &ms) < 0);
	return 0;
}
