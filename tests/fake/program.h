/*
 * Finds what tests start: the programs that are built with a test, and the scripts of the sources.
 * It goes by where the test lies, build/VARIANT/tests/KIND/NAME in the folder of the sources, not by
 * where it is started. What cannot be told ends the program. Any thread.
 */
#ifndef BALAI_TESTS_FAKE_PROGRAM_H
#define BALAI_TESTS_FAKE_PROGRAM_H

struct program_path {
	char text[512];
};

/* The program `name` of the same variant. */
struct program_path program_built(const char *name);

/* The file `name`, "tools/pki/pki", of the sources. */
struct program_path program_source(const char *name);

#endif
