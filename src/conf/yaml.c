/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfyaml's events are folded into nodes with a stack of open containers. Its document API is not used: it looks for
 * duplicate keys in quadratic time. Here a map with many keys gets a hash set when it passes LINEAR_KEYS.
 */
#include "conf/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "conf/yaml_error.h"

enum { LINEAR_KEYS = 12 };

/* An open container. */
struct frame {
	struct node *node;
	struct node *key; /* read, its value is still to come */
	bool by_hash;     /* keys are in `keys` */
	struct map keys;
	struct str anchor; /* to be defined when it closes; s NULL: none */
};

struct anchor {
	struct node *node;
	bool open;
};

struct builder {
	struct arena *arena;
	struct diags *diags;
	uint32_t file;
	struct fy_parser *parser;
	struct frame stack[YAML_DEPTH_MAX];
	unsigned depth;
	struct node *root;
	struct map anchors; /* name → struct anchor */
	struct node *last_scalar;
	bool last_is_key;
	uint32_t nodes;   /* written in the file */
	uint32_t aliased; /* and more that aliases stand for */
	bool stop;        /* a syntax error or a limit: what follows would only be a consequence */
};

static void report(struct builder *b, struct loc loc, const char *check, const char *hint, const char *fmt, ...)
	_printf_(5, 6);

static void report(struct builder *b, struct loc loc, const char *check, const char *hint, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	diag_error(b->diags, check, loc, hint, "%s", arena_vprintf(b->arena, fmt, ap));
	va_end(ap);
}

/* A mistake after which the tree would be guesswork. */
#define give_up(b, loc, ...)                                                                                           \
	do {                                                                                                           \
		report(b, loc, __VA_ARGS__);                                                                           \
		(b)->stop = true;                                                                                      \
	} while (0)

static struct loc loc_at(const struct builder *b, const struct fy_mark *m, int back, size_t len) {
	if (!m)
		return (struct loc){ .file = b->file, .line = 1, .col = 1, .len = 1 };
	return (struct loc){
		.file = b->file,
		.line = (uint32_t)m->line + 1,
		.col = (uint32_t)(m->column + 1 - back),
		.len = (uint32_t)MAX(len, (size_t)1),
	};
}

static struct node *new_node(struct builder *b, enum node_kind kind, struct loc loc) {
	struct node *n = arena_new(b->arena, struct node);

	n->kind = kind;
	n->loc = loc;
	n->weight = 1;
	if (b->nodes++ == YAML_NODES_MAX)
		give_up(b, loc, "yaml-limit", "split the file", "more than %d values in one file", YAML_NODES_MAX);
	return n;
}

static struct frame *top(struct builder *b) {
	return b->depth ? &b->stack[b->depth - 1] : NULL;
}

/* The earlier item with this key, or NULL; remembers the new one. */
static struct node *find_duplicate(struct builder *b, struct frame *f, struct node *item) {
	if (!f->by_hash && f->node->count < LINEAR_KEYS) {
		NODE_EACH (other, f->node)
			if (str_eq(other->key->text, item->key->text))
				return other;
		return NULL;
	}
	if (!f->by_hash) {
		map_init(&f->keys, b->arena);
		f->by_hash = true;
		NODE_EACH (other, f->node)
			(void)map_add(&f->keys, other->key->text.s, other->key->text.len, other);
	}
	struct node *other = map_add(&f->keys, item->key->text.s, item->key->text.len, item);

	return other == item ? NULL : other;
}

static void report_duplicate(struct builder *b, const struct node *item, const struct node *other) {
	report(b, item->key->loc, "duplicate-key", "keep one of the two: most YAML readers silently keep the last",
	       "\"%s\" is already defined", item->key->text.s);
	diag_note(b->diags, other->key->loc, "the first \"%s\" is here", item->key->text.s);
}

