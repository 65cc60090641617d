/* SPDX-License-Identifier: Apache-2.0 */
/* Forms as the C library's and our readers understand them, and what the judge says of answers. */
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "logs/forwarded.h"
#include "probe/client_form.h"

static void test_names(void **state) {
	struct arena a = { 0 };
	const struct client_form *forms;
	size_t n;

	(void)state;
	client_forms(client_form_ip4(), client_form_ip6(), &a, &forms, &n);
	assert_true(n > 40);
	assert_string_equal(forms[0].name, "none");
	assert_int_equal(forms[0].header.name.len, 0);
	for (size_t i = 1; i < n; i++) {
		assert_true(forms[i].header.name.len && forms[i].header.value.len && forms[i].rfc[0] &&
			    forms[i].why[0]);
		assert_null(memchr(forms[i].header.value.s, '\n', forms[i].header.value.len));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(forms[i].name, forms[k].name);
			assert_false(str_eq(forms[i].header.name, forms[k].header.name) &&
				     str_eq(forms[i].header.value, forms[k].header.value));
		}
	}
	arena_done(&a);
}

/* What is a legal text of an address by RFC 4291 inet_pton() reads, and as the address that is meant. */
static void test_plain_legal(void **state) {
	struct arena a = { 0 };
	const struct client_form *forms;
	unsigned read = 0;
	size_t n;

	(void)state;
	client_forms(client_form_ip4(), client_form_ip6(), &a, &forms, &n);
	for (size_t i = 1; i < n; i++) {
		uint8_t bytes[16];
		struct ip ip;

		if (!str_is(forms[i].header.name, "X-Real-IP") || !forms[i].legal)
			continue;
		if (inet_pton(AF_INET6, forms[i].header.value.s, bytes) == 1)
			ip = ip_from_bytes(bytes);
		else if (inet_pton(AF_INET, forms[i].header.value.s, bytes) == 1)
			ip = ip_from_v4((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
					bytes[3]);
		else
			fail_msg("%s is not an address", forms[i].header.value.s);
		assert_true(ip_equal(ip, forms[i].means == CLIENT_IPV4 ? client_form_ip4() : client_form_ip6()));
		read++;
	}
	assert_int_equal(read, 7);
	arena_done(&a);
}

/* The reader of the guard takes the meaning of every form that has one. */
static void test_meaning(void **state) {
	struct arena a = { 0 };
	const struct client_form *forms;
	size_t n;

	(void)state;
	client_forms(client_form_ip4(), client_form_ip6(), &a, &forms, &n);
	for (size_t i = 1; i < n; i++) {
		const bool rfc7239 = str_is(forms[i].header.name, "Forwarded");
		struct prefix_set trusted = PREFIX_SET_INIT;
		const struct ip peer = ip_from_v4(0x0a000001);
		struct ip ip = { 0 };

		prefix_set_add(&trusted, prefix_host(peer));
		prefix_set_normalise(&trusted);
		const enum forwarded_result r = forwarded_client(peer, forms[i].header.value, rfc7239, &trusted, &ip);

		if (forms[i].means == CLIENT_IPV4 || forms[i].means == CLIENT_IPV6) {
			if (r != FORWARDED_CLIENT)
				fail_msg("%s is not understood", forms[i].name);
			assert_true(
				ip_equal(ip, forms[i].means == CLIENT_IPV4 ? client_form_ip4() : client_form_ip6()));
		}
		prefix_set_done(&trusted);
	}
	arena_done(&a);
}

/* Services: what each answers to a header's value. */
static unsigned robust(struct str value) {
	(void)value;
	return 200;
}

static unsigned breaks_on_colons(struct str value) {
	return memchr(value.s, ':', value.len) ? 500 : 200;
}

static unsigned breaks_on_upper(struct str value) {
	for (size_t i = 0; i < value.len; i++)
		if (value.s[i] >= 'A' && value.s[i] <= 'F' && memchr(value.s, ':', value.len))
			return 400;
	return 200;
}

static unsigned breaks_on_words(struct str value) {
	return value.len && (value.s[0] == 'u' || value.s[0] == '_') ? 500 : 200;
}

static unsigned refuses_words(struct str value) {
	return value.len && (value.s[0] == 'u' || value.s[0] == '_') ? 400 : 200;
}

static unsigned judge(unsigned (*service)(struct str value), bool greet, const char *only, struct arena *a,
		      struct findings *ret) {
	const struct client_form *forms;
	const struct fetched **answers;
	struct fetched *all;
	size_t n;

	client_forms(client_form_ip4(), client_form_ip6(), a, &forms, &n);
	answers = arena_array(a, const struct fetched *, n);
	all = arena_array(a, struct fetched, n);
	for (size_t i = 0; i < n; i++) {
		all[i].status =
			!i || (only && !str_is(forms[i].header.name, only)) ? 200 : service(forms[i].header.value);
		all[i].body = str_of(arena_printf(a, "hello %s\n", greet && i ? forms[i].header.value.s : "client"));
		answers[i] = &all[i];
	}
	client_judge(&(struct compare_options){ 0 }, 6, forms, answers, n, a, ret);
	return (unsigned)ret->list.n;
}

static bool named(const struct findings *f, const char *name) {
	for (size_t i = 0; i < f->list.n; i++)
		if (strncmp(f->list.v[i].detail.s, name, strlen(name)) == 0)
			return true;
	return false;
}

static void test_judge(void **state) {
	struct arena a = { 0 };
	struct findings f = { 0 };

	(void)state;
	assert_int_equal(judge(robust, false, NULL, &a, &f), 0);
	assert_int_equal(judge(robust, true, "X-Real-IP", &a, &f), 0); /* the page shows its client's address */
	assert_int_equal(judge(refuses_words, false, NULL, &a, &f), 0);
	assert_int_equal(judge(breaks_on_words, false, "X-Real-IP", &a, &f), 2);
	assert_true(named(&f, "x-real-ip-unknown: ") && named(&f, "x-real-ip-hidden: "));
	vec_done(&f.list);
	assert_int_equal(judge(breaks_on_upper, false, "X-Forwarded-For", &a, &f), 1);
	assert_true(named(&f, "x-forwarded-for-upper: X-Forwarded-For: 2001:DB8:"));
	assert_non_null(strstr(f.list.v[0].detail.s, "status 400 instead of 200, not as with 2001:db8:"));
	assert_int_equal(f.list.v[0].family, 6);
	assert_int_equal(f.list.v[0].kind, FINDING_CLIENT);
	vec_done(&f.list);
	assert_true(judge(breaks_on_colons, false, "X-Real-IP", &a, &f) > 3);
	assert_true(named(&f, "x-real-ip-ipv6: ") && named(&f, "x-real-ip-mapped: "));
	vec_done(&f.list);
	arena_done(&a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_plain_legal),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_judge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
