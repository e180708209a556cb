/*
 * balaictl: looks at a room and drives it through its control socket.
 */
#include <errno.h>
#include <getopt.h>
#include <mbedtls/base64.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tools/ctl/client.h"
#include "tools/ctl/file.h"
#include "tools/ctl/show.h"

#define SOCKET "/run/balai/control.sock"

/* What the program ends with beside EXIT_SUCCESS and EXIT_FAILURE. */
enum {
	EXIT_USAGE = 2,
	EXIT_NO_ROOM = 3,
};

struct session {
	const char *socket;
	bool wants_json;
	char **arguments; /* of the command */
	int n_arguments;
};

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int n_minimum, n_maximum; /* arguments */
	int (*run)(const struct session *session);
};

static int complain(int result, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(int result, const char *format, ...)
{
	va_list arguments;

	fputs("balaictl: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return result;
}

static int complain_of_open(int error, const char *path)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return complain(EXIT_NO_ROOM,
				"balai-room is not running, or not with this socket: %s "
				"(--socket names another)",
				path);
	case -EACCES:
		return complain(EXIT_NO_ROOM,
				"no right to use %s: ask as root or as a member of its group",
				path);
	case -EAGAIN:
		return complain(EXIT_NO_ROOM, "the room does not answer at %s", path);
	default:
		return complain(EXIT_NO_ROOM, "%s: %s", path, strerror(-error));
	}
}

static int complain_of_call(int error, const char *fault)
{
	switch (error) {
	case -EREMOTEIO:
		return complain(EXIT_FAILURE, "%s", fault);
	case -ETIMEDOUT:
		return complain(EXIT_NO_ROOM, "the room does not answer within %d s",
				CLIENT_PATIENCE_S);
	case -ECONNRESET:
		return complain(EXIT_NO_ROOM, "the room hung up before it answered");
	case -EBADMSG:
		return complain(EXIT_NO_ROOM, "what answers at this socket is not balai-room");
	default:
		return complain(EXIT_FAILURE, "%s", strerror(-error));
	}
}

/* Takes `params`. Returns EXIT_SUCCESS and hands over *ret_result, or has complained. */
static int call(const struct session *session, const char *method, json_t *params,
		json_t **ret_result)
{
	struct client *client;
	char *fault = NULL;
	int r;

	r = client_open(session->socket, &client);
	if (r < 0) {
		json_decref(params);
		return complain_of_open(r, session->socket);
	}
	r = client_call(client, method, params, ret_result, &fault);
	client_close(client);
	if (r < 0)
		r = complain_of_call(r, fault);
	free(fault);
	return r;
}

/* As call(), of the room's own commands. Takes `params`. */
static int call_command(const struct session *session, const char *name, json_t *params,
			json_t **ret_result)
{
	return call(session, "command", json_pack("{s:s, s:o}", "name", name, "params", params),
		    ret_result);
}

static int end_output(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return complain(EXIT_FAILURE, "the output cannot be written: %s", strerror(errno));
	return EXIT_SUCCESS;
}