static void place_key(struct builder *b, struct frame *f, struct node *n) {
	if (n->kind == NODE_SCALAR && !n->quoted && memmem(n->text.s, n->text.len, " {", 2))
		give_up(b, n->loc, "yaml-syntax", "write it as \"key: { … }\"", "a key without a colon");
	else if (n->kind == NODE_SCALAR) {
		f->key = n;
		b->last_is_key = true;
	} else
		give_up(b, n->loc, "yaml-syntax", "a value in braces or brackets must be quoted to be text",
			"a key must be a plain word, not %s", node_kind_to_str(n->kind));
}

/* What is missing has no mark of its own: a value takes its key's place, a key its value's. */
static void locate_missing(const struct frame *f, struct node *n) {
	if (n->missing)
		n->loc = n->key ? n->key->loc : f->node->last ? f->node->last->loc : f->node->loc;
	if (n->key && n->key->missing)
		n->key->loc = n->loc;
}

/* Puts a finished node where it belongs: root, list item, key or value. */
static void place(struct builder *b, struct node *n) {
	struct frame *f = top(b);
	struct node *other;

	if (!f) {
		if (b->root)
			give_up(b, n->loc, "yaml-syntax", "put it into a file of its own", "a file holds one document");
		else
			b->root = n;
		return;
	}
	if (f->node->kind == NODE_MAP && !f->key) {
		place_key(b, f, n);
		return;
	}
	n->key = TAKE_PTR(f->key);
	locate_missing(f, n);
	other = n->key ? find_duplicate(b, f, n) : NULL;
	if (other) {
		report_duplicate(b, n, other);
		return;
	}
	if (f->node->last)
		f->node->last->next = n;
	else
		f->node->first = n;
	f->node->last = n;
	f->node->count++;
	f->node->weight += n->weight;
}

static struct str token_str(struct builder *b, struct fy_token *t) {
	size_t len = 0;
	const char *text = t ? fy_token_get_text(t, &len) : NULL;

	return (struct str){ arena_dup(b->arena, text ? text : "", text ? len : 0), text ? len : 0 };
}

static void define_anchor(struct builder *b, struct str name, struct node *n, bool open) {
	struct anchor *fresh = arena_new(b->arena, struct anchor), *a;

	a = map_add(&b->anchors, name.s, name.len, fresh);
	*a = (struct anchor){ .node = n, .open = open }; /* a name may be used again: the latest counts */
}

/* "!!str" says what every scalar is anyway; any other tag asks for something that will not happen. */
static void refuse_tag(struct builder *b, struct fy_token *tag, bool scalar) {
	struct str text;
	struct loc loc;

	if (!tag)
		return;
	text = token_str(b, tag);
	if (scalar && (str_is(text, "tag:yaml.org,2002:str") || str_is(text, "!")))
		return;
	loc = loc_at(b, fy_token_start_mark(tag), 0, 1);
	give_up(b, loc, "yaml-syntax", "remove it: the field decides how a value is read", "tags have no meaning here");
}

/* The first line of a block scalar is marked at column 1, wherever its text begins. */
static struct loc block_loc(const struct builder *b, struct loc loc) {
	const char *line;
	size_t len, i = 0;

	if (!sources_line(b->diags->sources, loc.file, loc.line, &line, &len))
		return loc;
	while (i < len && line[i] == ' ')
		i++;
	return (struct loc){ loc.file, loc.line, (uint32_t)i + 1, (uint32_t)MAX(utf8_count(line + i, len - i), 1UL) };
}

