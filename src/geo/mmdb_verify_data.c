/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values form a graph: containers hold values in place or point to them. Each is looked at once, depth first, with a
 * stack of the containers that are open; of what is done its height is kept, so that a way into something known can
 * still be held against the limit of depth, and a container met while it is open holds itself. A pointer to a container
 * is a step of its own, as libmaxminddb counts.
 *
 * A container in place that is done already, because something pointed to it before, is skipped to find its end. That
 * can happen once for each container around it; so the time is at most the depth times the bytes.
 */
#include "geo/mmdb_verify_parts.h"

#include <errno.h>
#include <string.h>

enum { OPEN = UINT16_MAX };

static const char too_deep[] = "values are nested deeper than 512";

struct frame {
	uint64_t start, at; /* offsets in the file: of the container, of its next item */
	uint32_t left;
	uint16_t level, height; /* of the container, counted from the record and from its deepest item */
	bool is_map, in_place, sorted;
	struct str last_key;
};

struct values {
	struct verify *v;
	uint64_t start, len;
	uint16_t *height; /* of the value that begins at a byte: 1 for a scalar; 0 not seen, OPEN */
	uint64_t *used;   /* bytes that belong to a value or pointer */
	struct frame stack[MMDB_DEPTH_MAX];
	unsigned depth;
};

static void use(struct values *s, uint64_t from, uint64_t to) {
	for (from -= s->start, to -= s->start; from < to; from++) {
		if (from % 64 == 0 && to - from >= 64) {
			s->used[from / 64] = UINT64_MAX;
			from += 63;
		} else {
			bit_set(s->used, from);
		}
	}
}

static int compare(struct str a, struct str b) {
	size_t n = MIN(a.len, b.len);
	int r = n ? memcmp(a.s, b.s, n) : 0;

	return r ? r : a.len < b.len ? -1 : a.len > b.len;
}

static int compare_keys(const void *a, const void *b) {
	return compare(*(const struct str *)a, *(const struct str *)b);
}

