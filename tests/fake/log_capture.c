#include "tests/fake/log_capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

void log_capture_begin(struct log_capture *capture)
{
	assert_int_equal(pipe(capture->pipe), 0);
	capture->saved = dup(STDERR_FILENO);
	assert_true(capture->saved >= 0);
	assert_int_equal(dup2(capture->pipe[1], STDERR_FILENO), STDERR_FILENO);
	close(capture->pipe[1]);
}

const char *log_capture_end(struct log_capture *capture)
{
	ssize_t length;

	assert_int_equal(dup2(capture->saved, STDERR_FILENO), STDERR_FILENO);
	close(capture->saved);
	length = read(capture->pipe[0], capture->text, sizeof(capture->text) - 1);
	assert_true(length >= 0);
	close(capture->pipe[0]);
	capture->text[length] = '\0';
	return capture->text;
}
