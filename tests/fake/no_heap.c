#include "tests/fake/no_heap.h"

#include <stddef.h>

/* compiler-rt's sanitizer/allocator_interface.h; absent without a sanitizer. */
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *))
	__attribute__((weak));

static _Thread_local bool counting;
static _Thread_local unsigned int calls;

static void on_malloc(const volatile void *memory, size_t size)
{
	(void)memory;
	(void)size;
	calls += counting;
}

static void on_free(const volatile void *memory)
{
	(void)memory;
	calls += counting;
}

bool no_heap_install(void)
{
	return __sanitizer_install_malloc_and_free_hooks &&
	       __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0;
}

void no_heap_begin(void)
{
	calls = 0;
	counting = true;
}

unsigned int no_heap_end(void)
{
	counting = false;
	return calls;
}
