/* SPDX-License-Identifier: Apache-2.0 */
/* A main for fuzz targets under any compiler: runs each file of the folders given. No file at all is a failure. */
#include <dirent.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_folder(const char *folder) {
	struct dirent **names;
	int n = scandir(folder, &names, NULL, alphasort), count = 0;

	for (int i = 0; i < n; i++) {
		struct arena a = { 0 };
		char *path = arena_printf(&a, "%s/%s", folder, names[i]->d_name), *text;
		size_t len;

		if (names[i]->d_name[0] != '.' && file_read(&a, path, 16 << 20, &text, &len) == 0) {
			/* A copy of the exact size, so that ASan sees a read past the end. */
			uint8_t *exact = malloc(len ? len : 1);

			memcpy(exact, text, len);
			(void)LLVMFuzzerTestOneInput(exact, len);
			free(exact);
			count++;
		}
		arena_done(&a);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return count;
}

int main(int argc, char **argv) {
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += replay_folder(argv[i]);
	(void)printf("replayed %d inputs\n", count);
	return count ? 0 : 1;
}
