/*
 * Published test vectors: formats, each with a function that checks one case of a file. A case
 * remembers its first fault; what is asked of it after that is empty, and is not compared.
 *
 * A file is a list of cases (RFC 9420's working group), or an object of such lists (RFC 9605,
 * appendix C). A case's format is told by a member that only that format has.
 */
#ifndef BALAI_TESTS_VECTORS_H
#define BALAI_TESTS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "e2ee/mls_codec.h"

struct vector_case;

struct vector_format {
	const char *name;
	const char *key; /* the member that tells it */
	void (*check)(struct vector_case *test, const json_t *json);
};

/* The formats, a group a file; each ends with a format without name. */
extern const struct vector_format vector_formats_crypto[];
extern const struct vector_format vector_formats_key_schedule[];
extern const struct vector_format vector_formats_protection[];
extern const struct vector_format vector_formats_sframe[];
extern const struct vector_format vector_formats_messages[];
extern const struct vector_format vector_formats_tree[];
extern const struct vector_format vector_formats_group[];

/* What is wrong; printf-like. Only the first one is kept. */
void vector_fail(struct vector_case *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool vector_failed(const struct vector_case *test);

/* `result` is of a function of firmware/e2ee; returns whether it is 0. */
bool vector_done(struct vector_case *test, const char *what, int result);

/* The bytes are the expected ones. */
void vector_same(struct vector_case *test, const char *what, const void *bytes, size_t length,
		 struct mls_bytes expected);

/*
 * Members of `json`, which must be there and of that type. Bytes are written in hexadecimal, live as
 * long as the case and are never NULL. A number may be as large as UINT64_MAX.
 */
struct mls_bytes vector_bytes(struct vector_case *test, const json_t *json, const char *key);
struct mls_bytes vector_hex(struct vector_case *test, const json_t *text);
/* Of exactly that length; else a block of that many zeros. */
const uint8_t *vector_fixed(struct vector_case *test, const json_t *json, const char *key,
			    size_t length);
uint64_t vector_number(struct vector_case *test, const json_t *json, const char *key);
const char *vector_text(struct vector_case *test, const json_t *json, const char *key);
const json_t *vector_array(struct vector_case *test, const json_t *json, const char *key);
const json_t *vector_object(struct vector_case *test, const json_t *json, const char *key);

/* A block of zeros that lives as long as the case, for what is to be compared. */
uint8_t *vector_block(struct vector_case *test, size_t length);

#endif
