#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"

enum { PORT_HTTPS = 443 };

#define HUB_SCHEME "wss://"
#define HUB_PATH "/meet"

static bool read_whole_number(const char *text, long minimum, long maximum, long *ret_number)
{
	char *end;
	long number;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || *end || number < minimum || number > maximum)
		return false;
	*ret_number = number;
	return true;
}

static bool read_int(const struct setting *setting, const char *text, int *ret_value)
{
	long number;

	if (!read_whole_number(text, setting->minimum, setting->maximum, &number) ||
	    number % setting->step != 0)
		return false;
	*ret_value = (int)number;
	return true;
}

/* The index of the choice that is the `length` bytes at `word`, or -1. */
static int find_choice(const struct setting *setting, const char *word, size_t length)
{
	for (int i = 0; setting->choices[i]; i++) {
		if (strlen(setting->choices[i]) == length &&
		    memcmp(setting->choices[i], word, length) == 0)
			return i;
	}
	return -1;
}

static bool read_choice(const struct setting *setting, const char *text, int *ret_value)
{
	int choice = find_choice(setting, text, strlen(text));

	if (choice < 0)
		return false;
	*ret_value = choice;
	return true;
}

static bool add_to_list(struct settings_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->names[i] == name)
			return false;
	}
	if (list->count == SETTINGS_LIST_MAX)
		return false;
	list->names[list->count++] = name;
	return true;
}

static bool read_list(const struct setting *setting, const char *text,
		      struct settings_list *ret_list)
{
	struct settings_list list = {0};

	for (;;) {
		size_t length;
		int choice;

		text += strspn(text, " \t");
		length = strcspn(text, ", \t");
		choice = find_choice(setting, text, length);
		if (choice < 0 || !add_to_list(&list, setting->choices[choice]))
			return false;
		text += length;
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return false;
	}
	*ret_list = list;
	return true;
}

static bool read_text(const struct setting *setting, const char *text, char *target)
{
	size_t length = strlen(text);

	if (length >= setting->size || !setting->is_valid(text))
		return false;
	memcpy(target, text, length + 1);
	return true;
}

/*
 * Splits "HOST:PORT", "[IPV6]:PORT" and, with a port_default, both without port; the text ends at
 * `end`. The host's characters are not looked at.
 */
static bool split_address(const char *text, const char *end, long port_default, char *host,
			  size_t host_size, uint16_t *ret_port)
{
	const char *host_end = memchr(text, *text == '[' ? ']' : ':', (size_t)(end - text));
	const char *rest;
	char digits[6];
	long port = port_default;

	if (*text == '[') {
		if (!host_end)
			return false;
		text++;
		rest = host_end + 1;
	} else {
		rest = host_end = host_end ? host_end : end;
	}
	if (rest < end && *rest == ':') {
		snprintf(digits, sizeof(digits), "%.*s", (int)(end - rest - 1), rest + 1);
		if (end - rest > 6 || !read_whole_number(digits, 0, UINT16_MAX, &port))
			return false;
	} else if (rest != end || port_default == 0) {
		return false;
	}
	if (host_end == text || (size_t)(host_end - text) >= host_size)
		return false;
	snprintf(host, host_size, "%.*s", (int)(host_end - text), text);
	*ret_port = (uint16_t)port;
	return true;
}

static bool is_host(const char *text, bool is_bracketed)
{
	struct in6_addr six;

	if (is_bracketed)
		return inet_pton(AF_INET6, text, &six) == 1;
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && *text != '-' && *text != '.')
			return false;
	}
	return true;
}

static bool is_url_path(const char *text)
{
	for (; *text; text++) {
		if (!isgraph((unsigned char)*text) || *text == '#' || *text == '?')
			return false;
	}
	return true;
}

static bool read_hub(const char *text, struct settings_hub *ret_hub)
{
	size_t scheme = strlen(HUB_SCHEME);
	struct settings_hub hub;
	const char *path;

	if (strncmp(text, HUB_SCHEME, scheme) != 0)
		return false;
	text += scheme;
	path = strchrnul(text, '/');
	if (!split_address(text, path, PORT_HTTPS, hub.host, sizeof(hub.host), &hub.port) ||
	    hub.port == 0 || !is_host(hub.host, *text == '['))
		return false;
	if (*path == '\0')
		path = HUB_PATH;
	if (strlen(path) >= sizeof(hub.path) || !is_url_path(path))
		return false;
	memcpy(hub.path, path, strlen(path) + 1);
	*ret_hub = hub;
	return true;
}

static bool is_loopback(const char *text)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET6, text, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return inet_pton(AF_INET, text, &four) == 1 && ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool read_address(const char *text, struct settings_address *ret_address)
{
	struct settings_address address = {0};

	if (text[0] != '\0' && (!split_address(text, text + strlen(text), 0, address.host,
					       sizeof(address.host), &address.port) ||
				!is_loopback(address.host)))
		return false;
	*ret_address = address;
	return true;
}

bool setting_read(const struct setting *setting, const char *text, void *target)
{
	switch (setting->type) {
	case SETTING_INT:
		return read_int(setting, text, target);
	case SETTING_CHOICE:
		return read_choice(setting, text, target);
	case SETTING_LIST:
		return read_list(setting, text, target);
	case SETTING_TEXT:
		return read_text(setting, text, target);
	case SETTING_HUB:
		return read_hub(text, target);
	case SETTING_ADDRESS:
		break;
	}
	return read_address(text, target);
}

/* Appends "a, b or c". */
static void join_choices(const struct setting *setting, char *text, size_t size)
{
	size_t length = strlen(text);

	for (size_t i = 0; setting->choices[i] && length < size; i++) {
		const char *before = i == 0 ? "" : setting->choices[i + 1] ? ", " : " or ";

		snprintf(text + length, size - length, "%s%s", before, setting->choices[i]);
		length += strlen(text + length);
	}
}

void setting_form(const struct setting *setting, char *text, size_t size)
{
	switch (setting->type) {
	case SETTING_INT:
		snprintf(text, size, "%s number from %d to %d",
			 setting->step == 2 ? "an even" : "a whole", setting->minimum,
			 setting->maximum);
		break;
	case SETTING_CHOICE:
		snprintf(text, size, "%s", setting->form ? setting->form : "");
		if (!setting->form)
			join_choices(setting, text, size);
		break;
	case SETTING_LIST:
		snprintf(text, size, "%s", "a list with commas, each once, of ");
		join_choices(setting, text, size);
		break;
	case SETTING_TEXT:
		snprintf(text, size, "%s, at most %zu bytes", setting->form, setting->size - 1);
		break;
	case SETTING_HUB:
		snprintf(text, size,
			 "wss://HOST, wss://HOST:PORT or wss://HOST:PORT/PATH, HOST a name, "
			 "an IPv4 address or an [IPv6] address");
		break;
	case SETTING_ADDRESS:
		snprintf(text, size,
			 "empty or a loopback address like 127.0.0.1:8080 or [::1]:8080");
		break;
	}
}
