/*
 * Published test vectors of MLS and SFrame: a file is an array of cases in JSON, and its format is
 * told by a member that no other format has. One thread at a time.
 */
#ifndef BALAI_TESTS_VECTORS_H
#define BALAI_TESTS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "e2ee/mls_codec.h"

/* A case as it is run. */
struct vector {
	const json_t *json;
	char why[200]; /* what was wrong first */
	void **blocks; /* freed after the case */
	size_t n_blocks;
};

struct vector_format {
	const char *name; /* as its file is published */
	const char *key;  /* a member of its cases */
	bool (*run)(struct vector *vector);
};

/* End with an empty one. */
extern const struct vector_format vector_tree_formats[];

/* Keeps why the case failed, unless it has failed before. Returns false. */
bool vector_fail(struct vector *vector, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Remembers a block of malloc() to be freed after the case; without memory the program ends. */
void *vector_keep(struct vector *vector, void *block);

/* Bytes of a text of hex digits; anything else fails the case, and is empty. */
struct mls_bytes vector_hex_of(struct vector *vector, const json_t *value);

/* The same of a member of an object; NULL stands for the case. */
struct mls_bytes vector_hex(struct vector *vector, const json_t *object, const char *key);

/* A member that is a whole number; anything else fails the case, and is 0. */
uint64_t vector_number(struct vector *vector, const json_t *object, const char *key);

/* Fails the case, naming what is compared, where they differ. */
bool vector_same(struct vector *vector, const char *what, struct mls_bytes is,
		 struct mls_bytes should);

/* Runs a case and frees what it keeps; `vector` tells why it failed. */
bool vector_run(const struct vector_format *format, const json_t *json, struct vector *vector);

#endif