static void on_scalar(struct builder *b, struct fy_event *e) {
	struct fy_token *t = e->scalar.value;
	const struct fy_mark *from = fy_event_start_mark(e), *to = fy_event_end_mark(e);
	enum fy_scalar_style style = t ? fy_token_scalar_style(t) : FYSS_PLAIN;
	struct str text = token_str(b, t);
	bool in_quotes = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	struct node *n;

	/* libfyaml's mark of a quoted scalar is behind the quote. */
	n = new_node(b, NODE_SCALAR, loc_at(b, from, in_quotes, utf8_count(text.s, text.len) + (in_quotes ? 2 : 0)));
	n->text = text;
	n->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
	n->missing = !n->quoted && text.len == 0;
	n->folded = !n->quoted && from && to && to->line > from->line;
	if (style == FYSS_LITERAL || style == FYSS_FOLDED)
		n->loc = block_loc(b, n->loc);
	if (text.len && memchr(text.s, 0, text.len))
		give_up(b, n->loc, "yaml-encoding", "remove it", "a zero byte in a text");
	if (e->scalar.anchor)
		define_anchor(b, token_str(b, e->scalar.anchor), n, false);
	refuse_tag(b, e->scalar.tag, true);
	b->last_scalar = n;
	b->last_is_key = false;
	place(b, n);
}

static void on_alias(struct builder *b, struct fy_event *e) {
	struct str name = token_str(b, e->alias.anchor);
	struct loc loc = loc_at(b, fy_event_start_mark(e), 1, name.len + 1);
	const struct anchor *a = map_get(&b->anchors, name.s, name.len);
	struct node *n = new_node(b, NODE_SCALAR, loc);

	n->text = STR("");
	if (!a)
		give_up(b, loc, "yaml-syntax",
			"anchors are defined with & above their first use; quote a text that begins with *",
			"there is no anchor \"%s\"", name.s);
	else if (a->open)
		give_up(b, loc, "yaml-syntax", "write out what is meant",
			"the alias \"%s\" stands inside its own anchor", name.s);
	else {
		/* The items are shared with the anchor's node: whoever wants to move them looks at `shared`. */
		a->node->shared = true;
		*n = *a->node;
		n->key = n->next = NULL;
		b->aliased += n->weight;
		if (b->aliased > YAML_ALIASED_MAX)
			give_up(b, loc, "yaml-limit", "write out what the aliases stand for",
				"aliases stand for more than %d values", YAML_ALIASED_MAX);
	}
	place(b, n);
}

static void on_open(struct builder *b, enum node_kind kind, const struct fy_mark *m, struct fy_token *anchor,
		    struct fy_token *tag) {
	struct node *n = new_node(b, kind, loc_at(b, m, 0, 1));
	struct frame *f;

	if (b->depth == YAML_DEPTH_MAX) {
		give_up(b, n->loc, "yaml-limit", "no section of an estate is nested that deep",
			"more than %d levels of nesting", YAML_DEPTH_MAX);
		return;
	}
	f = &b->stack[b->depth++];
	*f = (struct frame){ .node = n };
	if (anchor) {
		f->anchor = token_str(b, anchor);
		define_anchor(b, f->anchor, n, true);
	}
	refuse_tag(b, tag, false);
}

static void on_close(struct builder *b) {
	struct frame f = b->stack[--b->depth];

	if (f.by_hash)
		map_done(&f.keys);
	if (f.anchor.s)
		define_anchor(b, f.anchor, f.node, false);
	place(b, f.node);
}

/* Under YAML 1.1 lines end elsewhere. */
static void on_document(struct builder *b, struct fy_event *e) {
	const struct fy_version *v = fy_document_state_version(e->document_start.document_state);

	if (v && (v->major != 1 || v->minor != 2))
		give_up(b, (struct loc){ .file = b->file, .line = 1, .col = 1, .len = 1 }, "yaml-syntax",
			"remove the %YAML line", "this is read as YAML 1.2, not %d.%d", v->major, v->minor);
}

static void on_event(struct builder *b, struct fy_event *e) {
	switch (e->type) {
	case FYET_DOCUMENT_START:
		on_document(b, e);
		break;
	case FYET_SCALAR:
		on_scalar(b, e);
		break;
	case FYET_ALIAS:
		on_alias(b, e);
		break;
	case FYET_MAPPING_START:
		on_open(b, NODE_MAP, fy_event_start_mark(e), e->mapping_start.anchor, e->mapping_start.tag);
		break;
	case FYET_SEQUENCE_START:
		on_open(b, NODE_SEQ, fy_event_start_mark(e), e->sequence_start.anchor, e->sequence_start.tag);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		on_close(b);
		break;
	default:
		break;
	}
}

