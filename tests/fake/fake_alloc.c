#include "tests/fake/fake_alloc.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

/* Allocations until the one that fails; 0 when disarmed or past it. */
static _Thread_local unsigned int left;
static _Thread_local bool reached;

static bool fails_now(void)
{
	if (left == 0 || --left > 0)
		return false;
	reached = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails_now() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails_now() ? NULL : __real_strndup(text, size);
}

void fake_alloc_arm(unsigned int nth)
{
	/* What jansson allocated before is freed by the same free(). */
	json_set_alloc_funcs(__wrap_malloc, free);
	reached = false;
	left = nth;
}

bool fake_alloc_disarm(void)
{
	left = 0;
	return reached;
}
