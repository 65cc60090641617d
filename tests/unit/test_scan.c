/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue holds what it says: each rule finds its own example, and is found by the search that comes before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "probe/scan_lex.h"
#include "probe/scan_rules.h"

static enum scan_language first_language(const struct scan_rule *r) {
	return r->languages & -r->languages;
}

static bool finds(enum scan_language language, const char *text, const char *id) {
	struct scan_hits hits;
	bool found = false;

	scan_text(language, text, strlen(text), &hits);
	for (size_t i = 0; i < hits.list.n; i++)
		found |= strcmp(hits.list.v[i].rule->id, id) == 0;
	vec_done(&hits.list);
	return found;
}

static void test_catalogue(void **state) {
	const struct scan_rule *r;
	size_t n = 0, missed = 0;

	(void)state;
	assert_string_equal(scan_rules_broken() ? scan_rules_broken() : "", "");
	for (; (r = scan_rule_at(n)); n++) {
		assert_ptr_equal(scan_rule_by_id(r->id), r); /* no id twice */
		assert_int_equal(strspn(r->id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(r->id));
		assert_true(r->message[strlen(r->message) - 1] != '.' && !strchr(r->message, '\n'));
		assert_true(*r->why && *r->fix);
		if (!scan_rule_is_searched(r) && r->languages & (SCAN_CODE | SCAN_SHELL) & ~SCAN_SQL)
			missed += printf("# %s: a pattern has nothing to search for\n", r->id) > 0;
		if (!finds(first_language(r), r->example, r->id))
			missed += printf("# %s does not find: %s\n", r->id, r->example) > 0;
	}
	assert_true(n >= 60);
	assert_int_equal(missed, 0);
}

/* Kinds and inner texts of all tokens, one after the other. */
static void check_tokens(enum scan_language language, const char *text, const char *expected) {
	struct scan_tokens tokens;
	char got[1024] = "";
	size_t at = 0;

	scan_lex(scan_syntax_of(language), text, strlen(text), &tokens);
	for (size_t i = 0; i < tokens.list.n; i++) {
		const struct scan_token *t = &tokens.list.v[i];
		const char *s = t->kind == SCAN_PUNCT ? &t->punct : text + t->inner;

		at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%c%.*s", at ? " " : "", "wnsp"[t->kind],
				       t -> kind == SCAN_PUNCT ? 1 : (int)t -> inner_len, s);
	}
	assert_string_equal(got, expected);
	vec_done(&tokens.list);
	vec_done(&tokens.remarks);
}

static void test_lexer(void **state) {
	(void)state;
	check_tokens(SCAN_C, "a /* b */ = \"c//d\"; // e", "wa p= sc//d p;");
	check_tokens(SCAN_C, "R\"x(a\")b)x\" '\\'' 0x7f", "sa\")b s\\' n0x7f");
	check_tokens(SCAN_C, "\"open\n b", "sopen wb");
	check_tokens(SCAN_PYTHON, "r'\\d' # x\n\"\"\"a\nb\"\"\"\nf(\n1)", "s\\d p; sa\nb p; wf p( n1 p)");
	check_tokens(SCAN_JAVASCRIPT, "a / b / c; x = /[/]\\//g; `a\n`", "wa p/ wb p/ wc p; wx p= s[/]\\/ wg p; sa\n");
	check_tokens(SCAN_RUBY, "%r{a{1,3}} =~ x\na = <<~END\n b\nEND\nc", "sa{1,3} p= p~ wx p; wa p= s b\n p; wc");
	check_tokens(SCAN_PERL, "$x =~ m{^(a)} and q(b)", "p$ wx p= p~ s^(a) wand sb");
	check_tokens(SCAN_SQL, "'it''s' -- x\n$$a'b$$ \"q\"", "sit''s sa'b sq");
	check_tokens(SCAN_SHELL, "ip=1.2.3.4:80 # x\ny#z 'a' \"b\"", "wip p= w1.2.3.4:80 p; wy#z sa sb");
	check_tokens(SCAN_NGINX, "listen [::]:80; # x", "wlisten w[::]:80 p;");
	check_tokens(SCAN_YAML, "a: \"b\" # c\n- 0.0.0.0:80", "wa p: sb p; w- w0.0.0.0:80");
	check_tokens(SCAN_GO, "a := `x\"`\nb", "wa p: p= sx\" p; wb");
	check_tokens(SCAN_PHP, "$a = 'b\\'c'; # d", "p$ wa p= sb\\'c p;");
}

static size_t count_hits(enum scan_language language, const char *before, const char *again, unsigned times,
			 const char *after) {
	const size_t len = strlen(again) * times;
	char *text = malloc(strlen(before) + len + strlen(after) + 1), *to;
	struct scan_hits hits;
	size_t n;

	assert_non_null(text);
	to = stpcpy(text, before);
	for (unsigned i = 0; i < times; i++)
		to = stpcpy(to, again);
	(void)stpcpy(to, after);
	scan_text(language, text, strlen(text), &hits);
	n = hits.list.n;
	vec_done(&hits.list);
	free(text);
	return n;
}

/* Whatever looks at a block, a line or a remark again for each hit needs hours for one of these, and the harness ends
 * it. */
static void test_much_of_one_thing(void **state) {
	enum { TIMES = 50000 };

	(void)state;
	assert_int_equal(count_hits(SCAN_C, "void f() {\n", "int s = inet_addr(x);\n", TIMES, "}\n"), TIMES);
	assert_int_equal(count_hits(SCAN_C, "f(", "inet_addr(x), ", TIMES, ");"), 1);
	assert_int_equal(count_hits(SCAN_C, "f(", "inet_addr(x),\n", TIMES, "extern);"), 0);
	assert_int_equal(count_hits(SCAN_C, "", "{ inet_addr(x); ", TIMES, ""), 1);
	assert_int_equal(count_hits(SCAN_C, "", "inet_addr(x); /* hextet-scan: ignore[a] */\n", TIMES, ""), TIMES);
	assert_int_equal(count_hits(SCAN_C, "", "inet_addr(x); /* hextet-scan: ignore[a] */ ", TIMES, ""), 1);
	assert_int_equal(count_hits(SCAN_C, "", "inet_addr(x); /* hextet-scan: ignore-file[a] */\n", TIMES, ""), TIMES);
	assert_int_equal(count_hits(SCAN_JAVASCRIPT, "x = getHostByName ", "/[ ", TIMES, ""), 0);
	assert_int_equal(count_hits(SCAN_PYTHON, "x = \"", "g::", TIMES, "\"\nbind(\"0.0.0.0\")\n"), 1);
	assert_int_equal(count_hits(SCAN_PYTHON, "x = \"", "//{", TIMES, "\"\ny = \"http://%s:%d\" % (host, port)\n"),
			 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lexer),
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_much_of_one_thing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
