/*
 * balai-room: reads its settings, starts the room, and serves the control socket and the service
 * manager until it is told to end.
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "drivers/drivers.h"
#include "panel/control.h"
#include "room/room.h"
#include "room/settings.h"

#define VERSION "0.1"
#define BOARD_FILE "/usr/share/balai/board.ini"
#define CONFIG_FILE "/var/lib/balai/room.ini"

enum { EXIT_USAGE = 2 };

struct options {
	const char *board;
	const char *config;
	const char *policy; /* NULL: none */
};

struct program {
	struct settings_room settings;
	struct settings_board board;
	sd_event *loop;
	struct room *room;
	struct control *control;
	sd_event_source *watchdog;
	uint64_t watchdog_us; /* how often the service manager wants to hear; 0: never */
	bool was_healthy;
};

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: balai-room [--board FILE] [--config FILE] [--policy FILE]\n"
		     "       balai-room --check FILE\n"
		     "\n"
		     "  --board FILE     what the hardware is (default: " BOARD_FILE ")\n"
		     "  --config FILE    what IT sets for this room (default: " CONFIG_FILE ")\n"
		     "  --policy FILE    what the centre demands of it (default: nothing)\n"
		     "  --check FILE     tell all faults of a settings file and end; 0: it is "
		     "good\n"
		     "  --help-settings  print the files with all settings and their ranges\n"
		     "  --version        print the version\n"
		     "  --help           print this\n");
}

static int check(const char *path)
{
	struct settings_faults faults;

	if (settings_check(path, &faults) < 0) {
		settings_print_faults(stdout, path, &faults);
		return EXIT_FAILURE;
	}
	printf("%s: good\n", path);
	return EXIT_SUCCESS;
}

/* Returns true to go on, or false with the program's result in *ret_exit. */
static bool parse_options(int argc, char **argv, struct options *ret_options, int *ret_exit)
{
	static const struct option known[] = {
		{"board", required_argument, NULL, 'b'},   {"config", required_argument, NULL, 'c'},
		{"policy", required_argument, NULL, 'p'},  {"check", required_argument, NULL, 'k'},
		{"help-settings", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},          {0},
	};
	int option;

	*ret_exit = EXIT_SUCCESS;
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'b':
			ret_options->board = optarg;
			break;
		case 'c':
			ret_options->config = optarg;
			break;
		case 'p':
			ret_options->policy = optarg;
			break;
		case 'k':
			*ret_exit = check(optarg);
			return false;
		case 's':
			settings_print_help(stdout);
			return false;
		case 'v':
			printf("balai-room %s\n", VERSION);
			return false;
		case 'h':
			print_usage(stdout);
			return false;
		default:
			*ret_exit = EXIT_USAGE;
			return false;
		}
	}
	if (optind == argc)
		return true;
	fprintf(stderr, "balai-room: %s: not understood; see balai-room --help\n", argv[optind]);
	*ret_exit = EXIT_USAGE;
	return false;
}

static int load_policy(struct program *program, const char *path)
{
	struct settings_policy policy;
	struct settings_faults faults;
	int r;

	r = settings_load_policy(path, &policy, &faults);
	settings_print_faults(stderr, path, &faults);
	if (r == 0)
		settings_apply_policy(&policy, &program->settings.secrecy);
	return r;
}

/* Tells the faults of all files, so that one start shows them all. */
static int load_settings(struct program *program, const struct options *options)
{
	struct settings_faults faults;
	int r, r_board, r_policy = 0;

	r = settings_load_room(options->config, &program->settings, &faults);
	settings_print_faults(stderr, options->config, &faults);
	r_board = settings_load_board(options->board, &program->board, &faults);
	settings_print_faults(stderr, options->board, &faults);
	if (options->policy)
		r_policy = load_policy(program, options->policy);
	if (r == 0)
		r = r_board;
	return r < 0 ? r : r_policy;
}

static json_t *status(void *context)
{
	struct program *program = context;

	return room_status(program->room);
}

static int command(void *context, const char *name, const json_t *params, json_t **ret_result)
{
	struct program *program = context;

	return room_command(program->room, name, params, ret_result);
}

