/* balai-hub: relays the meetings of rooms (README.md beside it). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/settings.h"
#include "tools/hub/config.h"
#include "tools/hub/server.h"
#include "tools/hub/tls.h"

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
};

static int usage(FILE *out, int code)
{
	fprintf(out, "balai-hub FILE          relays by this configuration\n"
		     "balai-hub --check FILE  tells what is wrong with it\n"
		     "balai-hub --help        this, and a configuration to start from\n\n");
	if (code == EXIT_OK)
		config_print_help(out);
	return code;
}

static int load(const char *path, struct config *config)
{
	struct settings_faults faults;
	char fault[SETTINGS_FAULT_BYTES];
	int r;

	r = config_load(path, config, &faults);
	if (r == 0 && tls_check(config, fault, sizeof(fault)) < 0) {
		settings_add_fault(&faults, 0, "[hub] %s", fault);
		r = -EINVAL;
	}
	settings_print_faults(stderr, path, &faults);
	return r;
}

/* lws sizes its tables by this limit. */
static int raise_file_limit(const struct config *config)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (server_files(config) > limit.rlim_max) {
		log_error("hub", "connections_max %d needs %zu open files, the limit is %llu",
			  config->connections_max, server_files(config),
			  (unsigned long long)limit.rlim_max);
		return -EMFILE;
	}
	limit.rlim_cur = server_files(config);
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static int catch_signals(int *ret_fd)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int run(const struct config *config)
{
	struct server *server = NULL;
	int signals = -1, r;

	log_set_level((enum log_level)config->log_level);
	r = raise_file_limit(config);
	if (r == 0)
		r = catch_signals(&signals);
	if (r == 0)
		r = server_create(config, clock_monotonic(), signals, &server);
	if (r < 0) {
		log_error("hub", "does not start: %s", strerror(-r));
		return EXIT_FAILED;
	}
	sd_notify(0, "READY=1");
	server_run(server);
	sd_notify(0, "STOPPING=1");
	server_destroy(server);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	struct config config;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, EXIT_OK);
	if (!check && (argc != 2 || argv[1][0] == '-'))
		return usage(stderr, EXIT_USAGE);
	if (load(argv[argc - 1], &config) < 0)
		return EXIT_FAILED;
	return check ? EXIT_OK : run(&config);
}