/* For maps that are not sorted; those that are were compared on the way. */
static int check_keys(struct values *s, const struct frame *f) {
	struct mmdb_value map, key;
	struct str *keys;
	uint64_t at;

	if (mmdb_value(&s->v->db, f->start, &map, NULL) < 0)
		return 0;
	keys = malloc(map.size * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	at = map.content;
	for (uint32_t i = 0; i < map.size; i++) {
		(void)mmdb_value(&s->v->db, at, &key, NULL);
		keys[i] = key.text;
		(void)mmdb_skip(&s->v->db, key.next, &at, NULL);
	}
	qsort(keys, map.size, sizeof(*keys), compare_keys);
	for (uint32_t i = 1; i < map.size; i++) {
		if (str_eq(keys[i - 1], keys[i])) {
			verify_error(s->v, "a map has a key twice", f->start);
			break;
		}
	}
	free(keys);
	return 0;
}

static bool is_ascii(struct str text) {
	uint64_t all = 0, eight;
	size_t i = 0;

	for (; i + 8 <= text.len; i += 8) {
		memcpy(&eight, text.s + i, 8);
		all |= eight;
	}
	for (; i < text.len; i++)
		all |= (uint8_t)text.s[i];
	return !(all & UINT64_C(0x8080808080808080));
}

static void check_scalar(struct values *s, const struct mmdb_value *value, uint64_t end) {
	if (s->height[value->start - s->start])
		return;
	s->height[value->start - s->start] = 1;
	use(s, value->start, end);
	if (value->type == MMDB_STRING && !is_ascii(value->text)) {
		size_t good = utf8_check(value->text.s, value->text.len);

		if (good != value->text.len)
			verify_error(s->v, "a text is not UTF-8", value->content + good);
	}
}

/* Keys are texts, and no two are equal: clear when they ascend. */
static bool check_key(struct values *s, struct frame *f, const struct mmdb_value *key, uint64_t at) {
	if (key->type != MMDB_STRING) {
		verify_error(s->v, "a map's key is no text", at);
		return false;
	}
	if (f->last_key.s && compare(f->last_key, key->text) >= 0)
		f->sorted = false;
	f->last_key = key->text;
	return true;
}

/* Takes a container that is known already, or opens it. False: the value around it cannot be read on. */
static bool enter(struct values *s, struct frame *f, const struct mmdb_value *value) {
	uint16_t *height = &s->height[value->start - s->start], steps = value->was_pointer ? 2 : 1;
	uint16_t level = (uint16_t)((f ? f->level : 0) + steps);
	bool is_map = value->type == MMDB_MAP;

	if (*height == OPEN) {
		verify_error(s->v, "a value holds itself", value->start);
		return false;
	}
	if (level + MAX(*height, 1U) - 1 > MMDB_DEPTH_MAX) {
		verify_error(s->v, too_deep, value->start);
		return false;
	}
	if (*height) {
		if (f)
			f->height = MAX(f->height, (uint16_t)(*height + steps));
		return !f || value->was_pointer || mmdb_skip(&s->v->db, value->start, &f->at, NULL) == 0;
	}
	if (!value->size && value->content == s->v->db.len && !value->was_pointer)
		verify_warn(s->v, "the metadata ends in an empty map or array, which libmaxminddb 1.13.0 refuses",
			    value->start);
	use(s, value->start, value->content);
	*height = OPEN;
	s->stack[s->depth++] = (struct frame){ .start = value->start,
					       .at = value->content,
					       .left = is_map ? 2 * value->size : value->size,
					       .level = level,
					       .height = 1,
					       .is_map = is_map,
					       .in_place = !value->was_pointer,
					       .sorted = true };
	return true;
}

/* What is wrong with a value is wrong for all that point to it. */
static void report_once(struct values *s, const struct mmdb_fault *fault) {
	uint64_t at = fault->offset - s->start;

	if (at < s->len && s->height[at])
		return;
	if (at < s->len)
		s->height[at] = 1;
	verify_error(s->v, fault->what, fault->offset);
}

/* Reads the value at an offset, an item of `f` unless that is NULL. */
static bool take(struct values *s, struct frame *f, uint64_t at) {
	struct mmdb_fault fault;
	struct mmdb_value value;

	if (f && f->level == MMDB_DEPTH_MAX) {
		verify_error(s->v, too_deep, at);
		return false;
	}
	if (mmdb_value(&s->v->db, at, &value, &fault) < 0) {
		report_once(s, &fault);
		return false;
	}
	if (value.was_pointer)
		use(s, at, value.next);
	if (f) {
		f->at = value.next;
		f->height = MAX(f->height, 2);
		if (f->is_map && f->left % 2 == 0 && !check_key(s, f, &value, at))
			return false;
		f->left--;
	}
	if (value.type == MMDB_MAP || value.type == MMDB_ARRAY)
		return enter(s, f, &value);
	check_scalar(s, &value, value.type == MMDB_BOOL ? value.content : value.content + value.size);
	return true;
}

static int leave(struct values *s) {
	struct frame *f = &s->stack[--s->depth];
	int r = 0;

	s->height[f->start - s->start] = f->height;
	if (!f->sorted)
		r = check_keys(s, f);
	if (s->depth) {
		f[-1].height = MAX(f[-1].height, (uint16_t)(f->height + (f->in_place ? 1 : 2)));
		if (f->in_place)
			f[-1].at = f->at;
	}
	return r;
}

/* After a mistake the rest of the value cannot be found: what is open counts as seen. */
static void abandon(struct values *s) {
	while (s->depth)
		s->height[s->stack[--s->depth].start - s->start] = 1;
}

static int check_value(struct values *s, uint64_t offset) {
	int r = 0;

	if (!take(s, NULL, offset))
		return 0;
	while (s->depth && r == 0 && !s->v->stop) {
		struct frame *f = &s->stack[s->depth - 1];

		if (!f->left)
			r = leave(s);
		else if (!take(s, f, f->at))
			abandon(s);
	}
	abandon(s);
	return r;
}

/* --- the section as a whole --- */

/* Whether the section is one value after the other. */
static bool check_unused(struct values *s) {
	for (uint64_t at = 0; at < s->len; at++) {
		if (at % 64 == 0 && s->used[at / 64] == UINT64_MAX) {
			at += 63;
		} else if (!bit_get(s->used, at)) {
			verify_warn(s->v, "nothing points to the bytes from here on", s->start + at);
			return false;
		}
	}
	return true;
}

/* Readers that go through the section expect a record of the tree for each value that stands by itself. */
static void check_lone(struct values *s, const uint64_t *targets) {
	uint64_t at = s->start, end = s->start + s->len;

	while (at < end) {
		if (!bit_get(targets, at - s->start)) {
			verify_warn(s->v, "only other values point to this value, which Go's Verify refuses", at);
			return;
		}
		if (mmdb_skip(&s->v->db, at, &at, NULL) < 0)
			return;
	}
}

static int check_section(struct values *s, const uint64_t *targets) {
	int errors = s->v->errors, r = 0;

	for (uint64_t word = 0; word <= s->len / 64; word++) {
		for (uint64_t bits = targets[word]; bits; bits &= bits - 1) {
			uint64_t at = word * 64 + (unsigned)__builtin_ctzll(bits);

			s->v->counts.values++;
			r = check_value(s, s->start + at);
			if (r < 0 || s->v->stop)
				return r;
		}
	}
	if (s->v->errors == errors && check_unused(s))
		check_lone(s, targets);
	return 0;
}

int verify_values(struct verify *v, uint64_t start, uint64_t len, const uint64_t *targets) {
	struct values *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->v = v;
	s->start = start;
	s->len = len;
	v->counts.values = 0;
	s->height = calloc(len + 1, sizeof(*s->height));
	s->used = calloc(len / 64 + 1, sizeof(*s->used));
	if (s->height && s->used)
		r = check_section(s, targets);
	free(s->height);
	free(s->used);
	free(s);
	return r;
}
