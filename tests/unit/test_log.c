/* base/log, base/thread, base/clock: lines as written, forged and cut ones, names of threads. */
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "tests/fake/fake_alloc.h"
#include "tests/fake/log_capture.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int reset_log(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void level_decides(void **state)
{
	struct log_capture capture;

	(void)state;
	log_capture_begin(&capture);
	log_error("a", "1");
	log_warning("a", "2");
	log_info("a", "3");
	log_debug("a", "4");
	log_set_level(LOG_LEVEL_ERROR);
	log_error("b", "5 %d %s", 6, "seven");
	log_warning("b", "8");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("c", "9");
	assert_string_equal(log_capture_end(&capture),
			    "[a] 1\n[a] 2\n[a] 3\n[b] 5 6 seven\n[c] 9\n");
}

static void journal_gets_priorities(void **state)
{
	struct log_capture capture;

	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_set_level(LOG_LEVEL_DEBUG);
	log_capture_begin(&capture);
	log_error("a", "1");
	log_warning("a", "2");
	log_info("a", "3");
	log_debug("a", "4");
	assert_string_equal(log_capture_end(&capture), "<3>[a] 1\n<4>[a] 2\n<6>[a] 3\n<7>[a] 4\n");
}

static void text_cannot_forge_a_line(void **state)
{
	struct log_capture capture;

	(void)state;
	log_capture_begin(&capture);
	log_error("a", "%s", "x\n[b] y\r\t\x1b[2J\x7f \xc2\x9b é\xc2");
	assert_string_equal(log_capture_end(&capture), "[a] x?[b] y???[2J? ?? é\xc2\n");
}

static void long_line_is_cut(void **state)
{
	struct log_capture capture;
	char text[5000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_capture_begin(&capture);
	log_error("a", "%s", text);
	line = log_capture_end(&capture);
	assert_int_equal(strlen(line), 2048);
	assert_memory_equal(line, "[a] xxx", 7);
	assert_string_equal(line + 2045, "xx\n");
}

static void errno_is_kept(void **state)
{
	struct log_capture capture;

	(void)state;
	log_capture_begin(&capture);
	errno = ENOSPC;
	log_error("a", "%m");
	assert_int_equal(errno, ENOSPC);
	assert_string_equal(log_capture_end(&capture), "[a] No space left on device\n");
}

struct seen {
	char name[16];
	bool signal_blocked, fault_blocked;
};

static void look(void *context)
{
	struct seen *seen = context;
	sigset_t set;

	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	seen->signal_blocked = sigismember(&set, SIGTERM);
	seen->fault_blocked = sigismember(&set, SIGSEGV);
}

static void thread_has_name_and_no_signals(void **state)
{
	struct seen seen = {0};
	struct thread *thread = NULL;
	sigset_t set;

	(void)state;
	assert_int_equal(thread_start("sixteen-letters.", look, &seen, &thread), -EINVAL);
	assert_null(thread);
	fake_alloc_arm(1);
	assert_int_equal(thread_start("thread", look, &seen, &thread), -ENOMEM);
	assert_true(fake_alloc_disarm());
	assert_null(thread);
	assert_int_equal(thread_start("fifteen-letters", look, &seen, &thread), 0);
	thread_join(thread);
	assert_string_equal(seen.name, "fifteen-letters");
	assert_true(seen.signal_blocked);
	assert_false(seen.fault_blocked);
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	assert_false(sigismember(&set, SIGTERM));
	thread_join(NULL);
}

static void clock_counts_microseconds(void **state)
{
	const struct clock *clock = clock_monotonic();
	int64_t before = clock_now_us(), now = clock->now_us(clock->context);
	struct timespec time = clock_timespec(1234567890);

	(void)state;
	assert_true(before > 0 && now >= before && clock_now_us() >= now);
	assert_int_equal(time.tv_sec, 1234);
	assert_int_equal(time.tv_nsec, 567890000);
	time = clock_timespec(-1);
	assert_int_equal(time.tv_sec, 0);
	assert_int_equal(time.tv_nsec, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(level_decides, reset_log),
		cmocka_unit_test_setup(journal_gets_priorities, reset_log),
		cmocka_unit_test_setup(text_cannot_forge_a_line, reset_log),
		cmocka_unit_test_setup(long_line_is_cut, reset_log),
		cmocka_unit_test_setup(errno_is_kept, reset_log),
		cmocka_unit_test(thread_has_name_and_no_signals),
		cmocka_unit_test(clock_counts_microseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
