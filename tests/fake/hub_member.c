#include "tests/fake/hub_member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meeting/object.h"

enum { TEXT_BYTES_MAX = 1024 };

struct ws_client *hub_member_connect(struct hub_process *hub, const char *file)
{
	struct ws_client_settings settings = hub_process_room(hub, file);
	struct ws_client *client;

	assert_int_equal(ws_client_connect(&settings, hub_process_soon(), &client), 0);
	return client;
}

void hub_member_say(struct ws_client *client, const char *text)
{
	assert_int_equal(ws_client_send_text(client, text, hub_process_soon()), 0);
}

const char *hub_member_hear(struct ws_client *client, const char *part)
{
	struct ws_message message;

	for (;;) {
		assert_int_equal(ws_client_receive(client, hub_process_soon(), &message), 0);
		if (message.opcode == WS_CLOSE)
			fail_msg("closed with %u before %s", message.code, part);
		if (message.opcode == WS_TEXT && strstr((const char *)message.data, part))
			return (const char *)message.data;
	}
}

void hub_member_expect_close(struct ws_client *client, uint16_t code)
{
	struct ws_message message;

	do
		assert_int_equal(ws_client_receive(client, hub_process_soon(), &message), 0);
	while (message.opcode != WS_CLOSE);
	assert_int_equal(message.code, code);
}

void hub_member_say_join(struct ws_client *client, const char *meeting)
{
	char text[TEXT_BYTES_MAX];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"join\",\"params\":"
		 "{\"version\":1,\"meeting\":\"%s\"}}",
		 meeting);
	hub_member_say(client, text);
}

struct hub_member_seat hub_member_join(struct ws_client *client, const char *meeting)
{
	struct hub_member_seat seat;
	const char *place;

	hub_member_say_join(client, meeting);
	place = strstr(hub_member_hear(client, "\"result\""), "\"seat\":\"");
	assert_non_null(place);
	assert_int_equal(sscanf(place, "\"seat\":\"%43[A-Za-z0-9_-]\"", seat.text), 1);
	hub_member_hear(client, "\"door\"");
	return seat;
}

void hub_member_attach(struct ws_client *client, const struct hub_member_seat *seat)
{
	char text[TEXT_BYTES_MAX];

	snprintf(
		text, sizeof(text),
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"attach\",\"params\":{\"seat\":\"%s\"}}",
		seat->text);
	hub_member_say(client, text);
	hub_member_hear(client, "\"result\"");
}

struct hub_member hub_member_enter(struct hub_process *hub, const char *file, const char *meeting)
{
	struct hub_member member = {.control = hub_member_connect(hub, file)};
	struct hub_member_seat seat = hub_member_join(member.control, meeting);

	member.pictures = hub_member_connect(hub, file);
	hub_member_attach(member.pictures, &seat);
	return member;
}

void hub_member_leave(struct hub_member *member)
{
	ws_client_destroy(member->control);
	ws_client_destroy(member->pictures);
}

uint16_t hub_member_publish(struct hub_member *member)
{
	static const char words[] = "\"tracks\":[";
	const char *place;
	unsigned long number;

	hub_member_say(
		member->control,
		"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"publish\",\"params\":{\"tracks\":"
		"[{\"kind\":\"camera\",\"layers\":[{\"width\":1280,\"height\":720,\"bitrate\":"
		"2500000}]"
		"}]}}");
	place = strstr(hub_member_hear(member->control, "\"result\""), words);
	assert_non_null(place);
	number = strtoul(place + strlen(words), NULL, 10);
	assert_in_range(number, 1, UINT16_MAX);
	return (uint16_t)number;
}

void hub_member_want(struct hub_member *member, uint16_t track)
{
	char text[TEXT_BYTES_MAX];

	snprintf(text, sizeof(text),
		 "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"want\",\"params\":{\"wants\":"
		 "[{\"track\":%u,\"layer\":0}]}}",
		 track);
	hub_member_say(member->control, text);
	hub_member_hear(member->control, "\"id\":4");
}

uint8_t *hub_member_make_picture(uint16_t track, uint32_t group, uint32_t object, size_t length)
{
	const struct object_header header = {
		.flags = object == 0 ? OBJECT_KEY : 0,
		.track = track,
		.priority = 1,
		.group = group,
		.object = object,
	};
	uint8_t *bytes = malloc(length);
	size_t i;

	assert_non_null(bytes);
	object_write(&header, bytes);
	for (i = OBJECT_HEADER_BYTES; i < length; i++)
		bytes[i] = (uint8_t)(i * 7 + object);
	return bytes;
}

void hub_member_send_picture(struct hub_member *member, uint16_t track, uint32_t group,
			     uint32_t object, size_t length)
{
	uint8_t *bytes = hub_member_make_picture(track, group, object, length);

	assert_int_equal(ws_client_send_binary(member->pictures, bytes, length, hub_process_soon()),
			 0);
	free(bytes);
}

void hub_member_expect_picture(struct hub_member *member, uint16_t track, uint32_t group,
			       uint32_t object, size_t length)
{
	uint8_t *bytes = hub_member_make_picture(track, group, object, length);
	struct ws_message message;

	assert_int_equal(ws_client_receive(member->pictures, hub_process_soon(), &message), 0);
	assert_int_equal(message.opcode, WS_BINARY);
	assert_int_equal(message.length, length);
	assert_memory_equal(message.data, bytes, length);
	free(bytes);
}
