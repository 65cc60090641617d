/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each rule has its own ring, so that one which matches everything does not take the memory of one which matches
 * little. Only what the search needs is walked: 40 bytes a line, and only when there is a ban.
 */
#include <errno.h>
#include <string.h>

#include "guard/engine_state.h"

int samples_init(struct samples *s, uint32_t size) {
	*s = (struct samples){ .size = size };
	s->sample = calloc(size, sizeof(*s->sample));
	s->text = calloc(size, SAMPLE_SLOT);
	return s->sample && s->text ? 0 : -ENOMEM;
}

void samples_done(struct samples *s) {
	free(s->sample);
	free(s->text);
	*s = (struct samples){ 0 };
}

void samples_add(struct samples *s, struct ip addr, int64_t time_ms, struct str line) {
	size_t len = MIN(line.len, SAMPLE_MAX);
	char *text = s->text + (size_t)s->next * SAMPLE_SLOT;

	if (!line.s)
		return;
	s->sample[s->next] = (struct sample){ addr, time_ms, (uint16_t)len };
	memcpy(text, line.s, len);
	text[len] = '\0';
	s->next = s->next + 1 == s->size ? 0 : s->next + 1;
	s->used = MIN(s->used + 1, s->size);
}

static const char *text_of(const struct samples *s, size_t i) {
	char *text = s->text + i * SAMPLE_SLOT;

	for (char *zero; (zero = memchr(text, '\0', s->sample[i].len));)
		*zero = '?';
	return text;
}

const char *samples_find(const struct samples *s, struct prefix network, int64_t time_ms) {
	size_t i = s->used == s->size ? s->next : 0;

	for (uint32_t n = 0; n < s->used; n++) {
		if (s->sample[i].time_ms == time_ms && prefix_has_ip(network, s->sample[i].addr))
			return text_of(s, i);
		i = i + 1 == s->size ? 0 : i + 1;
	}
	return NULL;
}

const char *samples_newest(const struct samples *s) {
	return s->used ? text_of(s, (s->next ? s->next : s->size) - 1) : NULL;
}
