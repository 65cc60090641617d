/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fields of a line mean. Texts are cut before their escapes are undone: no server escapes a blank, a slash or
 * a question mark, so an escaped byte is never a separator.
 */
#include <string.h>

#include "addr/digit.h"
#include "addr/uid.h"
#include "logs/field.h"
#include "logs/forwarded.h"
#include "logs/pattern_run.h"

/* What servers write for a value that is not there. */
static bool is_absent(struct str t) {
	return !t.s || (t.len == 1 && t.s[0] == '-');
}

static struct str unescaped(struct pattern *p, const struct pattern_found *f, struct str t) {
	struct str out;

	if (!f->escaped || !t.len || !memchr(t.s, p->escape, t.len))
		return t;
	out.s = p->room + p->room_used;
	out.len = pattern_unescape(p->style->escape, t, p->room + p->room_used);
	p->room_used += out.len;
	return out;
}

static int hex_address(struct str t, struct ip *ret_ip) {
	uint64_t half[2] = { 0, 0 };

	if (t.len != 8 && t.len != 32)
		return -1;
	for (size_t i = 0; i < t.len; i++) {
		int digit = digit_hex(t.s[i]);

		if (digit < 0)
			return -1;
		half[i / 16] = half[i / 16] << 4 | (unsigned)digit;
	}
	*ret_ip = t.len == 8 ? ip_from_v4((uint32_t)half[0]) : (struct ip){ half[0], half[1] };
	return 0;
}

/* Brackets and zone, which ip_parse() does not take. */
static int dressed_address(struct str t, struct ip *ret_ip) {
	const char *zone;

	if (t.len > 2 && t.s[0] == '[' && t.s[t.len - 1] == ']')
		t = (struct str){ t.s + 1, t.len - 2 };
	zone = memchr(t.s, '%', t.len);
	if (zone)
		t.len = (size_t)(zone - t.s);
	return ip_parse(t.s, t.len, ret_ip, NULL);
}

/* Takes ":port" off the end; false when there is none. IPv6 without brackets has its port behind the last colon. */
static bool cut_port(struct str *t, bool hex) {
	const char *colon = memrchr(t->s, ':', t->len);
	size_t at, digits;

	if (!colon)
		return false;
	at = (size_t)(colon - t->s);
	digits = t->len - at - 1;
	if (digits < 1 || digits > 5)
		return false;
	for (size_t i = at + 1; i < t->len; i++)
		if (hex ? digit_hex(t->s[i]) < 0 : !digit_is_decimal(t->s[i]))
			return false;
	t->len = at;
	return true;
}

static enum log_reason read_address(const struct pattern *p, struct str t, struct ip *ret_ip) {
	struct str address = t;

	if (!t.len)
		return LOG_NO_ADDRESS;
	if (p->addr_port && !cut_port(&address, p->addr_hex))
		return field_is_address_like(t) ? LOG_BAD_ADDRESS : LOG_NO_ADDRESS;
	if (p->addr_hex)
		return hex_address(address, ret_ip) == 0 ? LOG_OK : LOG_NO_ADDRESS;
	if (ip_parse(address.s, address.len, ret_ip, NULL) == 0 || dressed_address(address, ret_ip) == 0)
		return LOG_OK;
	return field_is_address_like(address) ? LOG_BAD_ADDRESS : LOG_NO_ADDRESS;
}

/* The unique id names the client where nothing else does; an id of another kind says nothing about an address that the
 * line has itself. */
static enum log_reason read_id(const struct pattern *p, struct str id, struct ip *addr) {
	struct uid uid;

	if (is_absent(id))
		return p->has_addr ? LOG_OK : LOG_NO_ADDRESS;
	if (uid_parse(id.s, id.len, &uid, NULL) < 0)
		return p->has_addr ? LOG_OK : LOG_BAD_ID;
	if (p->has_addr)
		return ip_equal(uid.client.ip, *addr) ? LOG_OK : LOG_BAD_ID;
	*addr = uid.client.ip;
	return LOG_OK;
}

/* A line that was cut off within the header, or before it, has lost the hops at its right end: those that a proxy
 * wrote. The client decides how long a line gets. */
static bool is_cut(const struct pattern_found *f, struct str value) {
	return f->cut && (!value.s || value.s + value.len == f->end);
}

