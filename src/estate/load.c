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
	struct section *next;
};

struct joiner {
	struct estate *e;
	struct diags *d;
	struct node *root;
	struct map by_name; /* name → struct section */
	struct section *sections;
	unsigned errors_before;
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

/* Items that an alias shares with another node must not be moved: this gives the container its own. */
static void unshare(struct arena *a, struct node *container) {
	struct node *item = container->first;

	if (!container->shared)
		return;
	container->first = container->last = NULL;
	container->count = 0;
	container->shared = false;
	for (; item; item = item->next) {
		struct node *copy = arena_new(a, struct node);

		*copy = *item;
		append(container, copy);
	}
}

static void report_twice(struct joiner *j, const struct node *item, const struct node *other) {
	const char *name = item->key->text.s;

	diag_error(j->d, "duplicate-key", item->key->loc, "keep one of the two", "\"%s\" is already defined", name);
	diag_note(j->d, other->key->loc, "the first \"%s\" is here", name);
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
	unshare(j->e->arena, s->node);
	unshare(j->e->arena, more);
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
	struct section *fresh = arena_new(j->e->arena, struct section), *s;

	s = map_add(&j->by_name, item->key->text.s, item->key->text.len, fresh);
	if (s != fresh) {
		join(j, s, item);
		return;
	}
	s->node = item;
	s->next = j->sections;
	j->sections = s;
	append(j->root, item);
}

static void add_file(struct joiner *j, struct node *root, bool is_machines) {
	if (root->kind != NODE_MAP) {
		diag_error(j->d, "bad-value", root->loc,
			   is_machines ? "begin with a machine's name and a colon"
				       : "begin with a section's name and a colon",
			   "%s is expected here, not %s",
			   is_machines ? "a mapping from names to machines" : "a mapping of sections",
			   node_kind_to_str(root->kind));
		j->e->unread++;
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

/* A full disk and an editor that died leave a file of zero bytes; a file of comments was meant so. */
static void warn_if_empty(struct joiner *j) {
	const uint32_t file = (uint32_t)j->e->sources->list.n;

	if (!sources_get(j->e->sources, file)->len)
		diag_add(j->d, SEVERITY_WARNING, "empty-file", (struct loc){ .file = file },
			 "restore it, or delete it if it is not needed", "the file is empty");
}

/* A pipe or a device would be read for ever. */
static void add_path(struct joiner *j, const char *path, bool is_machines) {
	struct estate *e = j->e;
	struct node *root = NULL;
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		diag_error(j->d, "file", (struct loc){ .file = sources_add(e->sources, path, NULL, 0) },
			   "rename it when it does not belong to the estate", "not a regular file");
		r = -EINVAL;
		e->unreadable++;
	} else {
		r = yaml_load(e->arena, j->d, e->sources, path, path, &root);
		e->unreadable += r < 0 && r != -EINVAL && r != -EFBIG;
	}
	e->unsure |= r < 0 && !is_machines;
	if (r < 0)
		e->unread++;
	else if (root)
		add_file(j, root, is_machines);
	else
		warn_if_empty(j);
}

/* Reads every YAML file of a folder. Returns how many, or -errno. */
static int add_folder(struct joiner *j, const char *folder, bool is_machines) {
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, by_name);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		add_path(j, arena_printf(j->e->arena, "%s/%s", folder, entries[i]->d_name), is_machines);
		free(entries[i]);
	}
	free(entries);
	return n;
}

static int read_files(struct joiner *j, const char *folder) {
	const char *below = arena_printf(j->e->arena, "%s/machines", folder);
	int sections = add_folder(j, folder, false), machines;

	if (sections < 0)
		return sections;
	machines = add_folder(j, below, true);
	if (machines < 0 && machines != -ENOENT) {
		diag_error(j->d, "file", (struct loc){ .file = sources_add(j->e->sources, below, NULL, 0) },
			   machines == -EACCES
				   ? "run it as a user that may read it, or change the folder's owner or mode"
				   : "machines is a folder of YAML files",
			   "cannot read the folder: %s", strerror(-machines));
		j->e->unread++;
		j->e->unreadable++;
		return 0;
	}
	return sections + MAX(machines, 0) > 0 ? 0 : -ENODATA;
}

static void begin(struct joiner *j, struct arena *a, struct sources *s, struct diags *d, const char *folder) {
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	*j = (struct joiner){ .e = arena_new(a, struct estate), .d = d, .root = arena_new(a, struct node) };
	j->errors_before = d->count[SEVERITY_ERROR];
	j->root->kind = NODE_MAP;
	j->e->arena = a;
	j->e->sources = s;
	j->e->folder = arena_dup(a, folder, len);
	map_init(&j->by_name, a);
}

/* The joiner is done with afterwards. */
static void finish(struct joiner *j, struct estate **ret_e) {
	struct estate *e = j->e;
	struct loader loader;

	e->root = j->root;
	loader_init(&loader, e->arena, j->d);
	(void)schema_load(&loader, &estate_schema, j->root, e);
	NODE_EACH (section, j->root)
		e->unread += !schema_has(&estate_schema, section->key->text);
	e->loaded = j->d->count[SEVERITY_ERROR] == j->errors_before;
	estate_resolve(e, &loader);
	loader_done(&loader);
	claims_build(e);
	*ret_e = e;
}

static void joiner_done(struct joiner *j) {
	for (struct section *s = j->sections; s; s = s->next)
		if (s->keyed)
			map_done(&s->keys);
	map_done(&j->by_name);
}

int estate_load(struct arena *a, struct sources *s, struct diags *d, const char *folder, struct estate **ret_e) {
	struct joiner j;
	int r;

	begin(&j, a, s, d, folder);
	r = read_files(&j, j.e->folder);
	if (r == 0)
		finish(&j, ret_e);
	joiner_done(&j);
	return r;
}

void estate_load_text(struct arena *a, struct sources *s, struct diags *d, const char *shown, const char *text,
		      size_t len, struct estate **ret_e) {
	struct node *root = NULL;
	struct joiner j;

	begin(&j, a, s, d, ".");
	if (yaml_parse(a, d, sources_add(s, shown, text, len), &root) < 0)
		j.e->unread++;
	else if (root)
		add_file(&j, root, false);
	finish(&j, ret_e);
	joiner_done(&j);
}

void estate_done(struct estate *e) {
	map_done(&e->machine_by_name);
	map_done(&e->group_by_name);
	map_done(&e->service_by_name);
	map_done(&e->failover_by_name);
}
