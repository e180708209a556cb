#include "tests/fake/holdings.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Adds up the numbers behind these words in a file of the kernel. -ENODATA where one is missing. */
static int sum(const char *path, const char *const words[], size_t n_words, long *ret_total)
{
	FILE *file = fopen(path, "re");
	size_t found = 0;
	char line[256];
	long total = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < n_words; i++) {
			if (strncmp(line, words[i], strlen(words[i])) != 0)
				continue;
			total += strtol(line + strlen(words[i]), NULL, 10);
			found++;
		}
	}
	fclose(file);
	if (found != n_words)
		return -ENODATA;
	*ret_total = total;
	return 0;
}

int holdings_count(struct holdings *ret_holdings)
{
	static const char *const memory[] = {"SUnreclaim:", "VmallocUsed:"};
	static const char *const dmabufs[] = {"Total "};
	const struct mallinfo2 heap = mallinfo2();
	struct holdings holdings = {
		.own_kib = (long)((heap.uordblks + heap.hblkhd) / 1024),
	};
	struct stat folder;
	int r;

	if (stat("/proc/self/fd", &folder) < 0)
		return -errno;
	if (folder.st_size == 0)
		return -ENODATA;
	holdings.files = folder.st_size;
	r = sum("/proc/meminfo", memory, 2, &holdings.kernel_kib);
	if (r == 0)
		r = sum("/sys/kernel/debug/dma_buf/bufinfo", dmabufs, 1, &holdings.buffers);
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
