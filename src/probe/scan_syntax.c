/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/scan_syntax.h"

#include <string.h>
#include <strings.h>

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum {
	C_LIKE = HABIT_DOUBLE | HABIT_SINGLE,
	SCRIPT = HABIT_DOUBLE | HABIT_SINGLE | HABIT_NEWLINE,
	CONFIG = HABIT_DOUBLE | HABIT_BARE | HABIT_NEWLINE | HABIT_HASH_APART,
};

const struct scan_syntax scan_syntaxes[] = {
	{ SCAN_C,
	  "c",
	  { "//" },
	  "/*",
	  "*/",
	  C_LIKE | HABIT_C_RAW,
	  WORDS("c", "h", "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "inl", "ipp", "m", "mm"),
	  NULL,
	  NULL },
	{ SCAN_JAVA,
	  "java",
	  { "//" },
	  "/*",
	  "*/",
	  C_LIKE | HABIT_TRIPLE | HABIT_DOLLAR_WORD,
	  WORDS("java", "kt", "kts", "scala", "groovy", "gradle"),
	  NULL,
	  NULL },
	{ SCAN_PYTHON,
	  "python",
	  { "#" },
	  NULL,
	  NULL,
	  SCRIPT | HABIT_TRIPLE,
	  WORDS("py", "pyi", "pyw"),
	  WORDS("SConstruct"),
	  WORDS("python") },
	{ SCAN_GO, "go", { "//" }, "/*", "*/", SCRIPT | HABIT_BACKQUOTE, WORDS("go"), NULL, NULL },
	{ SCAN_JAVASCRIPT,
	  "javascript",
	  { "//" },
	  "/*",
	  "*/",
	  SCRIPT | HABIT_BACKQUOTE | HABIT_REGEX | HABIT_DOLLAR_WORD,
	  WORDS("js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"),
	  NULL,
	  WORDS("node", "deno") },
	{ SCAN_RUBY,
	  "ruby",
	  { "#" },
	  "=begin",
	  "=end",
	  SCRIPT | HABIT_REGEX | HABIT_HEREDOC | HABIT_PERCENT,
	  WORDS("rb", "rake", "gemspec"),
	  WORDS("Rakefile", "Gemfile", "Vagrantfile"),
	  WORDS("ruby") },
	{ SCAN_PHP,
	  "php",
	  { "//", "#" },
	  "/*",
	  "*/",
	  C_LIKE | HABIT_HEREDOC,
	  WORDS("php", "phtml", "inc"),
	  NULL,
	  WORDS("php") },
	{ SCAN_PERL,
	  "perl",
	  { "#" },
	  "=pod",
	  "=cut",
	  C_LIKE | HABIT_REGEX | HABIT_HEREDOC | HABIT_QUOTE_LIKE,
	  WORDS("pl", "pm", "t"),
	  NULL,
	  WORDS("perl") },
	{ SCAN_SQL,
	  "sql",
	  { "--" },
	  "/*",
	  "*/",
	  HABIT_SINGLE_RAW | HABIT_DOUBLE | HABIT_DOUBLED | HABIT_DOLLAR | HABIT_BACKQUOTE | HABIT_ANY_CASE,
	  WORDS("sql", "ddl", "psql"),
	  NULL,
	  NULL },
	{ SCAN_SHELL,
	  "shell",
	  { "#" },
	  NULL,
	  NULL,
	  CONFIG | HABIT_SINGLE_RAW | HABIT_HEREDOC,
	  WORDS("sh", "bash", "zsh", "ksh"),
	  WORDS("Makefile", "Dockerfile"),
	  WORDS("sh", "bash", "dash", "zsh", "ksh", "busybox") },
	{ SCAN_NGINX,
	  "nginx",
	  { "#" },
	  NULL,
	  NULL,
	  HABIT_DOUBLE | HABIT_SINGLE | HABIT_BARE | HABIT_HASH_APART,
	  WORDS("nginx", "vhost"),
	  WORDS("nginx.conf"),
	  NULL },
	{ SCAN_HAPROXY,
	  "haproxy",
	  { "#" },
	  NULL,
	  NULL,
	  CONFIG | HABIT_SINGLE_RAW,
	  WORDS("cfg"),
	  WORDS("haproxy.conf"),
	  NULL },
	{ SCAN_YAML, "yaml", { "#" }, NULL, NULL, CONFIG | HABIT_SINGLE_RAW, WORDS("yaml", "yml"), NULL, NULL },
	{ SCAN_TOML,
	  "toml",
	  { "#", ";" },
	  NULL,
	  NULL,
	  CONFIG | HABIT_SINGLE_RAW | HABIT_TRIPLE,
	  WORDS("toml", "ini"),
	  NULL,
	  NULL },
	{ SCAN_PROPERTIES,
	  "properties",
	  { "#", "!" },
	  NULL,
	  NULL,
	  HABIT_BARE | HABIT_NEWLINE | HABIT_HASH_APART,
	  WORDS("properties"),
	  NULL,
	  NULL },
};
const unsigned scan_syntax_count = ARRAY_LEN(scan_syntaxes);

const struct scan_syntax *scan_syntax_of(enum scan_language language) {
	for (size_t i = 0; i < ARRAY_LEN(scan_syntaxes); i++)
		if (scan_syntaxes[i].language == language)
			return &scan_syntaxes[i];
	return NULL;
}

const struct scan_syntax *scan_syntax_by_name(const char *name) {
	for (size_t i = 0; i < ARRAY_LEN(scan_syntaxes); i++)
		if (strcmp(scan_syntaxes[i].name, name) == 0)
			return &scan_syntaxes[i];
	return NULL;
}

/* The name of the program in "#!/usr/bin/env -S python3 -u". */
static struct str shebang(const char *text, size_t len) {
	const char *end = memchr(text, '\n', MIN(len, (size_t)256));
	struct str rest, word = { 0 };

	if (!end || len < 2 || text[0] != '#' || text[1] != '!')
		return word;
	rest = (struct str){ text + 2, (size_t)(end - text) - 2 };
	while (str_split(&rest, ' ', &word)) {
		const char *slash = memrchr(word.s, '/', word.len);

		if (slash)
			word = (struct str){ slash + 1, (size_t)(word.s + word.len - slash) - 1 };
		if (word.len && word.s[0] != '-' && !str_is(word, "env"))
			return word;
	}
	return (struct str){ 0 };
}

static bool has(const char *const *list, const char *word) {
	for (size_t i = 0; list && list[i]; i++)
		if (strcasecmp(list[i], word) == 0)
			return true;
	return false;
}

const struct scan_syntax *scan_syntax_of_file(const char *name, const char *text, size_t len) {
	const char *dot = strrchr(name, '.');
	struct str program;

	for (size_t i = 0; i < ARRAY_LEN(scan_syntaxes); i++)
		if (has(scan_syntaxes[i].names, name))
			return &scan_syntaxes[i];
	if (dot && strcmp(dot, ".conf") == 0) { /* everybody's; nginx's are told by their blocks */
		if (memmem(text, len, "server {", 8) || memmem(text, len, "location ", 9) ||
		    memmem(text, len, "listen ", 7))
			return scan_syntax_of(SCAN_NGINX);
		return scan_syntax_of(SCAN_TOML);
	}
	for (size_t i = 0; dot && i < ARRAY_LEN(scan_syntaxes); i++)
		if (has(scan_syntaxes[i].extensions, dot + 1))
			return &scan_syntaxes[i];
	program = shebang(text, len);
	for (size_t i = 0; program.len && i < ARRAY_LEN(scan_syntaxes); i++)
		for (size_t k = 0; scan_syntaxes[i].programs && scan_syntaxes[i].programs[k]; k++) {
			const char *p = scan_syntaxes[i].programs[k];
			size_t n = strlen(p);

			if (program.len >= n && memcmp(program.s, p, n) == 0 &&
			    !(program.len > n && program.s[n] >= 'a'))
				return &scan_syntaxes[i];
		}
	return NULL;
}
