/*
 * balai-hub as a process of its own on free loopback ports, with certificates made for it, in a
 * folder that goes with it. What cannot be had ends the program.
 */
#ifndef BALAI_TESTS_HUB_PROCESS_H
#define BALAI_TESTS_HUB_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/fake/ws_client.h"

struct hub_process;

/* Long enough for anything that comes at all, also under sanitizers on a busy machine. */
#define HUB_PROCESS_PATIENCE_US INT64_C(30000000)

/* The instant at which that ends. */
int64_t hub_process_soon(void);

/*
 * Makes a CA, the hub's certificate, and "ruang-1" and "ruang-2" of rooms, and starts the hub with
 * these lines added to its configuration. Returns when it takes connections.
 */
struct hub_process *hub_process_create(const char *configuration);

/* Stops it with SIGTERM; it has to end with 0 within 2 s. NULL is allowed. */
void hub_process_destroy(struct hub_process *hub);

pid_t hub_process_pid(const struct hub_process *hub);
uint16_t hub_process_port(const struct hub_process *hub);

/* CPU time that it has used, in seconds. */
double hub_process_cpu_s(const struct hub_process *hub);

/* A path in its folder, "ca.crt"; lent until destroy. */
const char *hub_process_path(struct hub_process *hub, const char *file);

/* Runs tools/pki/pki with these arguments, of which the last is NULL; it has to succeed. */
void hub_process_pki(const char *const *arguments);

/* Waits until its log says so; false: it does not. */
bool hub_process_log_comes(struct hub_process *hub, const char *text);

/* How often its log says so by now. */
int hub_process_log_count(struct hub_process *hub, const char *text);

/* A room with the certificate FILE.crt; NULL: none. */
struct ws_client_settings hub_process_room(struct hub_process *hub, const char *file);

/* A value of its metrics page; fails when it is not there. */
double hub_process_metric(struct hub_process *hub, const char *name);

#endif
