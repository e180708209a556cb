/*
 * mls-vectors FILE…: checks every case of files of published vectors of MLS (RFC 9420) and SFrame
 * (RFC 9605), wherever they lie, and says so in TAP. Cases of cipher suites that this project does not
 * have are skipped, and counted. Ends with 1 where a case failed, or a file could not be read.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "e2ee/mls_crypto.h"
#include "tests/vectors/case.h"

#define FILE_BYTES_MAX (256U << 20)

/* A number longer than this may be larger than jansson's. */
enum { DIGITS_MAX = 18 };

struct counts {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

static const struct vector_format *const groups[] = {
	vector_formats_crypto, vector_formats_key_schedule, vector_formats_protection,
	vector_formats_sframe, vector_formats_messages,     vector_formats_tree,
	vector_formats_group,
};

static const struct vector_format *format_of(const json_t *json)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		for (const struct vector_format *format = groups[i]; format->name; format++)
			if (json_object_get(json, format->key))
				return format;
	return NULL;
}

static bool is_ours(const struct vector_format *format, const json_t *json)
{
	const json_t *suite = json_object_get(json, "cipher_suite");

	if (!suite)
		return true;
	if (strncmp(format->name, "sframe", 6) == 0)
		return json_integer_value(suite) == 4 || json_integer_value(suite) == 5;
	return json_integer_value(suite) == MLS_CIPHER_SUITE;
}

static void tell(struct counts *counts, const char *file, const char *name, size_t index,
		 const char *fault)
{
	unsigned int number = counts->passed + counts->failed + 1;

	if (fault) {
		printf("not ok %u - %s: %s %zu\n# %s\n", number, file, name, index, fault);
		counts->failed++;
	} else {
		printf("ok %u - %s: %s %zu\n", number, file, name, index);
		counts->passed++;
	}
}

static void check_case(struct counts *counts, const char *file, size_t index, const json_t *json)
{
	const struct vector_format *format = format_of(json);
	struct vector_case *test;

	if (!format) {
		tell(counts, file, "case", index, "of no format that is known");
		return;
	}
	if (!is_ours(format, json)) {
		printf("# skipped, another cipher suite: %s: %s %zu\n", file, format->name, index);
		counts->skipped++;
		return;
	}
	test = vector_case_create();
	format->check(test, json);
	tell(counts, file, format->name, index, vector_fault(test));
	vector_case_destroy(test);
}

static void check_list(struct counts *counts, const char *file, const json_t *list)
{
	if (json_array_size(list) == 0)
		tell(counts, file, "list", 0, "without cases");
	for (size_t i = 0; i < json_array_size(list); i++)
		check_case(counts, file, i, json_array_get(list, i));
}

/* Long numbers become texts. */
static int quote_numbers(const char *text, size_t length, struct buffer *quoted)
{
	bool in_text = false;
	size_t digits;
	int r = 0;

	for (size_t i = 0; i < length && r == 0; i += digits > 0 ? digits : 1) {
		digits = 0;
		while (!in_text && i + digits < length && isdigit((unsigned char)text[i + digits]))
			digits++;
		if (text[i] == '"')
			in_text = !in_text;
		if (digits > DIGITS_MAX)
			r = buffer_append(quoted, "\"", 1);
		if (r == 0)
			r = buffer_append(quoted, text + i, digits > 0 ? digits : 1);
		if (r == 0 && digits > DIGITS_MAX)
			r = buffer_append(quoted, "\"", 1);
	}
	return r;
}

static int read_all(FILE *file, struct buffer *text)
{
	uint8_t block[4096];
	size_t n;
	int r;

	do {
		n = fread(block, 1, sizeof(block), file);
		r = buffer_append(text, block, n);
	} while (r == 0 && n == sizeof(block));
	return r;
}

static json_t *load(const char *path)
{
	FILE *file = fopen(path, "re");
	struct buffer text;
	struct buffer quoted;
	json_t *json = NULL;

	buffer_init(&text, FILE_BYTES_MAX);
	buffer_init(&quoted, FILE_BYTES_MAX);
	if (file && read_all(file, &text) == 0 &&
	    quote_numbers((const char *)text.data, text.length, &quoted) == 0)
		json = json_loadb((const char *)quoted.data, quoted.length, 0, NULL);
	if (file)
		fclose(file);
	buffer_finish(&text);
	buffer_finish(&quoted);
	return json;
}

static void check_file(struct counts *counts, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	struct counts before = *counts;
	json_t *json = load(path);

	if (json_is_array(json)) {
		check_list(counts, file, json);
	} else if (json_is_object(json)) {
		for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at))
			check_list(counts, file, json_object_iter_value(at));
	} else {
		tell(counts, file, "file", 0, "no JSON of cases");
	}
	json_decref(json);
	printf("#: %s: %u passed, %u failed, %u skipped\n", file, counts->passed - before.passed,
	       counts->failed - before.failed, counts->skipped - before.skipped);
}

int main(int argc, char **argv)
{
	struct counts counts = {0};

	if (argc < 2 || mls_crypto_init() < 0) {
		fprintf(stderr, "usage: mls-vectors FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		check_file(&counts, argv[i]);
	printf("1..%u\n# %u passed, %u failed, %u skipped for their cipher suite\n",
	       counts.passed + counts.failed, counts.passed, counts.failed, counts.skipped);
	return counts.failed > 0 ? 1 : 0;
}