static int open_control(struct program *program)
{
	static const struct control_command commands[] = {
		{"screenshot", "", "gives what is on the screen as {\"png\": base64}"},
		{"camera.list", "", "gives the controls of the camera in use with their ranges"},
		{"camera.get", "name", "gives the value of a control"},
		{"camera.set", "name, value", "sets a control"},
		{"camera.select", "camera", "goes over to the camera of that name"},
		{"sound.test", "",
		 "tests microphones and loudspeakers with a sweep; ask again while it is running"},
		{"sound.echo", "cancel", "cancels echo (true), or leaves it to the room's DSP"},
	};
	const struct control_ops ops = {
		.status = status,
		.command = command,
		.commands = commands,
		.n_commands = sizeof(commands) / sizeof(commands[0]),
		.context = program,
	};
	const char *path = program->settings.control_socket;
	int r;

	r = control_create(program->loop, path, &ops, &program->control);
	if (r == -EADDRINUSE)
		log_error("room", "another balai-room runs with the control socket %s", path);
	else if (r < 0)
		log_error("room", "the control socket %s cannot be opened: %s", path, strerror(-r));
	return r;
}

/* Without a sign from here the service manager starts the room anew. */
static int on_watchdog(sd_event_source *source, uint64_t now_us, void *context)
{
	struct program *program = context;
	bool is_healthy = room_healthy(program->room);

	(void)now_us;
	if (is_healthy)
		sd_notify(0, "WATCHDOG=1");
	else if (program->was_healthy)
		log_error("room", "a thread stands still; the watchdog is not fed any more");
	program->was_healthy = is_healthy;
	return sd_event_source_set_time_relative(source, program->watchdog_us / 4);
}

static int start_watchdog(struct program *program)
{
	int r;

	r = sd_watchdog_enabled(0, &program->watchdog_us);
	if (r <= 0)
		return r;
	program->was_healthy = true;
	r = sd_event_add_time_relative(program->loop, &program->watchdog, CLOCK_MONOTONIC, 0, 0,
				       on_watchdog, program);
	return r < 0 ? r : sd_event_source_set_enabled(program->watchdog, SD_EVENT_ON);
}

/* Blocked before any thread is there, so that none of a library takes them either. */
static int open_loop(struct program *program)
{
	static const int endings[] = {SIGTERM, SIGINT};
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = sd_event_new(&program->loop);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && r >= 0; i++)
		r = sd_event_add_signal(program->loop, NULL, endings[i] | SD_EVENT_SIGNAL_PROCMASK,
					NULL, NULL);
	if (r < 0)
		log_error("room", "the event loop cannot be made: %s", strerror(-r));
	return r;
}

static int start(struct program *program)
{
	int r;

	r = open_loop(program);
	if (r < 0)
		return r;
	r = room_create(&program->settings, &program->board, drivers_all(), &program->room);
	if (r < 0) {
		log_error("room", "the room cannot be made: %s", strerror(-r));
		return r;
	}
	r = open_control(program);
	if (r < 0)
		return r;
	r = room_start(program->room);
	if (r < 0) {
		log_error("room", "the room cannot be started: %s", strerror(-r));
		return r;
	}
	r = start_watchdog(program);
	if (r < 0)
		log_error("room", "the watchdog cannot be fed: %s", strerror(-r));
	return r;
}

static void finish(struct program *program)
{
	sd_event_source_disable_unref(program->watchdog);
	control_destroy(program->control);
	room_destroy(program->room);
	sd_event_unref(program->loop);
}

/*
 * The memory of pictures goes back to the system when it is freed, rather than into the heaps of
 * threads, where by and by small blocks between keep it from being used again; and there are few of
 * these heaps. By itself the C library raises this threshold to the largest block ever freed.
 */
static void bound_heaps(void)
{
	enum { HEAPS = 2, OWN_MAPPING_BYTES = 128 * 1024, KEPT_FREE_BYTES = 1024 * 1024 };

	mallopt(M_ARENA_MAX, HEAPS);
	mallopt(M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_FREE_BYTES);
}

int main(int argc, char **argv)
{
	struct options options = {.board = BOARD_FILE, .config = CONFIG_FILE};
	struct program program = {0};
	int r;

	bound_heaps();
	if (!parse_options(argc, argv, &options, &r))
		return r;
	if (load_settings(&program, &options) < 0)
		return EXIT_FAILURE;
	log_set_level((enum log_level)program.settings.log_level);
	r = start(&program);
	if (r >= 0) {
		sd_notifyf(0, "READY=1\nSTATUS=Meeting %s at %s", program.settings.meeting,
			   program.settings.hub.host);
		log_info("room", "runs on board %s for meeting %s at %s", program.board.name,
			 program.settings.meeting, program.settings.hub.host);
		r = sd_event_loop(program.loop);
		sd_notify(0, "STOPPING=1");
	}
	finish(&program);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
