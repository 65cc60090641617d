/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are read in byte order of their names, sections first, so that diagnostics and everything derived have one
 * order. Sections of the same name are joined before the schema looks at them: it never knows how many files there
 * were.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/yaml.h"
#include "estate/claims.h"
#include "estate/estate.h"

/* A section and, once it is joined from two files, the keys it has. */
struct section {
	struct node *node;
	struct map keys;
	bool keyed;
};

struct joiner {
	struct estate *e;
	struct diags *d;
	struct node *root;
	VEC(struct section) sections;
	bool failed;
};

static void append(struct node *container, struct node *item) {
	item->next = NULL;
	if (container->last)
		container->last->next = item;
	else
		container->first = item;
	container->last = item;
	container->count++;
}

static void report_twice(struct joiner *j, const struct node *item, const struct node *other) {
	const char *name = item->key->text.s;

	diag_error(j->d, "duplicate-key", item->key->loc, "keep one of the two", "\"%s\" is already defined", name);
	diag_add(j->d, SEVERITY_NOTE, "duplicate-key", other->key->loc, NULL, "the first \"%s\" is here", name);
	j->failed = true;
}

static void remember_keys(struct joiner *j, struct section *s) {
	map_init(&s->keys, j->e->arena);
	s->keyed = true;
	NODE_EACH (item, s->node)
		(void)map_add(&s->keys, item->key->text.s, item->key->text.len, item);
}

/* Moves the items of `more` into a section that another file began. */
static void join(struct joiner *j, struct section *s, struct node *more) {
	if (more->kind != s->node->kind || more->kind == NODE_SCALAR) {
		report_twice(j, more, s->node);
		return;
	}
	if (more->kind == NODE_MAP && !s->keyed)
		remember_keys(j, s);
	for (struct node *item = more->first, *next; item; item = next) {
		struct node *other = item;

		next = item->next;
		if (more->kind == NODE_MAP)
			other = map_add(&s->keys, item->key->text.s, item->key->text.len, item);
		if (other == item)
			append(s->node, item);
		else
			report_twice(j, item, other);
	}
}

static void add_section(struct joiner *j, struct node *item) {
	for (size_t i = 0; i < j->sections.n; i++)
		if (str_eq(j->sections.v[i].node->key->text, item->key->text)) {
			join(j, &j->sections.v[i], item);
			return;
		}
	vec_push(&j->sections, (struct section){ .node = item });
	append(j->root, item);
}

static void add_file(struct joiner *j, struct node *root, bool is_machines) {
	if (!root)
		return;
	if (root->kind != NODE_MAP) {
		diag_error(j->d, "bad-value", root->loc,
			   is_machines ? "begin with a machine's name and a colon"
				       : "begin with a section's name and a colon",
			   "%s is expected here, not %s",
			   is_machines ? "a mapping from names to machines" : "a mapping of sections",
			   node_kind_to_str(root->kind));
		j->failed = true;
		return;
	}
	if (is_machines) {
		root->key = arena_new(j->e->arena, struct node);
		root->key->text = STR("machines");
		root->key->loc = root->loc;
		add_section(j, root);
		return;
	}
	for (struct node *item = root->first, *next; item; item = next) {
		next = item->next;
		add_section(j, item);
	}
}

static int is_yaml(const struct dirent *entry) {
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Reads every YAML file of a folder. Returns how many, or -errno. */
static int add_folder(struct joiner *j, const char *folder, bool is_machines) {
	struct estate *e = j->e;
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, by_name);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		char *path = arena_printf(e->arena, "%s/%s", folder, entries[i]->d_name);
		struct node *root = NULL;

		if (yaml_load(e->arena, j->d, e->sources, path, path, &root) < 0)
			j->failed = true;
		else
			add_file(j, root, is_machines);
		free(entries[i]);
	}
	free(entries);
	return n;
}

static int read_files(struct joiner *j, const char *folder) {
	int sections = add_folder(j, folder, false), machines;

	if (sections < 0)
		return sections;
	machines = add_folder(j, arena_printf(j->e->arena, "%s/machines", folder), true);
	if (machines < 0 && machines != -ENOENT)
		return machines;
	return sections + MAX(machines, 0) > 0 ? 0 : -ENODATA;
}

int estate_load(struct arena *a, struct sources *s, struct diags *d, const char *folder, struct estate **ret_e) {
	struct estate *e = arena_new(a, struct estate);
	struct joiner j = { .e = e, .d = d, .root = arena_new(a, struct node) };
	struct loader loader;
	unsigned errors;
	int r;

	e->arena = a;
	e->sources = s;
	e->folder = arena_dup(a, folder, strlen(folder));
	while (strlen(e->folder) > 1 && e->folder[strlen(e->folder) - 1] == '/')
		e->folder = arena_dup(a, e->folder, strlen(e->folder) - 1);
	j.root->kind = NODE_MAP;
	r = read_files(&j, e->folder);
	for (size_t i = 0; i < j.sections.n; i++)
		if (j.sections.v[i].keyed)
			map_done(&j.sections.v[i].keys);
	vec_done(&j.sections);
	if (r < 0)
		return r;
	e->root = j.root;
	loader_init(&loader, a, d);
	errors = schema_load(&loader, &estate_schema, j.root, e);
	e->loaded = errors == 0 && !j.failed;
	estate_resolve(e, &loader);
	loader_done(&loader);
	claims_build(e);
	*ret_e = e;
	return 0;
}

void estate_done(struct estate *e) {
	map_done(&e->machine_by_name);
	map_done(&e->group_by_name);
	map_done(&e->service_by_name);
	map_done(&e->failover_by_name);
}
