/*
 * The client's end of the control socket (panel/control.h).
 */
#ifndef BALAI_CTL_CLIENT_H
#define BALAI_CTL_CLIENT_H

#include <jansson.h>

#define CLIENT_PATIENCE_S 15 /* for the room to take a request, and to go on with its answer */

struct client;

/* Connects. Returns 0 and hands over *ret_client; -ENAMETOOLONG, -ENOMEM or -errno of connect(). */
int client_open(const char *path, struct client **ret_client) __attribute__((warn_unused_result));

/* NULL is allowed. */
void client_close(struct client *client);

/*
 * Sends a request and waits for its answer. Takes `params` in every case; NULL, as from a failed
 * json_pack(), is -ENOMEM. Returns 0 and hands over *ret_result (json_decref()); -EREMOTEIO, the
 * room refused, and handed over *ret_fault (free()), which says why; -ETIMEDOUT; -ECONNRESET, it
 * hung up; -EBADMSG, what it says is not an answer; -EMSGSIZE, the answer is too large; -ENOMEM.
 */
int client_call(struct client *client, const char *method, json_t *params, json_t **ret_result,
		char **ret_fault) __attribute__((warn_unused_result));

#endif
