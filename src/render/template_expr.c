/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators, by recursive descent with Jinja2's precedences, loosest first: if-else, or, and, not, comparisons, + -, ~,
 * * / // %, ** (which groups to the left here and there), unary - and +, then the operands of template_term.c.
 */
#include "render/template_parse.h"

static struct node *parse_unary(struct parser *p, bool with_filter) {
	const struct token *t = current(p);
	struct node *n;

	if (!enter(p))
		return NULL;
	if (skip(p, TOKEN_SUB) || skip(p, TOKEN_ADD)) {
		n = parse_unary(p, false);
		if (n)
			n = node_binary(p, t->kind == TOKEN_SUB ? NODE_NEG : NODE_POS, t->loc, n, NULL);
	} else {
		n = parse_primary(p);
	}
	n = n ? parse_postfix(p, n) : NULL;
	if (n && with_filter)
		n = parse_filter_chain(p, n);
	leave(p);
	return n;
}

static struct node *parse_pow(struct parser *p) {
	struct node *left = parse_unary(p, true);

	while (left && current(p)->kind == TOKEN_POW) {
		struct loc loc = take(p)->loc;
		struct node *right = parse_unary(p, true);

		left = right ? node_binary(p, NODE_POW, loc, left, right) : NULL;
	}
	return left;
}

static struct node *parse_product(struct parser *p) {
	static const uint8_t kinds[_TOKEN_MAX] = {
		[TOKEN_MUL] = NODE_MUL, [TOKEN_DIV] = NODE_DIV, [TOKEN_FLOORDIV] = NODE_FLOORDIV, [TOKEN_MOD] = NODE_MOD
	};
	struct node *left = parse_pow(p);

	while (left && kinds[current(p)->kind]) {
		const struct token *op = take(p);
		struct node *right = parse_pow(p);

		left = right ? node_binary(p, kinds[op->kind], op->loc, left, right) : NULL;
	}
	return left;
}

static struct node *parse_concat(struct parser *p) {
	struct node *first = parse_product(p), *n;
	struct loc loc = current(p)->loc;
	struct node_list parts = { 0 };

	if (!first || current(p)->kind != TOKEN_TILDE)
		return first;
	vec_push(&parts, first);
	while (skip(p, TOKEN_TILDE)) {
		n = parse_product(p);
		if (!n) {
			vec_done(&parts);
			return NULL;
		}
		vec_push(&parts, n);
	}
	n = node_new(p, NODE_CONCAT, loc);
	n->list = nodes_freeze(p, &parts);
	return n;
}

static struct node *parse_sum(struct parser *p) {
	struct node *left = parse_concat(p);

	while (left && (current(p)->kind == TOKEN_ADD || current(p)->kind == TOKEN_SUB)) {
		const struct token *op = take(p);
		struct node *right = parse_concat(p);

		left = right ? node_binary(p, op->kind == TOKEN_ADD ? NODE_ADD : NODE_SUB, op->loc, left, right) : NULL;
	}
	return left;
}

static bool take_compare(struct parser *p, enum compare_op *ret_op) {
	static const struct {
		enum token_kind kind;
		enum compare_op op;
	} ops[] = { { TOKEN_EQ, CMP_EQ }, { TOKEN_NE, CMP_NE }, { TOKEN_LT, CMP_LT },
		    { TOKEN_LE, CMP_LE }, { TOKEN_GT, CMP_GT }, { TOKEN_GE, CMP_GE } };

	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (skip(p, ops[i].kind)) {
			*ret_op = ops[i].op;
			return true;
		}
	if (skip_name(p, "in")) {
		*ret_op = CMP_IN;
		return true;
	}
	if (is_name(p, "not") && token_is_name(ahead(p), "in")) {
		(void)take(p);
		(void)take(p);
		*ret_op = CMP_NOT_IN;
		return true;
	}
	return false;
}

static struct node *parse_compare(struct parser *p) {
	struct node *first = parse_sum(p), *n;
	struct loc loc = current(p)->loc;
	struct node_list rest = { 0 };
	VEC(uint8_t) ops = { 0 };
	enum compare_op op;

	while (first && take_compare(p, &op)) {
		n = parse_sum(p);
		if (!n)
			first = NULL;
		vec_push(&rest, n);
		vec_push(&ops, (uint8_t)op);
	}
	if (!first || !rest.n) {
		vec_done(&rest);
		vec_done(&ops);
		return first;
	}
	n = node_new(p, NODE_COMPARE, loc);
	n->compare.first = first;
	n->compare.n = (uint32_t)rest.n;
	n->compare.rest = vec_freeze(&rest, p->arena);
	n->compare.ops = vec_freeze(&ops, p->arena);
	return n;
}

static struct node *parse_not(struct parser *p) {
	struct loc loc = current(p)->loc;
	struct node *n;

	if (!is_name(p, "not"))
		return parse_compare(p);
	if (!enter(p))
		return NULL;
	(void)take(p);
	n = parse_not(p);
	leave(p);
	return n ? node_binary(p, NODE_NOT, loc, n, NULL) : NULL;
}

static struct node *parse_and(struct parser *p) {
	struct node *left = parse_not(p);

	while (left && is_name(p, "and")) {
		struct loc loc = take(p)->loc;
		struct node *right = parse_not(p);

		left = right ? node_binary(p, NODE_AND, loc, left, right) : NULL;
	}
	return left;
}

static struct node *parse_or(struct parser *p) {
	struct node *left = parse_and(p);

	while (left && is_name(p, "or")) {
		struct loc loc = take(p)->loc;
		struct node *right = parse_and(p);

		left = right ? node_binary(p, NODE_OR, loc, left, right) : NULL;
	}
	return left;
}

/* "a if b else c" groups its first part to the left, its last to the right. */
static struct node *parse_cond(struct parser *p) {
	struct node *value = parse_or(p);

	if (!value)
		return NULL;
	while (is_name(p, "if")) {
		struct loc loc = take(p)->loc;
		struct node *test = parse_or(p), *otherwise = NULL;

		if (!test || (skip_name(p, "else") && !(otherwise = parse_expression(p, true))))
			return NULL;
		value = node_binary(p, NODE_COND, loc, value, test);
		value->sub.c = otherwise;
	}
	return value;
}

struct node *parse_expression(struct parser *p, bool with_cond) {
	struct node *n;

	if (!enter(p))
		return NULL;
	n = with_cond ? parse_cond(p) : parse_or(p);
	leave(p);
	return n;
}

struct node *parse_tuple(struct parser *p, bool with_cond, bool parenthesised) {
	struct loc loc = current(p)->loc;
	struct node_list items = { 0 };
	bool is_tuple = false;

	for (;;) {
		enum token_kind kind = current(p)->kind;
		struct node *n;

		if (kind == TOKEN_PRINT_END || kind == TOKEN_TAG_END || kind == TOKEN_RPAREN)
			break;
		n = parse_expression(p, with_cond);
		if (!n) {
			vec_done(&items);
			return NULL;
		}
		vec_push(&items, n);
		if (!skip(p, TOKEN_COMMA))
			break;
		is_tuple = true;
	}
	if (!is_tuple && items.n) {
		struct node *only = items.v[0];

		vec_done(&items);
		return only;
	}
	if (!is_tuple && !parenthesised)
		return parse_unexpected(p, "an expression");
	return node_sequence(p, NODE_TUPLE, loc, &items);
}
