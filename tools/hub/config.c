#include "tools/hub/config.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "base/settings.h"
#include "meeting/message.h"
#include "tools/hub/listener.h"

static const char *const log_levels[] = {
	[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_DEBUG + 1] = NULL,
};

static bool is_path(const char *text)
{
	return text[0] == '/';
}

#define ROW(key_, member_)                                                                         \
	.section = "hub", .key = (key_), .offset = offsetof(struct config, member_),               \
	.size = sizeof(((struct config *)NULL)->member_)
#define RANGE(minimum_, maximum_) .minimum = (minimum_), .maximum = (maximum_), .step = 1
#define PATH .is_valid = is_path, .form = "an absolute path"

static const struct setting rows[] = {
	{ROW("listen", listen), .type = SETTING_TEXT, .initial = "[::]:443",
	 .is_valid = listener_is_address, .form = "an address like 0.0.0.0:443 or [::]:443",
	 .help = "where rooms connect to; [::] is all addresses, those of IPv4 too"},
	{ROW("certificate", certificate), .type = SETTING_TEXT, PATH,
	 .help = "PEM file with this hub's certificate and those between it and its CA"},
	{ROW("key", key), .type = SETTING_TEXT, PATH,
	 .help = "PEM file with the key of that certificate"},
	{ROW("client_ca", client_ca), .type = SETTING_TEXT, PATH,
	 .help = "PEM file with the CAs that rooms have their certificates from"},
	{ROW("metrics", metrics), .type = SETTING_ADDRESS, .initial = "127.0.0.1:9443",
	 .help = "where http://ADDRESS/metrics tells Prometheus how it is; empty: nowhere"},
	{ROW("members_max", members_max), .type = SETTING_INT, .initial = "100",
	 RANGE(1, MESSAGE_MEMBERS_MAX),
	 .help = "members of a meeting, with those whose seats are kept"},
	{ROW("meetings_max", meetings_max), .type = SETTING_INT, .initial = "1000", RANGE(1, 10000),
	 .help = "meetings at a time"},
	{ROW("connections_max", connections_max), .type = SETTING_INT, .initial = "10000",
	 RANGE(4, 1000000), .help = "connections at a time; a member has two"},
	{ROW("handshakes_max", handshakes_max), .type = SETTING_INT, .initial = "1024",
	 RANGE(1, 10000),
	 .help = "of them, those that have not joined yet; beyond it a newer one pushes an older "
		 "out"},
	{ROW("handshakes_per_address_max", handshakes_per_address_max), .type = SETTING_INT,
	 .initial = "256", RANGE(1, 10000), .help = "the same for one IP address"},
	{ROW("memory_max", memory_max_mib), .type = SETTING_INT, .initial = "1024",
	 RANGE(16, 65536),
	 .help = "MiB of messages that wait or are kept; beyond it objects are not taken in"},
	{ROW("log_level", log_level), .type = SETTING_CHOICE, .initial = "info",
	 .choices = log_levels, .help = "the least important lines that are written"},
};

static const struct settings_table table = {
	.title = "hub file",
	.about = "of balai-hub",
	.rows = rows,
	.n_rows = sizeof(rows) / sizeof(rows[0]),
};

int config_load(const char *path, struct config *ret_config, struct settings_faults *ret_faults)
{
	return settings_load(path, &table, ret_config, sizeof(*ret_config), ret_faults);
}

void config_print_help(FILE *out)
{
	settings_print_table(out, &table);
}
