/*
 * The control API on a local socket: JSON-RPC 2.0, one message a line, over a unix stream socket
 * with mode 0660. It knows nothing of the room: what there is to see and do comes from the provider.
 *
 *   get       {"path": "cameras/0/fps"}               → that part of Status; without path all of it
 *   command   {"name": "camera.set", "params": {…}}   → what the command gives
 *   describe  {}                                      → the methods above and the commands
 *
 * Everything happens in the thread of the event loop. A client has one request answered at a time
 * and no more is read of it until it took the answer. One that leaves a line half written or an
 * answer half read for CONTROL_DEADLINE_US is dropped.
 */
#ifndef BALAI_PANEL_CONTROL_H
#define BALAI_PANEL_CONTROL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_REQUEST_BYTES_MAX (64U << 10)
#define CONTROL_ANSWER_BYTES_MAX (8U << 20)
#define CONTROL_DEADLINE_US UINT64_C(10000000)

struct control;

/* For `describe`. Lives as long as the server. */
struct control_command {
	const char *name;   /* "camera.set" */
	const char *params; /* "name, value" */
	const char *help;   /* "sets a control of the camera in use" */
};

/* The provider; status and command are required. */
struct control_ops {
	/* The Status tree, owned by the caller; NULL without memory. */
	json_t *(*status)(void *context);

	/*
	 * Returns 0 and hands over *ret_result; or -errno, with a JSON string that tells people why,
	 * or NULL, in *ret_result: -ENOENT, -EINVAL and -ERANGE for what the client has wrong.
	 * `params` is an object.
	 */
	int (*command)(void *context, const char *name, const json_t *params, json_t **ret_result);

	const struct control_command *commands;
	size_t n_commands;
	uint64_t deadline_us; /* 0: CONTROL_DEADLINE_US */
	void *context;
};

/*
 * Listens at `path`; a socket that nobody listens at any more is replaced. `ops` is copied. Returns
 * 0 and hands over *ret_control; -ENAMETOOLONG, the path does not fit a socket address; -EADDRINUSE,
 * another process listens there; -EEXIST, what is there is not a socket; -ENOMEM or another -errno.
 */
int control_create(sd_event *loop, const char *path, const struct control_ops *ops,
		   struct control **ret_control) __attribute__((warn_unused_result));

/* Drops all clients and removes the socket; NULL is allowed. */
void control_destroy(struct control *control);

#endif
