#include "panel/live_page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char page_format[] =
	"<!doctype html>\n"
	"<html lang=\"id\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>%s</title>\n"
	"<style>\n"
	"html { height: 100%%; background: #14171c; color: #f4f6f8;\n"
	"  font: 16px/1.5 \"Noto Sans\", \"DejaVu Sans\", system-ui, sans-serif; }\n"
	"body { min-height: 100%%; margin: 0; display: flex; flex-direction: column; }\n"
	"header, footer { padding: 1rem 1.5rem; }\n"
	"h1 { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }\n"
	"p { margin: 0; color: #aab2bd; }\n"
	"main { flex: 1; display: flex; align-items: center; justify-content: center;\n"
	"  padding: 0 1.5rem; }\n"
	"img { display: block; max-width: 100%%; max-height: calc(100vh - 9.5rem);\n"
	"  border-radius: 10px; background: #232830; box-shadow: 0 6px 30px #0008; }\n"
	"a { color: #7fb4ff; }\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<header>\n"
	"<h1>%s</h1>\n"
	"<p>Layar ruangan, langsung <span lang=\"en\">\xc2\xb7 The room's screen, live</span></p>\n"
	"</header>\n"
	"<main><img src=\"/live\" alt=\"Layar ruangan / The room's screen\"></main>\n"
	"<footer>\n"
	"<p><a href=\"/screen.png\">Simpan gambar <span lang=\"en\">\xc2\xb7 Still "
	"image</span></a></p>\n"
	"</footer>\n"
	"</body>\n"
	"</html>\n";

static const char *escape(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

/* Longer than any escape. */
#define ESCAPED_MAX 6

static char *escape_text(const char *text)
{
	char *escaped = malloc(strlen(text) * ESCAPED_MAX + 1);
	char *end = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		const char *instead = escape(*text);
		size_t length = instead ? strlen(instead) : 1;

		memcpy(end, instead ? instead : text, length);
		end += length;
	}
	*end = '\0';
	return escaped;
}

int live_page_create(const char *room, char **ret_page, size_t *ret_length)
{
	char *name = escape_text(room);
	char *page = NULL;
	int length;

	if (!name)
		return -ENOMEM;
	length = asprintf(&page, page_format, name, name);
	free(name);
	if (length < 0)
		return -ENOMEM;
	*ret_page = page;
	*ret_length = (size_t)length;
	return 0;
}

bool live_address_is_loopback(const char *address, int *ret_family)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, address, &v4) == 1) {
		*ret_family = AF_INET;
		return ntohl(v4.s_addr) >> 24 == 127;
	}
	if (inet_pton(AF_INET6, address, &v6) == 1) {
		*ret_family = AF_INET6;
		return IN6_IS_ADDR_LOOPBACK(&v6);
	}
	return false;
}

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits <= 5 && text[digits] == '\0';
}

bool live_host_is_loopback(const char *host)
{
	char name[64];
	size_t bracket = host[0] == '[';
	size_t length = strcspn(host + bracket, bracket ? "]" : ":");
	const char *rest = host + bracket + length;
	int family;

	if (length >= sizeof(name) || (bracket && *rest++ != ']'))
		return false;
	if (*rest != '\0' && (*rest != ':' || !is_port(rest + 1)))
		return false;
	memcpy(name, host + bracket, length);
	name[length] = '\0';
	if (!bracket && strcasecmp(name, "localhost") == 0)
		return true;
	return live_address_is_loopback(name, &family) && (family == AF_INET6) == bracket;
}
