/*
 * What a process and the kernel hold, counted before and after what must leave nothing behind: in the
 * bare guest (tests/qemu/README.md). Needs the C library alone. Any thread.
 *
 * Source: the kernel's documents "The /proc Filesystem", "Buffer Sharing and Synchronization
 * (dma-buf)"; mallinfo(3).
 */
#ifndef BALAI_TESTS_FAKE_HOLDINGS_H
#define BALAI_TESTS_FAKE_HOLDINGS_H

#include <stdbool.h>
#include <stddef.h>

struct holdings {
	long files;      /* open in this process */
	long own_kib;    /* allocated and not freed, by all its threads */
	long kernel_kib; /* slabs that cannot be reclaimed, and memory that lies in pages */
	long buffers;    /* DMABUFs of the whole machine */
};

/* Returns 0 and fills *ret_holdings, or -errno where the kernel does not tell. */
int holdings_count(struct holdings *ret_holdings) __attribute__((warn_unused_result));

/* As many files and buffers, and of both memories at most so much more. */
bool holdings_are_kept(const struct holdings *before, const struct holdings *after,
		       long growth_kib);

/* For people, both of each. */
void holdings_print(const struct holdings *before, const struct holdings *after, char *text,
		    size_t size);

#endif