static void report_syntax(struct builder *b, const char *message, int line, int col) {
	struct yaml_stumble at = {
		.sources = b->diags->sources,
		.message = message,
		.loc = { .file = b->file, .line = (uint32_t)MAX(line, 1), .col = (uint32_t)MAX(col, 1), .len = 1 },
		.last_scalar = b->last_scalar,
		.last_is_key = b->last_is_key,
		.key_pending = top(b) ? top(b)->key : NULL,
	};

	for (unsigned i = b->depth; i-- > 0 && !at.open_flow;)
		if (yaml_is_flow(b->diags->sources, b->stack[i].node->loc))
			at.open_flow = b->stack[i].node;
	yaml_explain(b->arena, b->diags, &at);
	b->stop = true;
}

static void report_parser_errors(struct builder *b, struct fy_diag *fd) {
	struct fy_diag_error *err;
	void *iter = NULL;

	/* Only the first: the others follow from it. */
	err = fy_diag_errors_iterate(fd, &iter);
	if (err)
		report_syntax(b, err->msg, err->line, err->column);
	else
		report_syntax(b, "the parser stopped", 1, 1);
}

static void run(struct builder *b, struct fy_diag *fd) {
	struct fy_event *e;

	while (!b->stop && (e = fy_parser_parse(b->parser))) {
		on_event(b, e);
		fy_parser_event_free(b->parser, e);
	}
	if (!b->stop && fy_parser_get_stream_error(b->parser))
		report_parser_errors(b, fd);
	while (b->depth) {
		b->depth--;
		if (b->stack[b->depth].by_hash)
			map_done(&b->stack[b->depth].keys);
	}
}

/* The first byte that a text file has no business with, or len: controls (YAML 1.2 section 5.1), and a carriage return
 * that does not end a line, since lines are counted by line feeds here. */
static size_t find_control(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 ? c == 0x7f : c == '\r' ? i + 1 == len || s[i + 1] != '\n' : c != '\t' && c != '\n')
			return i;
	}
	return len;
}

/*
 * libfyaml reads nested brackets to their end before it gives out the first, with some 350 bytes for each: 30 MB of "["
 * would cost 10 GB. This counts brackets as the grammar does, but for block scalars, and returns where too many are
 * open, or len.
 */
static size_t find_deep_flow(const char *s, size_t len) {
	static const bool indicator[256] = { ['\n'] = true, [','] = true, ['['] = true, [']'] = true, ['{'] = true,
					     ['}'] = true,  [':'] = true, ['-'] = true, ['?'] = true };
	char quote = 0, before = '\n', last = '\n'; /* the last byte, and the last that was no blank */
	unsigned depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		bool fresh = indicator[(unsigned char)last]; /* a value may begin here */

		if (quote) {
			i += quote == '"' && c == '\\';
			quote = c == quote ? 0 : quote;
		} else if (c == '#' && (before == ' ' || before == '\t' || before == '\n')) {
			const char *end = memchr(s + i, '\n', len - i);

			i = end ? (size_t)(end - s) : len;
			c = '\n';
		} else if ((c == '"' || c == '\'') && fresh) {
			quote = c;
		} else if ((c == '[' || c == '{') && (depth || fresh)) {
			if (++depth > YAML_FLOW_MAX)
				return i;
		} else if ((c == ']' || c == '}') && depth) {
			depth--;
		}
		before = c;
		last = c == ' ' || c == '\t' ? last : c;
	}
	return len;
}

