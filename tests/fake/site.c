#include "tests/fake/site.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "camera/encode_avcodec.h"
#include "screen/words.h"
#include "tests/fake/fake_screen.h"
#include "tests/fake/program.h"

#define SITE_ROOMS_MAX 16
#define SITE_PATH_BYTES 256

struct site {
	char directory[64];
	char meetings[80]; /* folder of what the rooms know one another by */
	char path[SITE_PATH_BYTES];
	const char *program; /* the hub's */
	uint16_t port;
	pid_t hub;
	struct site_room *rooms[SITE_ROOMS_MAX];
};

struct site_room {
	struct site *site;
	struct room *room;
	struct site_devices devices;
	struct room_drivers drivers;
};

/* What a failing program still has to clean up. */
static struct site *current;

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("site: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

/* Its folder and programs */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

const char *site_path(struct site *site, const char *name)
{
	if (snprintf(site->path, sizeof(site->path), "%s/%s", site->directory, name) >=
	    (int)sizeof(site->path))
		die("%s: the name is too long", name);
	return site->path;
}

/* Starts a program whose end follows ours, its output in the file `log`. */
static pid_t spawn(struct site *site, const char *program, const char *const *arguments,
		   const char *log)
{
	const char *path = site_path(site, log);
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!freopen(path, "a", stderr) || dup2(fileno(stderr), STDOUT_FILENO) < 0)
		_exit(126);
	execv(program, (char *const *)arguments);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static void print_log(struct site *site, const char *log)
{
	char line[512];
	FILE *file = fopen(site_path(site, log), "re");

	while (file && fgets(line, sizeof(line), file))
		fprintf(stderr, "# %s: %s", log, line);
	if (file)
		fclose(file);
}

void site_pki(struct site *site, const char *const *arguments)
{
	const struct program_path program = program_source("tools/pki/pki");
	pid_t pid = spawn(site, program.text, arguments, "pki.log");
	int status;

	if (waitpid(pid, &status, 0) != pid || status != 0) {
		print_log(site, "pki.log");
		die("%s failed", program.text);
	}
}

/* The hub */

static uint16_t free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		die("no free port: %s", strerror(errno));
	close(fd);
	return ntohs(address.sin_port);
}

/* Where the hub says that it is ready, see sd_notify(3); the child finds it in NOTIFY_SOCKET. */
static int notify_socket(struct site *site)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", site_path(site, "notify"));
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		die("%s: %s", address.sun_path, strerror(errno));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return fd;
}

static bool await_ready(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char message[256];

	while (poll(&poll_fd, 1, (int)(SITE_PATIENCE_US / CLOCK_US_PER_MS)) > 0) {
		ssize_t length = recv(fd, message, sizeof(message) - 1, 0);

		if (length <= 0)
			return false;
		message[length] = '\0';
		if (strstr(message, "READY=1"))
			return true;
	}
	return false;
}

static void write_hub_file(struct site *site)
{
	FILE *file = fopen(site_path(site, "hub.ini"), "we");

	if (!file)
		die("%s: %s", site->path, strerror(errno));
	fprintf(file,
		"[hub]\nlisten = 127.0.0.1:%u\ncertificate = %s/localhost.crt\n"
		"key = %s/localhost.key\nclient_ca = %s/ca.crt\nmetrics =\n",
		site->port, site->directory, site->directory, site->directory);
	if (fclose(file) != 0)
		die("%s: %s", site->path, strerror(errno));
}

/* Returns when the hub takes connections. */
void site_hub_start(struct site *site)
{
	const struct program_path program = program_built(site->program);
	char file[SITE_PATH_BYTES];
	const char *arguments[] = {program.text, file, NULL};
	int notified = notify_socket(site);
	bool ready;

	memcpy(file, site_path(site, "hub.ini"), sizeof(file));
	site->hub = spawn(site, program.text, arguments, "hub.log");
	ready = await_ready(notified);
	close(notified);
	unsetenv("NOTIFY_SOCKET");
	if (!ready) {
		print_log(site, "hub.log");
		die("the hub does not start");
	}
}

void site_hub_kill(struct site *site)
{
	if (site->hub <= 0)
		return;
	kill(site->hub, SIGKILL);
	waitpid(site->hub, NULL, 0);
	site->hub = 0;
}

uint16_t site_hub_port(const struct site *site)
{
	return site->port;
}

