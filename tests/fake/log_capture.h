/*
 * What is logged while a test looks: standard error goes into a pipe, which holds 64 KiB. For tests
 * alone: what cannot be had fails the test.
 */
#ifndef BALAI_TESTS_LOG_CAPTURE_H
#define BALAI_TESTS_LOG_CAPTURE_H

struct log_capture {
	int saved;
	int pipe[2];
	char text[8192];
};

void log_capture_begin(struct log_capture *capture);

/* The text since then, cut to its size; lent from `capture`. */
const char *log_capture_end(struct log_capture *capture);

#endif
