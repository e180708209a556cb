#include "tests/fake/holdings.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The number in the line that has these words around it. -ENODATA where there is none. */
static int find(const char *path, const char *before, const char *behind, long *ret_number)
{
	FILE *file = fopen(path, "re");
	int r = -ENODATA;
	char line[256];

	if (!file)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), file)) {
		char *end;
		long number;

		if (strncmp(line, before, strlen(before)) != 0)
			continue;
		number = strtol(line + strlen(before), &end, 10);
		if (strncmp(end, behind, strlen(behind)) != 0)
			continue;
		*ret_number = number;
		r = 0;
	}
	fclose(file);
	return r;
}

int holdings_count(struct holdings *ret_holdings)
{
	const struct mallinfo2 heap = mallinfo2();
	struct holdings holdings = {
		.own_kib = (long)((heap.uordblks + heap.hblkhd) / 1024),
	};
	long slabs = 0, pages = 0;
	struct stat folder;
	int r;

	if (stat("/proc/self/fd", &folder) < 0)
		return -errno;
	if (folder.st_size == 0)
		return -ENODATA;
	holdings.files = folder.st_size;
	r = find("/proc/meminfo", "SUnreclaim:", " kB", &slabs);
	if (r == 0)
		r = find("/proc/meminfo", "VmallocUsed:", " kB", &pages);
	if (r == 0)
		r = find("/sys/kernel/debug/dma_buf/bufinfo", "Total ", " objects",
			 &holdings.buffers);
	holdings.kernel_kib = slabs + pages;
	if (r == 0)
		*ret_holdings = holdings;
	return r;
}

bool holdings_are_kept(const struct holdings *before, const struct holdings *after, long growth_kib)
{
	return after->files == before->files && after->buffers == before->buffers &&
	       after->own_kib - before->own_kib <= growth_kib &&
	       after->kernel_kib - before->kernel_kib <= growth_kib;
}

void holdings_print(const struct holdings *before, const struct holdings *after, char *text,
		    size_t size)
{
	snprintf(text, size,
		 "from %ld to %ld files, %ld to %ld DMABUFs, %ld to %ld KiB, %ld to %ld KiB of the "
		 "kernel",
		 before->files, after->files, before->buffers, after->buffers, before->own_kib,
		 after->own_kib, before->kernel_kib, after->kernel_kib);
}
