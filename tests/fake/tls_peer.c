#include "tests/fake/tls_peer.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24
#define LINE_BYTES 256

struct tls_peer {
	pid_t process;
	FILE *output;
	int input; /* kept open: s_server ends with it */
	uint16_t port;
};

static void die(const char *what) __attribute__((noreturn));

static void die(const char *what)
{
	fprintf(stderr, "tls_peer: %s\n", what);
	exit(EXIT_FAILURE);
}

static void check(bool is_good, const char *what)
{
	if (!is_good)
		die(what);
}

static void start(struct tls_peer *peer, char **arguments)
{
	posix_spawn_file_actions_t actions;
	int input[2];
	int output[2];

	check(pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0, "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	check(posix_spawnp(&peer->process, arguments[0], &actions, NULL, arguments, environ) == 0,
	      "openssl cannot be started");
	posix_spawn_file_actions_destroy(&actions);
	close(input[0]);
	close(output[1]);
	peer->input = input[1];
	peer->output = fdopen(output[0], "r");
	check(peer->output != NULL, "memory");
}

/* "ACCEPT 127.0.0.1:43211" */
static uint16_t read_port(FILE *output)
{
	char line[LINE_BYTES];
	const char *colon;

	while (fgets(line, sizeof(line), output) != NULL) {
		colon = strrchr(line, ':');
		if (strncmp(line, "ACCEPT", 6) == 0 && colon != NULL)
			return (uint16_t)strtoul(colon + 1, NULL, 10);
	}
	return 0;
}

struct tls_peer *tls_peer_create(struct test_pki *pki, const char *const *arguments)
{
	struct net_identity_files files = test_pki_identity(pki, "ca", "hub");
	const char *all[ARGUMENTS_MAX] = {"openssl", "s_server",        "-accept", "127.0.0.1:0",
					  "-cert",   files.certificate, "-key",    files.key};
	struct tls_peer *peer = calloc(1, sizeof(*peer));
	size_t count = 8;

	check(peer != NULL, "memory");
	for (; *arguments != NULL; arguments++) {
		check(count + 1 < ARGUMENTS_MAX, "too many arguments");
		all[count++] = *arguments;
	}
	start(peer, (char **)all);
	peer->port = read_port(peer->output);
	check(peer->port != 0, "openssl s_server does not listen");
	return peer;
}

void tls_peer_destroy(struct tls_peer *peer)
{
	if (peer == NULL)
		return;
	kill(peer->process, SIGKILL);
	waitpid(peer->process, NULL, 0);
	fclose(peer->output);
	close(peer->input);
	free(peer);
}

uint16_t tls_peer_port(const struct tls_peer *peer)
{
	return peer->port;
}

bool tls_peer_read_line(struct tls_peer *peer, char *line, size_t size)
{
	if (fgets(line, (int)size, peer->output) == NULL)
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return true;
}

void tls_peer_write(struct tls_peer *peer, const void *data, size_t length)
{
	check(write(peer->input, data, length) == (ssize_t)length, "write");
}