static bool check_bytes(struct builder *b, const struct source *src) {
	size_t control = find_control(src->text, src->len), good = utf8_check(src->text, control);

	if (good == src->len) {
		good = find_deep_flow(src->text, src->len);
		if (good < src->len)
			report(b, sources_loc(b->diags->sources, b->file, good, 1), "yaml-limit",
			       "no section of an estate is nested that deep", "more than %d brackets are open",
			       YAML_FLOW_MAX);
		return good == src->len;
	}
	if (good < control)
		report(b, sources_loc(b->diags->sources, b->file, good, 1), "yaml-encoding", "save the file as UTF-8",
		       "byte 0x%02x is not UTF-8", (unsigned char)src->text[good]);
	else
		report(b, sources_loc(b->diags->sources, b->file, good, 1), "yaml-encoding",
		       src->text[good] == '\r' ? "end lines with a line feed" : "remove it",
		       "the control character 0x%02x", (unsigned char)src->text[good]);
	return false;
}

/* fy_diag prints to a FILE even when it collects: give it one that goes nowhere. */
static ssize_t discard(void *cookie, const char *buf, size_t size) {
	(void)cookie;
	(void)buf;
	return (ssize_t)size;
}

static int parse_with(struct builder *b, const struct source *src, FILE *nowhere) {
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_DEFAULT_VERSION_1_2 };
	struct fy_diag *fd;
	int r = -ENOMEM;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = nowhere;
	diag_cfg.colorize = false;
	fd = fy_diag_create(&diag_cfg);
	if (!fd)
		return r;
	fy_diag_set_collect_errors(fd, true);
	cfg.diag = fd;
	b->parser = fy_parser_create(&cfg);
	if (b->parser && fy_parser_set_string(b->parser, src->text, src->len) == 0) {
		run(b, fd);
		r = 0;
	}
	if (b->parser)
		fy_parser_destroy(b->parser);
	fy_diag_destroy(fd);
	return r;
}

int yaml_parse(struct arena *a, struct diags *d, uint32_t file, struct node **ret_root) {
	const struct source *src = sources_get(d->sources, file);
	struct builder *b = arena_new(a, struct builder);
	_cleanup_(filep_close) FILE *nowhere = NULL;
	int r;

	*b = (struct builder){ .arena = a, .diags = d, .file = file };
	if (src->len == 0) {
		*ret_root = NULL;
		return 0;
	}
	if (!check_bytes(b, src))
		return -EINVAL;
	nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = discard });
	if (!nowhere)
		return -errno;
	map_init(&b->anchors, a);
	r = parse_with(b, src, nowhere);
	map_done(&b->anchors);
	if (r < 0)
		return r;
	if (b->stop)
		return -EINVAL;
	*ret_root = b->root && b->root->missing ? NULL : b->root;
	return 0;
}

static const char *unreadable_hint(int error) {
	switch (error) {
	case EACCES:
	case EPERM:
		return "run it as a user that may read it, or change the file's owner or mode";
	case ENOENT:
	case ELOOP:
		return "it is a symbolic link that leads nowhere: mend it or remove it";
	default:
		return NULL;
	}
}

int yaml_load(struct arena *a, struct diags *d, struct sources *s, const char *path, const char *shown,
	      struct node **ret_root) {
	char *text = NULL;
	size_t len = 0;
	int r = file_read(a, path, YAML_BYTES_MAX, &text, &len);
	uint32_t file = sources_add(s, shown, text, len);

	if (r == -EFBIG)
		diag_error(d, "yaml-limit", (struct loc){ .file = file }, "split it, for instance by site",
			   "the file is larger than %d MiB", YAML_BYTES_MAX >> 20);
	else if (r < 0)
		diag_error(d, "file", (struct loc){ .file = file }, unreadable_hint(-r), "cannot read the file: %s",
			   strerror(-r));
	if (r < 0)
		return r;
	return yaml_parse(a, d, file, ret_root);
}

const char *node_kind_to_str(enum node_kind k) {
	static const char *const names[] = { "a value", "a list", "a mapping" };

	return names[k];
}

struct node *node_get(const struct node *map, const char *key) {
	NODE_EACH (item, map)
		if (item->key && str_is(item->key->text, key))
			return item;
	return NULL;
}
