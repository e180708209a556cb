#include "panel/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/log.h"
#include "panel/control_answer.h"

enum {
	BACKLOG = CONTROL_CLIENTS_MAX,
	READ_BYTES = 4096,
	MODE = 0660,
};

/* Accepts beyond this many a second wait, so that a lack of descriptors does not spin the loop. */
#define ACCEPTS_A_SECOND 100
#define SECOND_US UINT64_C(1000000)

/*
 *     socket ──► [ in: up to one line ] ──► control_answer() ──► [ out: one answer ] ──► socket
 *        ▲                                                              │
 *        └───────────────── read on once out is empty ◄─────────────────┘
 */
struct client {
	struct control *control;
	int fd; /* -1: this seat is free */
	sd_event_source *io;
	sd_event_source *deadline;
	struct buffer in;
	char *out; /* owned; NULL: nothing to send */
	size_t out_length;
	size_t out_sent;
	bool is_last; /* close after `out` */
};

struct control {
	struct control_ops ops;
	struct sockaddr_un address;
	bool is_bound;
	int fd;
	sd_event *loop;
	sd_event_source *io;
	struct client clients[CONTROL_CLIENTS_MAX];
};

static void drop_client(struct client *client)
{
	client->io = sd_event_source_disable_unref(client->io);
	client->deadline = sd_event_source_disable_unref(client->deadline);
	close(client->fd);
	client->fd = -1;
	buffer_finish(&client->in);
	free(client->out);
	client->out = NULL;
	client->is_last = false;
}

static int on_deadline(sd_event_source *source, uint64_t now_us, void *context)
{
	struct client *client = context;

	(void)source;
	(void)now_us;
	log_info("control", "a client that does not %s is dropped",
		 client->out ? "take its answer" : "end its line");
	drop_client(client);
	return 0;
}

static void set_deadline(struct client *client)
{
	sd_event_source_set_time_relative(client->deadline, client->control->ops.deadline_us);
	sd_event_source_set_enabled(client->deadline, SD_EVENT_ONESHOT);
}

/* Takes `text`, which may be NULL for none. What comes next has the whole time again. */
static void set_out(struct client *client, char *text)
{
	set_deadline(client);
	client->out = text;
	client->out_sent = 0;
	if (!text)
		return;
	/* The line end takes the place of the NUL. */
	client->out_length = strlen(text) + 1;
	text[client->out_length - 1] = '\n';
}

/* Returns -EAGAIN when the socket takes no more, 0 when all is sent, or -errno. */
static int send_out(struct client *client)
{
	while (client->out) {
		ssize_t sent =
			send(client->fd, client->out + client->out_sent,
			     client->out_length - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return -errno;
		client->out_sent += (size_t)sent;
		if (client->out_sent == client->out_length) {
			free(client->out);
			client->out = NULL;
		}
	}
	return client->is_last ? -ESHUTDOWN : 0;
}

/* Takes the first line out of `in`. False: there is none yet. */
static bool answer_line(struct client *client, int *ret_error)
{
	struct buffer *in = &client->in;
	const uint8_t *end = in->length > 0 ? memchr(in->data, '\n', in->length) : NULL;
	char *answer = NULL;
	size_t length;

	*ret_error = 0;
	if (!end)
		return false;
	length = (size_t)(end - in->data);
	*ret_error = control_answer(&client->control->ops, (const char *)in->data, length, &answer);
	in->length -= length + 1;
	memmove(in->data, end + 1, in->length);
	set_out(client, answer);
	return true;
}

/* Answers and sends as far as it goes without waiting. */
static int serve(struct client *client)
{
	bool had_line;
	int r;

	do {
		r = send_out(client);
		if (r < 0)
			return r;
		had_line = answer_line(client, &r);
		if (r < 0)
			return r;
	} while (had_line);
	if (client->in.length < client->in.maximum)
		return 0;
	set_out(client, jsonrpc_error(JSONRPC_NO_ID, JSONRPC_INVALID_REQUEST,
				      "the request is larger than 64 KiB"));
	client->is_last = true;
	return send_out(client);
}

static int receive(struct client *client)
{
	size_t before = client->in.length, size = client->in.maximum - before;
	uint8_t bytes[READ_BYTES];
	ssize_t received;
	int r;

	received =
		recv(client->fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes), MSG_DONTWAIT);
	if (received == 0)
		return -ESHUTDOWN;
	if (received < 0)
		return -errno;
	r = buffer_append(&client->in, bytes, (size_t)received);
	if (r == 0 && before == 0)
		set_deadline(client);
	return r;
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct client *client = context;
	int r = 0;

	(void)fd;
	(void)events;
	if (!client->out)
		r = receive(client);
	if (r == 0)
		r = serve(client);
	if (r < 0 && r != -EAGAIN && r != -EINTR) {
		drop_client(client);
		return 0;
	}
	sd_event_source_set_io_events(source, client->out ? EPOLLOUT : EPOLLIN);
	if (!client->out && client->in.length == 0)
		sd_event_source_set_enabled(client->deadline, SD_EVENT_OFF);
	return 0;
}

