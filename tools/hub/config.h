/*
 * The hub's one configuration file, in INI form, by the same typed tables as a room's settings.
 */
#ifndef BALAI_HUB_CONFIG_H
#define BALAI_HUB_CONFIG_H

#include <stdio.h>

#include "base/settings.h"

struct config {
	char listen[64]; /* for listener_open() */
	char certificate[SETTINGS_PATH_BYTES];
	char key[SETTINGS_PATH_BYTES];
	char client_ca[SETTINGS_PATH_BYTES];
	struct settings_address metrics; /* empty host: none */
	int members_max;                 /* a meeting */
	int meetings_max;
	int connections_max;
	int handshakes_max; /* of the connections: not joined or attached yet */
	int handshakes_per_address_max;
	int memory_max_mib; /* of messages that wait or are kept */
	int log_level;      /* enum log_level */
};

/*
 * Returns 0 and fills *ret_config; or -EINVAL for the file's content or -errno from opening it,
 * with at least one fault told.
 */
int config_load(const char *path, struct config *ret_config, struct settings_faults *ret_faults)
	__attribute__((warn_unused_result));

/* The table as a commented file with the defaults, which can be started from. */
void config_print_help(FILE *out);

#endif
