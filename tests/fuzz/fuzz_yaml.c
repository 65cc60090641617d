/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes → nodes. Every node must be where its container says, and every finding at a line that exists. */
#include "fuzz.h"

#include "conf/yaml.h"

static void check_node(const struct node *n, unsigned depth) {
	uint32_t count = 0;

	CLAIM(depth <= YAML_DEPTH_MAX && n->loc.line && n->loc.col);
	if (n->key)
		check_node(n->key, depth);
	NODE_EACH (item, n) {
		CLAIM((n->kind == NODE_MAP) == (item->key != NULL));
		count++;
		check_node(item, depth + 1);
	}
	CLAIM(n->kind == NODE_SCALAR ? n->text.s[n->text.len] == 0 : count == n->count);
}

const char *__lsan_default_suppressions(void) {
	return "leak:libfyaml.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena a = { 0 };
	struct sources s;
	struct diags d;
	struct node *root = NULL;
	FILE *out = fopen("/dev/null", "w");
	int r;

	sources_init(&s, &a);
	diags_init(&d, &a, &s);
	r = yaml_parse(&a, &d, sources_add(&s, "input.yaml", (const char *)data, size), &root);
	CLAIM(r == 0 || d.count[SEVERITY_ERROR]);
	/* Aliases share their items: 64 levels of two each would be walked for ever. */
	if (r == 0 && root && root->weight < 100000)
		check_node(root, 0);
	diags_sort(&d);
	for (size_t i = 0; i < d.list.n; i++) {
		const char *line;
		size_t len;

		CLAIM(sources_line(&s, d.list.v[i].loc.file, d.list.v[i].loc.line, &line, &len));
	}
	diags_print(&d, out, true);
	(void)fclose(out);
	diags_done(&d);
	sources_done(&s);
	arena_done(&a);
	return 0;
}