int site_hub_pid(const struct site *site)
{
	return site->hub;
}

/* The site */

static void clean_up(void)
{
	if (!current)
		return;
	site_hub_kill(current);
	nftw(current->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	current = NULL;
}

static struct site *create(const char *program)
{
	static bool registered;
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		die("no memory");
	snprintf(site->directory, sizeof(site->directory), "/tmp/balai-site-XXXXXX");
	if (!mkdtemp(site->directory))
		die("%s: %s", site->directory, strerror(errno));
	site->program = program;
	setenv("BALAI_ROGUE", site->directory, 1);
	current = site;
	if (!registered)
		atexit(clean_up);
	registered = true;
	site_pki(site, (const char *[]){"pki", "ca", site->directory, "Site", NULL});
	site_pki(site, (const char *[]){"pki", "server", site->directory, "localhost", "127.0.0.1",
					NULL});
	snprintf(site->meetings, sizeof(site->meetings), "%s/meetings", site->directory);
	site_pki(site, (const char *[]){"pki", "ca", site->meetings, "Rooms", NULL});
	site->port = free_port();
	write_hub_file(site);
	site_hub_start(site);
	return site;
}

struct site *site_create(void)
{
	return create("balai-hub");
}

struct site *site_create_rogue(void)
{
	return create("rogue-hub");
}

void site_rogue_order(struct site *site, const char *deed)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", site_path(site, "orders"));
	if (fd < 0 || sendto(fd, deed, strlen(deed), 0, (const struct sockaddr *)&address,
			     sizeof(address)) < 0)
		die("%s: %s", address.sun_path, strerror(errno));
	close(fd);
}

void site_destroy(struct site *site)
{
	if (!site)
		return;
	for (size_t i = 0; i < SITE_ROOMS_MAX; i++)
		site_room_leave(site->rooms[i]);
	clean_up();
	free(site);
}

/* Rooms */

void site_certify(struct site *site, const char *file, const char *name)
{
	char id[SITE_PATH_BYTES];

	snprintf(id, sizeof(id), "box-%s", file);
	site_pki(site, (const char *[]){"pki", "box", "--file", file, site->directory, id, NULL});
	site_pki(site, (const char *[]){"pki", "room", "--file", file, site->meetings, name, NULL});
}

static void set_secrecy(const struct site *site, const char *name, struct settings_secrecy *secrecy)
{
	snprintf(secrecy->authorities, sizeof(secrecy->authorities), "%s/ca.crt", site->meetings);
	snprintf(secrecy->certificate, sizeof(secrecy->certificate), "%s/%s.crt", site->meetings,
		 name);
	snprintf(secrecy->key, sizeof(secrecy->key), "%s/%s.key", site->meetings, name);
	snprintf(secrecy->psk_id, sizeof(secrecy->psk_id), "office");
}

void site_settings(struct site *site, const char *name, struct settings_room *ret_room,
		   struct settings_board *ret_board)
{
	static const struct settings_board board = {
		.name = "fake",
		.cameras = {{.name = "main", .device = "fake"}},
		.n_cameras = 1,
		.formats = {.names = {"nv12", "i420", "yuyv", "mjpeg"}, .count = 4},
		.encoders = {.names = {"libx264"}, .count = 1},
		.decoders = {.names = {"h264"}, .count = 1},
		.microphone = "fake",
		.microphone_pick = 1,
		.speaker = "fake",
		.screen = "fake",
	};
	struct settings_room room = {
		.hub = {.host = "localhost", .path = "/meet", .port = site->port},
		.language = WORDS_ENGLISH,
		.meeting = "test",
		.width = 320,
		.height = 180,
		.fps = 30,
		.bitrate_kbps = 500,
		.keyframe_s = 10,
		.sound_bitrate_kbps = 32,
	};

	snprintf(room.name, sizeof(room.name), "%s", name);
	snprintf(room.ca, sizeof(room.ca), "%s/ca.crt", site->directory);
	snprintf(room.certificate, sizeof(room.certificate), "%s/%s.crt", site->directory, name);
	snprintf(room.key, sizeof(room.key), "%s/%s.key", site->directory, name);
	set_secrecy(site, name, &room.secrecy);
	if (access(room.certificate, F_OK) != 0)
		site_certify(site, name, name);
	*ret_room = room;
	*ret_board = board;
}

