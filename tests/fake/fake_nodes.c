#include "tests/fake/fake_nodes.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *fake_nodes_create(void)
{
	char *folder = strdup("/tmp/fake_v4l2.XXXXXX");

	assert(folder);
	if (!mkdtemp(folder))
		abort();
	return folder;
}

void fake_nodes_add(const char *folder, const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	close(fd);
}

static int is_listed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

void fake_nodes_destroy(char *folder)
{
	struct dirent **nodes;
	char path[512];
	int count;

	if (!folder)
		return;
	count = scandir(folder, &nodes, is_listed, alphasort);
	assert(count >= 0);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, nodes[i]->d_name);
		unlink(path);
		free(nodes[i]);
	}
	free(nodes);
	rmdir(folder);
	free(folder);
}