static struct client *free_seat(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	}
	return NULL;
}

static void turn_away(int fd)
{
	char *text = jsonrpc_error(JSONRPC_NO_ID, JSONRPC_INTERNAL_ERROR,
				   "too many clients; try again later");

	/* A fresh socket takes one line at once; where not, the client sees the end alone. */
	if (text && dprintf(fd, "%s\n", text) < 0)
		log_debug("control", "a client beyond %d is not told why", CONTROL_CLIENTS_MAX);
	free(text);
	close(fd);
}

/* Takes `fd`. */
static int seat_client(struct control *control, struct client *client, int fd)
{
	int r;

	client->control = control;
	client->fd = fd;
	buffer_init(&client->in, CONTROL_REQUEST_BYTES_MAX);
	r = sd_event_add_io(control->loop, &client->io, fd, EPOLLIN, on_client, client);
	if (r >= 0)
		r = sd_event_add_time(control->loop, &client->deadline, CLOCK_MONOTONIC, UINT64_MAX,
				      0, on_deadline, client);
	if (r >= 0)
		r = sd_event_source_set_enabled(client->deadline, SD_EVENT_OFF);
	if (r < 0)
		drop_client(client);
	return r;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct control *control = context;
	struct client *client;
	int client_fd, r;

	(void)source;
	(void)events;
	client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client_fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED)
			log_warning("control", "a client cannot be accepted: %m");
		return 0;
	}
	client = free_seat(control);
	if (!client) {
		turn_away(client_fd);
		return 0;
	}
	r = seat_client(control, client, client_fd);
	if (r < 0)
		log_warning("control", "a client cannot be served: %s", strerror(-r));
	return 0;
}

static int set_address(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	if (length >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, length + 1);
	return 0;
}

/* Removes a socket that a process left behind when it crashed. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	int fd, r = 0;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		r = -EADDRINUSE;
	else if (errno != ECONNREFUSED)
		r = -errno;
	close(fd);
	if (r == 0 && unlink(address->sun_path) < 0)
		r = -errno;
	return r;
}

static int listen_at(struct control *control)
{
	const struct sockaddr *address = (const struct sockaddr *)&control->address;
	int r;

	r = remove_stale(&control->address);
	if (r < 0)
		return r;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	/* The file comes to be with the socket's mode less the umask: never more open than wanted. */
	if (fchmod(control->fd, MODE) < 0 ||
	    bind(control->fd, address, sizeof(control->address)) < 0)
		return -errno;
	control->is_bound = true;
	if (chmod(control->address.sun_path, MODE) < 0 || listen(control->fd, BACKLOG) < 0)
		return -errno;
	r = sd_event_add_io(control->loop, &control->io, control->fd, EPOLLIN, on_connection,
			    control);
	return r < 0 ? r : sd_event_source_set_ratelimit(control->io, SECOND_US, ACCEPTS_A_SECOND);
}

int control_create(sd_event *loop, const char *path, const struct control_ops *ops,
		   struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->loop = sd_event_ref(loop);
	control->ops = *ops;
	if (control->ops.deadline_us == 0)
		control->ops.deadline_us = CONTROL_DEADLINE_US;
	control->fd = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	r = set_address(&control->address, path);
	if (r == 0)
		r = listen_at(control);
	if (r < 0) {
		control_destroy(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void control_destroy(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0)
			drop_client(&control->clients[i]);
	}
	sd_event_source_disable_unref(control->io);
	if (control->fd >= 0)
		close(control->fd);
	if (control->is_bound)
		unlink(control->address.sun_path);
	sd_event_unref(control->loop);
	free(control);
}