static enum log_reason read_forwarded(struct pattern *p, const struct pattern_found *f, enum pattern_role role,
				      struct ip *addr) {
	struct str value = f->text[role];
	struct ip client;

	if (is_cut(f, value))
		return p->options.trusted && prefix_set_has_ip(p->options.trusted, *addr) ? LOG_BAD_FORWARDED : LOG_OK;
	if (is_absent(value) || !value.len)
		return LOG_OK;
	value = unescaped(p, f, value);
	switch (forwarded_client(*addr, value, role == ROLE_FORWARDED, p->options.trusted, &client)) {
	case FORWARDED_CLIENT:
		if (forwarded_may_be_cut(f->text[ROLE_STATUS]))
			return LOG_BAD_FORWARDED;
		*addr = client;
		return LOG_OK;
	case FORWARDED_UNKNOWN:
		return LOG_BAD_FORWARDED;
	default:
		return LOG_OK;
	}
}

static enum log_reason read_client(struct pattern *p, const struct pattern_found *f, struct ip *ret_ip,
				   enum pattern_role *ret_role) {
	enum log_reason reason = LOG_OK;

	*ret_role = ROLE_ADDR;
	if (p->has_addr)
		reason = read_address(p, f->text[ROLE_ADDR], ret_ip);
	if (reason != LOG_OK)
		return reason;
	if (p->has_id && (f->text[ROLE_ID].s || !p->has_addr)) {
		*ret_role = ROLE_ID;
		reason = read_id(p, f->text[ROLE_ID], ret_ip);
	}
	for (enum pattern_role role = ROLE_FORWARDED_FOR; reason == LOG_OK && role <= ROLE_FORWARDED; role++) {
		*ret_role = role;
		if (p->has_forwarded[role - ROLE_FORWARDED_FOR])
			reason = read_forwarded(p, f, role, ret_ip);
	}
	return reason;
}

static void read_request(struct pattern *p, const struct pattern_found *f, struct log_record *r) {
	struct str method = f->text[ROLE_METHOD], target = f->text[ROLE_TARGET], host = f->text[ROLE_HOST];

	if (f->text[ROLE_REQUEST].s) {
		struct str request_method = { NULL, 0 }, request_target = { NULL, 0 };

		field_request(f->text[ROLE_REQUEST], &request_method, &request_target);
		method = method.s ? method : request_method;
		target = target.s ? target : request_target;
	}
	if (is_absent(host) || !host.len)
		host = (struct str){ NULL, 0 };
	if (!is_absent(target))
		r->path = field_target(target, &host);
	if (!is_absent(method))
		r->method = unescaped(p, f, method);
	r->path = unescaped(p, f, r->path);
	r->host = unescaped(p, f, field_host(host));
	if (!is_absent(f->text[ROLE_AGENT]))
		r->agent = unescaped(p, f, f->text[ROLE_AGENT]);
}

enum log_reason pattern_record(struct pattern *p, const char *line, const struct pattern_found *f,
			       struct log_record *ret_record, size_t *ret_at) {
	struct log_record r = { .time_ms = LOG_TIME_NONE, .bytes = field_bytes(f->text[ROLE_BYTES]) };
	struct str time = f->text[ROLE_TIME];
	enum pattern_role role;
	enum log_reason reason;

	p->room_used = 0;
	reason = read_client(p, f, &r.addr, &role);
	if (reason == LOG_OK && p->has_time) {
		role = ROLE_TIME;
		if (is_absent(time) || !time.len)
			reason = LOG_NO_TIME;
		else if (log_time_parse(&p->clock, p->time_form, time.s, time.len, p->options.now_ms, &r.time_ms) < 0)
			reason = LOG_BAD_TIME;
	}
	if (reason == LOG_OK && field_status(f->text[ROLE_STATUS], &r.status) < 0) {
		role = ROLE_STATUS;
		reason = LOG_BAD_STATUS;
	}
	if (reason != LOG_OK) {
		const char *place = f->text[role].s ? f->text[role].s : reason == LOG_BAD_FORWARDED ? f->end : line;

		*ret_at = (size_t)(place - line);
		return reason;
	}
	read_request(p, f, &r);
	*ret_record = r;
	return LOG_OK;
}
