/*
 * Published vectors of MLS, where they are there: files FORMAT.json in the folder mls of
 * $BALAI_VECTORS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "e2ee/mls_crypto.h"
#include "tests/fake/vectors.h"

/* Runs a file's cases of that format; says so and does nothing where there is no such file. */
static void run_file(const struct vector_format *format)
{
	const char *folder = getenv("BALAI_VECTORS");
	struct vector vector;
	json_error_t error;
	char path[512];
	const json_t *element;
	json_t *cases;
	size_t i, failed = 0;

	snprintf(path, sizeof(path), "%s/mls/%s.json", folder ? folder : "", format->name);
	cases = folder ? json_load_file(path, 0, &error) : NULL;
	if (!cases) {
		print_message("# %s: no vectors here\n", format->name);
		skip();
	}
	json_array_foreach (cases, i, element) {
		if (vector_run(format, element, &vector))
			continue;
		failed++;
		print_message("# %s, case %zu: %s\n", format->name, i, vector.why);
	}
	print_message("# %s: %zu cases, %zu failed\n", format->name, json_array_size(cases),
		      failed);
	json_decref(cases);
	assert_int_equal(failed, 0);
}

static void test_tree(void **state)
{
	(void)state;
	for (size_t i = 0; vector_tree_formats[i].name; i++)
		run_file(&vector_tree_formats[i]);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
