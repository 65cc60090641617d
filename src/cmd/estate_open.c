/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/estate_open.h"

#include <errno.h>
#include <string.h>

#include "estate/check.h"

int estate_cannot(const char *folder, int r) {
	if (r == -ENODATA)
		return cannot("%s holds no .yaml file, neither there nor in %s/machines", folder, folder);
	if (r == -ENOTDIR)
		return cannot("%s is not a folder; an estate is a folder of .yaml files", folder);
	return cannot("cannot read the estate %s: %s", folder, strerror(-r));
}

int opened_estate_open(struct opened_estate *o, const char *folder) {
	int r;

	*o = (struct opened_estate){ 0 };
	sources_init(&o->sources, &o->arena);
	diags_init(&o->diags, &o->arena, &o->sources);
	r = estate_load(&o->arena, &o->sources, &o->diags, folder, &o->estate);
	if (r == 0)
		return 0;
	opened_estate_close(o);
	return estate_cannot(folder, r);
}

void opened_estate_close(struct opened_estate *o) {
	if (o->estate)
		estate_done(o->estate);
	diags_done(&o->diags);
	sources_done(&o->sources);
	arena_done(&o->arena);
}

int opened_estate_require_clean(struct opened_estate *o, const struct output_options *out) {
	(void)checks_run(o->estate, NULL, &o->arena, &o->diags);
	if (!o->diags.count[SEVERITY_ERROR])
		return EXIT_DONE;
	diags_sort(&o->diags);
	diags_print(&o->diags, stderr, output_colour(out, stderr));
	(void)fprintf(stderr, "hextet: %s has %u error%s; nothing was done\n", o->estate->folder,
		      o->diags.count[SEVERITY_ERROR], o->diags.count[SEVERITY_ERROR] == 1 ? "" : "s");
	return EXIT_NO;
}
