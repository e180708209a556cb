#include "tools/ctl/client.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/json.h"
#include "panel/control.h"

struct client {
	int fd;
	int64_t last_id;
	struct buffer line;
};

/* The time limit also holds for connect(), which waits where too many connect at once. */
static int connect_to(int fd, const struct sockaddr_un *address)
{
	const struct timeval patience = {.tv_sec = CLIENT_PATIENCE_S};

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

int client_open(const char *path, struct client **ret_client)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);
	struct client *client;
	int r;

	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length + 1);
	client = calloc(1, sizeof(*client));
	if (!client)
		return -ENOMEM;
	buffer_init(&client->line, CONTROL_ANSWER_BYTES_MAX + 1);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = client->fd < 0 ? -errno : connect_to(client->fd, &address);
	if (r < 0) {
		client_close(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	buffer_finish(&client->line);
	free(client);
}

static int send_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		data += sent;
		length -= (size_t)sent;
	}
	return 0;
}

/* Nothing follows an answer: the room speaks only when it is asked. */
static int receive_line(struct client *client)
{
	uint8_t bytes[65536];
	int r = 0;

	buffer_clear(&client->line);
	while (r == 0 &&
	       (client->line.length == 0 || client->line.data[client->line.length - 1] != '\n')) {
		ssize_t received = recv(client->fd, bytes, sizeof(bytes), 0);

		if (received < 0 && errno == EINTR)
			continue;
		if (received < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (received == 0)
			return -ECONNRESET;
		r = buffer_append(&client->line, bytes, (size_t)received);
	}
	return r;
}

/* An error without id is one, too: the room could not even read the request, or has no seat free. */
static int take_answer(const struct client *client, json_t **ret_result, char **ret_fault)
{
	struct jsonrpc_message answer;
	int r;

	r = jsonrpc_parse((const char *)client->line.data, client->line.length, &answer);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (answer.kind == JSONRPC_ERROR &&
	    (answer.id == client->last_id || answer.id == JSONRPC_NO_ID)) {
		char *fault = strdup(answer.message);

		r = fault ? -EREMOTEIO : -ENOMEM;
		if (fault)
			*ret_fault = fault;
	} else if (answer.kind == JSONRPC_RESULT && answer.id == client->last_id) {
		*ret_result = json_incref(answer.result);
	} else {
		r = -EBADMSG;
	}
	jsonrpc_finish(&answer);
	return r;
}

static int send_request(struct client *client, const char *method, json_t *params)
{
	char *request = jsonrpc_request(++client->last_id, method, params);
	size_t length;
	int r;

	if (!request)
		return -ENOMEM;
	/* The line end takes the place of the NUL. */
	length = strlen(request) + 1;
	request[length - 1] = '\n';
	r = send_all(client->fd, request, length);
	free(request);
	return r;
}

int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result,
		char **ret_fault)
{
	int r, r_send;

	/* A room that hangs up may have said why before. */
	r_send = send_request(client, method, params);
	if (r_send < 0 && r_send != -EPIPE)
		return r_send;
	r = receive_line(client);
	if (r < 0)
		return r_send == -EPIPE ? -ECONNRESET : r;
	return take_answer(client, ret_result, ret_fault);
}