static int print_json(const json_t *json)
{
	if (json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
		return complain(EXIT_FAILURE, "the output cannot be written");
	putchar('\n');
	return end_output();
}

static int run_status(const struct session *session)
{
	const char *path = session->n_arguments > 0 ? session->arguments[0] : "";
	json_t *status;
	int r;

	r = call(session, "get", json_pack("{s:s}", "path", path), &status);
	if (r != EXIT_SUCCESS)
		return r;
	if (session->wants_json) {
		r = print_json(status);
	} else {
		show_json(stdout, status);
		r = end_output();
	}
	json_decref(status);
	return r;
}

/* Returns 0 and hands over *ret_png (free()), -EBADMSG or -ENOMEM. */
static int decode_png(const json_t *result, unsigned char **ret_png, size_t *ret_length)
{
	const json_t *text = json_object_get(result, "png");
	const unsigned char *base64 = (const unsigned char *)json_string_value(text);
	size_t base64_length = json_string_length(text), size = base64_length / 4 * 3;
	unsigned char *png;

	if (size == 0)
		return -EBADMSG;
	png = malloc(size);
	if (!png)
		return -ENOMEM;
	if (mbedtls_base64_decode(png, size, ret_length, base64, base64_length) != 0) {
		free(png);
		return -EBADMSG;
	}
	*ret_png = png;
	return 0;
}

static int run_screenshot(const struct session *session)
{
	const char *path = session->arguments[0];
	unsigned char *png = NULL;
	json_t *result;
	size_t length;
	int r;

	r = call_command(session, "screenshot", json_object(), &result);
	if (r != EXIT_SUCCESS)
		return r;
	r = decode_png(result, &png, &length);
	json_decref(result);
	if (r < 0)
		return complain_of_call(r, NULL);
	r = file_write(path, png, length);
	free(png);
	if (r < 0)
		return complain(EXIT_FAILURE, "%s is not written: %s", path, strerror(-r));
	return EXIT_SUCCESS;
}

static int camera_list(const struct session *session)
{
	json_t *result;
	int r;

	r = call_command(session, "camera.list", json_object(), &result);
	if (r != EXIT_SUCCESS)
		return r;
	if (session->wants_json) {
		r = print_json(result);
	} else {
		show_controls(stdout, json_object_get(result, "controls"));
		r = end_output();
	}
	json_decref(result);
	return r;
}

static int camera_get(const struct session *session)
{
	json_t *result;
	int r;

	r = call_command(session, "camera.get", json_pack("{s:s}", "name", session->arguments[0]),
			 &result);
	if (r != EXIT_SUCCESS)
		return r;
	show_json(stdout, json_object_get(result, "value"));
	json_decref(result);
	return end_output();
}

static int camera_set(const struct session *session)
{
	const char *text = session->arguments[1];
	json_t *result;
	char *end;
	long long value;
	int r;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return complain(EXIT_USAGE,
				"%s: a value is a whole number; camera list tells ranges", text);
	r = call_command(session, "camera.set",
			 json_pack("{s:s, s:I}", "name", session->arguments[0], "value",
				   (json_int_t)value),
			 &result);
	if (r == EXIT_SUCCESS)
		json_decref(result);
	return r;
}

static int camera_select(const struct session *session)
{
	json_t *result;
	int r;

	r = call_command(session, "camera.select",
			 json_pack("{s:s}", "camera", session->arguments[0]), &result);
	if (r == EXIT_SUCCESS)
		json_decref(result);
	return r;
}

static void print_faults(const json_t *faults)
{
	size_t count = json_array_size(faults);

	if (count == 0)
		puts("All microphones and loudspeakers work.");
	for (size_t i = 0; i < count; i++) {
		json_t *text = json_object_get(json_array_get(faults, i), "en");

		puts(json_is_string(text) ? json_string_value(text) : "?");
	}
}

/* Each call waits a while at the room. */
static int run_self_test(const struct session *session)
{
	json_t *result;
	int r;

	r = call_command(session, "sound.test", json_object(), &result);
	while (r == EXIT_SUCCESS && json_is_true(json_object_get(result, "running"))) {
		json_decref(result);
		r = call_command(session, "sound.test", json_object(), &result);
	}
	if (r != EXIT_SUCCESS)
		return r;
	if (session->wants_json) {
		r = print_json(result);
	} else {
		print_faults(json_object_get(result, "faults"));
		r = end_output();
	}
	if (r == EXIT_SUCCESS && json_array_size(json_object_get(result, "faults")) > 0)
		r = EXIT_FAILURE;
	json_decref(result);
	return r;
}

static const struct command commands[] = {
	{"status", "[PATH]", "what the room does, or the part of it at PATH, like camera/fps", 0, 1,
	 run_status},
	{"screenshot", "FILE", "write what is on the screen as PNG", 1, 1, run_screenshot},
	{"camera list", "", "the controls of the camera in use, with their ranges", 0, 0,
	 camera_list},
	{"camera get", "NAME", "the value of a control", 1, 1, camera_get},
	{"camera set", "NAME VALUE", "set a control", 2, 2, camera_set},
	{"camera select", "CAMERA", "go over to another camera of the board", 1, 1, camera_select},
	{"self-test", "", "play a sweep, and tell which microphones and loudspeakers do not work",
	 0, 0, run_self_test},
};

static void print_usage(void)
{
	printf("Usage: balaictl [--socket PATH] [--json] COMMAND\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		int width = 26 - (int)strlen(command->name);

		printf("  %s %-*s %s\n", command->name, width, command->arguments, command->help);
	}
	printf("  %-27s %s\n", "help", "this");
	printf("\n"
	       "  --socket PATH  the room's control socket (default: " SOCKET ")\n"
	       "  --json         status, camera list and self-test as JSON\n"
	       "\n"
	       "Ends with 0; 1, it could not be done; 2, a wrong command; 3, no room answers.\n");
}

/* Whether `words` begin with those of a command; *ret_used is how many these are. */
static bool is_command(const struct command *command, char **words, int n_words, int *ret_used)
{
	const char *second = strchr(command->name, ' ');
	size_t first_length = strcspn(command->name, " ");

	*ret_used = second ? 2 : 1;
	return n_words >= *ret_used && strlen(words[0]) == first_length &&
	       memcmp(words[0], command->name, first_length) == 0 &&
	       (!second || strcmp(words[1], second + 1) == 0);
}

static int run(struct session *session, char **words, int n_words)
{
	if (n_words > 0 && strcmp(words[0], "help") == 0) {
		print_usage();
		return end_output();
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *command = &commands[i];
		int used;

		if (!is_command(command, words, n_words, &used))
			continue;
		session->arguments = words + used;
		session->n_arguments = n_words - used;
		if (session->n_arguments < command->n_minimum ||
		    session->n_arguments > command->n_maximum)
			return complain(EXIT_USAGE, "usage: balaictl %s %s", command->name,
					command->arguments);
		return command->run(session);
	}
	if (n_words == 0)
		return complain(EXIT_USAGE, "what to do? balaictl help tells what there is");
	return complain(EXIT_USAGE, "%s%s%s: there is no such command; balaictl help tells them",
			words[0], n_words > 1 ? " " : "", n_words > 1 ? words[1] : "");
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct session session = {.socket = SOCKET};
	int option, n_words;

	/* Options end at the first word: the value that a control is set to may be negative. */
	while ((option = getopt_long(argc, argv, "+", known, NULL)) >= 0) {
		switch (option) {
		case 's':
			session.socket = optarg;
			break;
		case 'j':
			session.wants_json = true;
			break;
		case 'h':
			print_usage();
			return end_output();
		default:
			return EXIT_USAGE;
		}
	}
	n_words = argc - optind;
	if (n_words > 1 && strcmp(argv[argc - 1], "--json") == 0) {
		session.wants_json = true;
		n_words--;
	}
	return run(&session, argv + optind, n_words);
}
