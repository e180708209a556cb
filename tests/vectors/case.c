#include "tests/vectors/case.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fake/hex.h"

struct block {
	struct block *next;
	uint8_t bytes[];
};

struct vector_case {
	struct block *blocks;
	bool failed;
	char fault[256];
};

/* A test has no use for going on without memory. */
static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

struct vector_case *vector_case_create(void)
{
	return must(calloc(1, sizeof(struct vector_case)));
}

void vector_case_destroy(struct vector_case *test)
{
	struct block *next;

	if (!test)
		return;
	for (struct block *block = test->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(test);
}

const char *vector_fault(const struct vector_case *test)
{
	return test->failed ? test->fault : NULL;
}

bool vector_failed(const struct vector_case *test)
{
	return test->failed;
}

void vector_fail(struct vector_case *test, const char *format, ...)
{
	va_list args;

	if (test->failed)
		return;
	va_start(args, format);
	vsnprintf(test->fault, sizeof(test->fault), format, args);
	va_end(args);
	test->failed = true;
}

bool vector_done(struct vector_case *test, const char *what, int result)
{
	if (result < 0)
		vector_fail(test, "%s: %s", what, mls_error_text(result));
	return result == 0;
}

void vector_same(struct vector_case *test, const char *what, const void *bytes, size_t length,
		 struct mls_bytes expected)
{
	if (!mls_bytes_equal((struct mls_bytes){bytes, length}, expected))
		vector_fail(test, "another %s than published", what);
}

uint8_t *vector_block(struct vector_case *test, size_t length)
{
	/* One byte more: a block of nothing is no null pointer, and a text ends. */
	struct block *block = must(calloc(1, sizeof(*block) + length + 1));

	block->next = test->blocks;
	test->blocks = block;
	return block->bytes;
}

static const json_t *member(struct vector_case *test, const json_t *json, const char *key,
			    json_type type)
{
	const json_t *value = json_object_get(json, key);

	if (!value || json_typeof(value) != type) {
		vector_fail(test, "no member \"%s\" of the right type", key);
		return NULL;
	}
	return value;
}

struct mls_bytes vector_hex(struct vector_case *test, const json_t *text)
{
	size_t length = json_string_length(text) / 2;
	uint8_t *bytes = vector_block(test, length);

	if (!json_is_string(text) ||
	    hex_read(json_string_value(text), bytes, length) != (long)length) {
		vector_fail(test, "bytes that are not in hexadecimal");
		length = 0;
	}
	return (struct mls_bytes){bytes, length};
}

struct mls_bytes vector_bytes(struct vector_case *test, const json_t *json, const char *key)
{
	const json_t *text = member(test, json, key, JSON_STRING);

	return text ? vector_hex(test, text) : (struct mls_bytes){vector_block(test, 0), 0};
}

const uint8_t *vector_fixed(struct vector_case *test, const json_t *json, const char *key,
			    size_t length)
{
	struct mls_bytes bytes = vector_bytes(test, json, key);

	if (bytes.length == length)
		return bytes.data;
	vector_fail(test, "\"%s\" is not of %zu bytes", key, length);
	return vector_block(test, length);
}

uint64_t vector_number(struct vector_case *test, const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);
	char *end = NULL;
	uint64_t number;

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	if (!json_is_string(value)) {
		vector_fail(test, "no number \"%s\"", key);
		return 0;
	}
	errno = 0;
	number = strtoull(json_string_value(value), &end, 10);
	if (errno != 0 || *end != '\0')
		vector_fail(test, "no number \"%s\"", key);
	return number;
}

const char *vector_text(struct vector_case *test, const json_t *json, const char *key)
{
	const json_t *text = member(test, json, key, JSON_STRING);

	return text ? json_string_value(text) : "";
}

const json_t *vector_array(struct vector_case *test, const json_t *json, const char *key)
{
	return member(test, json, key, JSON_ARRAY);
}

const json_t *vector_object(struct vector_case *test, const json_t *json, const char *key)
{
	return member(test, json, key, JSON_OBJECT);
}
