/*
 * Log lines for people: "[part] text", one line an event, nothing per frame.
 *
 * error = somebody must act, warning = somebody should look, info = for IT,
 * debug = for a developer. Lines go to standard error; under systemd (JOURNAL_STREAM set) each
 * starts with the "<N>" priority of sd-daemon(3). Any thread may log except a real-time one.
 */
#ifndef BALAI_BASE_LOG_H
#define BALAI_BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lines less important than `level` are left out. Before the first call: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Control bytes in the text are written as '?', so that a peer's text cannot forge a line. */
void log_write(enum log_level level, const char *part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(part, ...) log_write(LOG_LEVEL_ERROR, part, __VA_ARGS__)
#define log_warning(part, ...) log_write(LOG_LEVEL_WARNING, part, __VA_ARGS__)
#define log_info(part, ...) log_write(LOG_LEVEL_INFO, part, __VA_ARGS__)
#define log_debug(part, ...) log_write(LOG_LEVEL_DEBUG, part, __VA_ARGS__)

#endif
