#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "screen/words.h"

static int count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Both languages say something, and take the same arguments. */
static void test_every_text_is_there(void **state)
{
	(void)state;
	for (int id = 0; id < WORDS_IDS; id++) {
		const char *indonesian = words_text(WORDS_INDONESIAN, (enum words_id)id);
		const char *english = words_text(WORDS_ENGLISH, (enum words_id)id);

		assert_non_null(indonesian);
		assert_non_null(english);
		assert_true(strlen(indonesian) > 3 && strlen(english) > 3);
		assert_string_not_equal(indonesian, english);
		assert_in_range(count(english, "{}"), 0, 1);
		assert_int_equal(count(indonesian, "{}"), count(english, "{}"));
	}
}

static void test_format(void **state)
{
	static const struct {
		enum words_id id;
		const char *argument;
		size_t size;
		const char *text;
	} table[] = {
		{WORDS_CONNECTION_LOST, "4", 100, "Connection lost, trying again in 4 s"},
		{WORDS_CONNECTION_LOST, NULL, 100, "Connection lost, trying again in  s"},
		{WORDS_MEETING_FULL, "unused", 100, "The meeting is full"},
		{WORDS_MEETING_FULL, NULL, 8, "The mee"},
		{WORDS_MEETING_FULL, NULL, 1, ""},
		{WORDS_JOINING, "kabinet", 100, "Joining the meeting kabinet…"},
		/* A cut never leaves part of a character, nor anything behind it. */
		{WORDS_JOINING, "é", 22, "Joining the meeting "},
		{WORDS_JOINING, "é", 23, "Joining the meeting é"},
		{WORDS_JOINING, "é", 25, "Joining the meeting é"},
		{WORDS_JOINING, "é", 26, "Joining the meeting é…"},
		{WORDS_JOINING, "{}", 100, "Joining the meeting {}…"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[101];

		memset(text, 'x', sizeof(text));
		words_format(WORDS_ENGLISH, table[i].id, table[i].argument, text, table[i].size);
		assert_string_equal(text, table[i].text);
		assert_int_equal(text[table[i].size], 'x');
	}
}

static void test_language(void **state)
{
	enum words_language language = WORDS_LANGUAGES;

	(void)state;
	assert_int_equal(words_language_parse("fr", &language), -EINVAL);
	assert_int_equal(words_language_parse("", &language), -EINVAL);
	assert_int_equal(language, WORDS_LANGUAGES);
	assert_int_equal(words_language_parse("id", &language), 0);
	assert_int_equal(language, WORDS_INDONESIAN);
	assert_int_equal(words_language_parse("en", &language), 0);
	assert_int_equal(language, WORDS_ENGLISH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_text_is_there),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