static int give_camera(void *context, const char *device, struct cam **ret_cam)
{
	struct site_room *room = context;

	(void)device;
	*ret_cam = room->devices.cam;
	return 0;
}

static int give_microphone(void *context, const char *device, struct mic **ret_mic)
{
	struct site_room *room = context;

	(void)device;
	*ret_mic = room->devices.mic;
	return 0;
}

static int give_speaker(void *context, const char *device, struct speaker **ret_speaker)
{
	struct site_room *room = context;

	(void)device;
	*ret_speaker = room->devices.speaker;
	return 0;
}

static int give_screen(void *context, const char *device, const struct screen_format *memory,
		       struct screen **ret_screen)
{
	struct site_room *room = context;

	(void)device;
	(void)memory;
	*ret_screen = room->devices.screen;
	return 0;
}

static uint64_t give_time(void *context)
{
	struct site_room *room = context;

	return (uint64_t)(time(NULL) + room->devices.clock_offset_s);
}

static struct site_room **free_place(struct site *site)
{
	for (size_t i = 0; i < SITE_ROOMS_MAX; i++) {
		if (!site->rooms[i])
			return &site->rooms[i];
	}
	die("more than %d rooms", SITE_ROOMS_MAX);
}

struct site_room *site_room_create(struct site *site, const struct settings_room *settings,
				   const struct settings_board *board,
				   const struct site_devices *devices)
{
	struct site_room **place = free_place(site);
	struct site_room *room = calloc(1, sizeof(*room));
	struct settings_board fitted = *board;

	if (!room)
		die("no memory");
	room->site = site;
	room->devices = *devices;
	room->drivers = (struct room_drivers){
		.camera = give_camera,
		.microphone = give_microphone,
		.speaker = give_speaker,
		.screen = give_screen,
		.wall_clock = give_time,
		.encoders = devices->encoders,
		.n_encoders = devices->n_encoders,
		.context = room,
	};
	if (!room->drivers.encoders)
		room->drivers.encoders = venc_avcodec_kinds(&room->drivers.n_encoders);
	room->drivers.decoders = vdec_libav_kinds(&room->drivers.n_decoders);
	if (!devices->cam)
		fitted.n_cameras = 0;
	if (room_create(settings, &fitted, &room->drivers, &room->room) != 0 ||
	    room_start(room->room) != 0)
		die("the room does not start");
	*place = room;
	return room;
}

void site_room_leave(struct site_room *room)
{
	if (!room)
		return;
	for (size_t i = 0; i < SITE_ROOMS_MAX; i++) {
		if (room->site->rooms[i] == room)
			room->site->rooms[i] = NULL;
	}
	room_destroy(room->room);
	free(room);
}

struct room *site_room_get(struct site_room *room)
{
	return room->room;
}

/* Status */

bool site_room_until(struct site_room *room, bool (*holds)(const json_t *status, void *context),
		     void *context)
{
	int64_t deadline = clock_now_us() + SITE_PATIENCE_US;

	for (;;) {
		uint64_t presented = fake_screen_presented(room->devices.screen);
		json_t *status = room_status(room->room);
		bool done = status && holds(status, context);
		bool late = clock_now_us() > deadline;

		if (late && !done && status)
			json_dumpf(status, stderr, JSON_INDENT(1));
		json_decref(status);
		if (done || late)
			return done;
		/* Without pictures to go by, the last look is the one at the deadline. */
		(void)!fake_screen_wait(room->devices.screen, presented + 1, deadline);
	}
}

json_t *site_status_member(const json_t *status, const char *name)
{
	json_t *member;
	size_t i;

	json_array_foreach (json_object_get(status, "members"), i, member) {
		if (strcmp(site_status_text(member, "name"), name) == 0)
			return member;
	}
	return NULL;
}

static const json_t *find(const json_t *status, const char *path)
{
	char part[64];

	while (status && *path != '\0') {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(part))
			return NULL;
		memcpy(part, path, length);
		part[length] = '\0';
		status = json_is_array(status) ? json_array_get(status, strtoul(part, NULL, 10))
					       : json_object_get(status, part);
		path += length + (path[length] == '.');
	}
	return status;
}

int64_t site_status_int(const json_t *status, const char *path)
{
	const json_t *found = find(status, path);

	return json_is_integer(found) ? json_integer_value(found) : -1;
}

const char *site_status_text(const json_t *status, const char *path)
{
	const char *text = json_string_value(find(status, path));

	return text ? text : "";
}
