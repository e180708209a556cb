#include "tests/fake/hub_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/fake/loopback.h"
#include "tests/fake/program.h"

enum {
	PATH_BYTES = 256,
	PATHS_MAX = 64,
	LOG_BYTES_MAX = 1 << 16,
	PAGE_BYTES_MAX = 1 << 15,
	STOP_MS = 2000,
};

struct hub_process {
	char folder[64];
	char *paths[PATHS_MAX]; /* those that are lent */
	size_t paths_count;
	pid_t pid;
	uint16_t port;
	uint16_t metrics_port;
};

/* Nothing is left behind. */
static void give_up(const struct hub_process *hub, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

static void remove_folder(const struct hub_process *hub);

static void give_up(const struct hub_process *hub, const char *format, ...)
{
	va_list arguments;

	fputs("hub_process: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (hub && hub->pid > 0)
		kill(hub->pid, SIGKILL);
	if (hub)
		remove_folder(hub);
	exit(EXIT_FAILURE);
}

int64_t hub_process_soon(void)
{
	return clock_now_us() + HUB_PROCESS_PATIENCE_US;
}

const char *hub_process_path(struct hub_process *hub, const char *file)
{
	char path[PATH_BYTES];
	size_t i;

	snprintf(path, sizeof(path), "%s/%s", hub->folder, file);
	for (i = 0; i < hub->paths_count; i++)
		if (strcmp(hub->paths[i], path) == 0)
			return hub->paths[i];
	if (i == PATHS_MAX || !(hub->paths[i] = strdup(path)))
		give_up(hub, "no memory for %s", path);
	hub->paths_count++;
	return hub->paths[i];
}

/*
 * log: its standard error; NULL: the test's own. The program ends with this one, however that ends.
 * Returns -1 where it cannot be started.
 */
static pid_t spawn(const char *const *arguments, char *const *environment, const char *log)
{
	pid_t parent = getpid(), pid = fork();
	int out, err;

	if (pid != 0)
		return pid;
	out = open("/dev/null", O_WRONLY);
	err = log ? open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600) : STDERR_FILENO;
	if (out >= 0 && err >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
		execve(arguments[0], (char *const *)arguments, environment);
	_exit(EXIT_FAILURE);
}

/* Its exit status; -1 when it has not ended after so long. */
static int wait_for(pid_t pid, int timeout_ms)
{
	struct pollfd fd = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	int status, ready;

	if (fd.fd < 0)
		return -1;
	ready = poll(&fd, 1, timeout_ms);
	close(fd.fd);
	return ready == 1 && waitpid(pid, &status, 0) == pid ? status : -1;
}

void hub_process_pki(const char *const *arguments)
{
	const struct program_path program = program_source("tools/pki/pki");
	const char *all[12] = {program.text};
	size_t i;

	for (i = 0; i < 10 && arguments[i]; i++)
		all[i + 1] = arguments[i];
	if (wait_for(spawn(all, environ, NULL), 30000) != 0)
		give_up(NULL, "pki %s fails", arguments[0]);
}

static void write_configuration(struct hub_process *hub, const char *lines)
{
	FILE *file = fopen(hub_process_path(hub, "hub.ini"), "we");

	if (!file)
		give_up(hub, "no configuration: %s", strerror(errno));
	fprintf(file,
		"[hub]\nmetrics = 127.0.0.1:0\n%s"
		"certificate = %s/hub.crt\nkey = %s/hub.key\nclient_ca = %s/ca.crt\n%s",
		strstr(lines, "listen =") ? "" : "listen = 127.0.0.1:0\n", hub->folder, hub->folder,
		hub->folder, lines);
	fclose(file);
}

static size_t read_log(struct hub_process *hub, char *text)
{
	FILE *file = fopen(hub_process_path(hub, "log"), "re");
	size_t length = 0;

	if (file) {
		length = fread(text, 1, LOG_BYTES_MAX - 1, file);
		fclose(file);
	}
	text[length] = '\0';
	return length;
}

bool hub_process_log_comes(struct hub_process *hub, const char *text)
{
	int64_t deadline_us = clock_now_us() + HUB_PROCESS_PATIENCE_US;
	struct pollfd changes = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
	char log[LOG_BYTES_MAX];
	bool found;

	if (changes.fd < 0 ||
	    inotify_add_watch(changes.fd, hub_process_path(hub, "log"), IN_MODIFY) < 0)
		give_up(hub, "no inotify: %s", strerror(errno));
	do {
		read_log(hub, log);
		found = strstr(log, text);
		if (!found && poll(&changes, 1, 1000) == 1)
			(void)!read(changes.fd, log, sizeof(log));
	} while (!found && clock_now_us() < deadline_us);
	close(changes.fd);
	return found;
}

int hub_process_log_count(struct hub_process *hub, const char *text)
{
	char log[LOG_BYTES_MAX];
	const char *place = log;
	int count = 0;

	read_log(hub, log);
	while ((place = strstr(place, text))) {
		count++;
		place += strlen(text);
	}
	return count;
}

/* Behind the last colon of the line with `words`. */
static uint16_t port_after(struct hub_process *hub, const char *log, const char *words)
{
	const char *place = strstr(log, words), *end = place ? strchrnul(place, '\n') : NULL;
	const char *colon = place ? memrchr(place, ':', (size_t)(end - place)) : NULL;
	unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;

	if (port == 0 || port > UINT16_MAX)
		give_up(hub, "no \"%s\" in the log: %s", words, log);
	return (uint16_t)port;
}

/* sd_notify(3) */
static int open_notify_socket(struct hub_process *hub, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		give_up(hub, "no socket at %s: %s", path, strerror(errno));
	return fd;
}

static void start(struct hub_process *hub)
{
	const struct program_path program = program_built("balai-hub");
	char notify[PATH_BYTES + 16], ready[64] = "", log[LOG_BYTES_MAX];
	char *environment[] = {notify, NULL};
	const char *arguments[] = {program.text, hub_process_path(hub, "hub.ini"), NULL};
	int fd = open_notify_socket(hub, hub_process_path(hub, "notify"));
	struct pollfd waiting = {.fd = fd, .events = POLLIN};

	snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s", hub_process_path(hub, "notify"));
	hub->pid = spawn(arguments, environment, hub_process_path(hub, "log"));
	if (hub->pid < 0)
		give_up(hub, "%s cannot be started", program.text);
	if (poll(&waiting, 1, (int)(HUB_PROCESS_PATIENCE_US / CLOCK_US_PER_MS)) == 1)
		(void)!read(fd, ready, sizeof(ready) - 1);
	close(fd);
	read_log(hub, log);
	if (strcmp(ready, "READY=1") != 0)
		give_up(hub, "the hub does not start: %s", log);
	hub->port = port_after(hub, log, "listening on ");
	hub->metrics_port = port_after(hub, log, "metrics on http://");
}

struct hub_process *hub_process_create(const char *configuration)
{
	struct hub_process *hub = calloc(1, sizeof(*hub));

	if (!hub)
		give_up(NULL, "no memory");
	snprintf(hub->folder, sizeof(hub->folder), "/tmp/balai-hub.XXXXXX");
	if (!mkdtemp(hub->folder))
		give_up(NULL, "no folder: %s", strerror(errno));
	hub_process_pki((const char *[]){"ca", hub->folder, NULL});
	hub_process_pki((const char *[]){"server", "--file", "hub", hub->folder, "localhost",
					 "127.0.0.1", "::1", NULL});
	hub_process_pki((const char *[]){"box", hub->folder, "Ruang 1", NULL});
	hub_process_pki((const char *[]){"box", hub->folder, "Ruang 2", NULL});
	write_configuration(hub, configuration);
	start(hub);
	return hub;
}

static void remove_folder(const struct hub_process *hub)
{
	const char *arguments[] = {"/bin/rm", "-r", hub->folder, NULL};

	wait_for(spawn(arguments, environ, NULL), 10000);
}

void hub_process_destroy(struct hub_process *hub)
{
	char log[LOG_BYTES_MAX];
	int status;

	if (!hub)
		return;
	kill(hub->pid, SIGTERM);
	status = wait_for(hub->pid, STOP_MS);
	if (status < 0) {
		kill(hub->pid, SIGKILL);
		waitpid(hub->pid, NULL, 0);
	}
	read_log(hub, log);
	remove_folder(hub);
	while (hub->paths_count > 0)
		free(hub->paths[--hub->paths_count]);
	free(hub);
	if (status != 0)
		give_up(NULL, "the hub ends with status %d: %s", status, log);
}

pid_t hub_process_pid(const struct hub_process *hub)
{
	return hub->pid;
}

double hub_process_cpu_s(const struct hub_process *hub)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(hub->pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		give_up(hub, "the hub's CPU time cannot be read");
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

uint16_t hub_process_port(const struct hub_process *hub)
{
	return hub->port;
}

struct ws_client_settings hub_process_room(struct hub_process *hub, const char *file)
{
	struct ws_client_settings settings = {
		.port = hub->port,
		.ca = hub_process_path(hub, "ca.crt"),
	};
	char name[64];

	if (!file)
		return settings;
	snprintf(name, sizeof(name), "%s.crt", file);
	settings.certificate = hub_process_path(hub, name);
	snprintf(name, sizeof(name), "%s.key", file);
	settings.key = hub_process_path(hub, name);
	return settings;
}

static bool fetch_page(uint16_t port, char *page)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
	struct timeval patience = {.tv_sec = 10};
	int fd = loopback_connect(port, 0);
	size_t length = 0;
	ssize_t part;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request)) {
		close(fd);
		return false;
	}
	while ((part = read(fd, page + length, PAGE_BYTES_MAX - 1 - length)) > 0)
		length += (size_t)part;
	page[length] = '\0';
	close(fd);
	return true;
}

double hub_process_metric(struct hub_process *hub, const char *name)
{
	char page[PAGE_BYTES_MAX], line[128];
	const char *place;

	if (!fetch_page(hub->metrics_port, page))
		give_up(hub, "no metrics: %s", strerror(errno));
	snprintf(line, sizeof(line), "\nbalai_hub_%s ", name);
	place = strstr(page, line);
	if (!place)
		give_up(hub, "no %s in the metrics: %s", name, page);
	return strtod(place + strlen(line), NULL);
}
