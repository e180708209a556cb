#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_BYTES = 2048 };

/* One a program, like standard error itself. */
static _Atomic int least_important = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store(&least_important, (int)level);
}

/* sd-daemon(3) takes the numbers of syslog(3). */
static const char *priority_prefix(enum log_level level)
{
	if (!getenv("JOURNAL_STREAM"))
		return "";
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "<3>";
	case LOG_LEVEL_WARNING:
		return "<4>";
	case LOG_LEVEL_INFO:
		return "<6>";
	case LOG_LEVEL_DEBUG:
		break;
	}
	return "<7>";
}

/* C0, DEL, and C1 as UTF-8 writes it: a terminal obeys them all. */
static void hide_control_bytes(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++) {
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

/* Cuts what does not fit: a line is for people, and long before 2 KiB they have stopped reading. */
__attribute__((format(printf, 4, 0))) static size_t
format_line(char line[static LINE_BYTES], enum log_level level, const char *part,
	    const char *format, va_list arguments)
{
	int prefix, text;
	size_t length;

	prefix = snprintf(line, LINE_BYTES, "%s[%s] ", priority_prefix(level), part);
	if (prefix < 0 || prefix >= LINE_BYTES)
		return 0;
	text = vsnprintf(line + prefix, (size_t)(LINE_BYTES - prefix), format, arguments);
	if (text < 0)
		return 0;
	hide_control_bytes(line + prefix);
	length = (size_t)prefix + (size_t)text;
	if (length > LINE_BYTES - 1)
		length = LINE_BYTES - 1;
	line[length] = '\n';
	return length + 1;
}

void log_write(enum log_level level, const char *part, const char *format, ...)
{
	int saved_errno = errno;
	char line[LINE_BYTES];
	va_list arguments;
	size_t length;
	ssize_t written;

	if ((int)level > atomic_load(&least_important))
		return;
	va_start(arguments, format);
	length = format_line(line, level, part, format, arguments);
	va_end(arguments);
	/* One write, so that lines of two threads do not mix; there is nowhere to tell of a fault. */
	written = write(STDERR_FILENO, line, length);
	(void)written;
	errno = saved_errno;
}
