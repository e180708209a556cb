#include "tests/fake/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file `name` so many folders above this program's own. */
static struct program_path find(int levels, const char *name)
{
	char folder[sizeof(struct program_path)];
	struct program_path path;
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	char *end;

	folder[length < 0 ? 0 : length] = '\0';
	for (int i = 0; i <= levels; i++) {
		end = strrchr(folder, '/');
		if (end)
			*end = '\0';
	}
	if (snprintf(path.text, sizeof(path.text), "%s/%s", folder, name) >=
	    (int)sizeof(path.text)) {
		fprintf(stderr, "program: the path of %s is too long\n", name);
		exit(EXIT_FAILURE);
	}
	return path;
}

struct program_path program_built(const char *name)
{
	return find(2, name);
}

struct program_path program_source(const char *name)
{
	return find(4, name);
}
