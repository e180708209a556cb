#include "tests/fake/vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool vector_fail(struct vector *vector, const char *format, ...)
{
	va_list arguments;

	if (vector->why[0] != '\0')
		return false;
	va_start(arguments, format);
	vsnprintf(vector->why, sizeof(vector->why), format, arguments);
	va_end(arguments);
	return false;
}

void *vector_keep(struct vector *vector, void *block)
{
	void **blocks = realloc(vector->blocks, (vector->n_blocks + 1) * sizeof(*blocks));

	if (!block || !blocks)
		abort();
	vector->blocks = blocks;
	blocks[vector->n_blocks++] = block;
	return block;
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

struct mls_bytes vector_hex_of(struct vector *vector, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t length = text ? strlen(text) : 1;
	uint8_t *bytes;

	if (length % 2 != 0) {
		vector_fail(vector, "no bytes in hex");
		return (struct mls_bytes){0};
	}
	bytes = vector_keep(vector, malloc(length / 2 + 1));
	for (size_t i = 0; i < length; i += 2) {
		int high = digit(text[i]);
		int low = digit(text[i + 1]);

		if (high < 0 || low < 0) {
			vector_fail(vector, "no hex digit: %c%c", text[i], text[i + 1]);
			return (struct mls_bytes){0};
		}
		bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (struct mls_bytes){bytes, length / 2};
}

struct mls_bytes vector_hex(struct vector *vector, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object ? object : vector->json, key);

	if (!json_is_string(value)) {
		vector_fail(vector, "no bytes called %s", key);
		return (struct mls_bytes){0};
	}
	return vector_hex_of(vector, value);
}

uint64_t vector_number(struct vector *vector, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object ? object : vector->json, key);

	if (!json_is_integer(value)) {
		vector_fail(vector, "no number called %s", key);
		return 0;
	}
	return (uint64_t)json_integer_value(value);
}

bool vector_same(struct vector *vector, const char *what, struct mls_bytes is,
		 struct mls_bytes should)
{
	return mls_bytes_equal(is, should) || vector_fail(vector, "another %s", what);
}

bool vector_run(const struct vector_format *format, const json_t *json, struct vector *vector)
{
	bool passed;

	*vector = (struct vector){.json = json};
	passed = format->run(vector) && vector->why[0] == '\0';
	for (size_t i = 0; i < vector->n_blocks; i++)
		free(vector->blocks[i]);
	free(vector->blocks);
	vector->blocks = NULL;
	vector->n_blocks = 0;
	return passed || vector_fail(vector, "does not pass");
}
