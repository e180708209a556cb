/*
 * Rooms that talk to a hub over real sockets, in the words of PROTOCOL.md. What does not come as
 * expected fails the test (cmocka). One thread a room.
 */
#ifndef BALAI_TESTS_HUB_MEMBER_H
#define BALAI_TESTS_HUB_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#include "tests/fake/hub_process.h"
#include "tests/fake/ws_client.h"

struct hub_member_seat {
	char text[64];
};

/* A member with both sockets. */
struct hub_member {
	struct ws_client *control;
	struct ws_client *pictures;
};

/* With the certificate of `file`. The caller destroys it. */
struct ws_client *hub_member_connect(struct hub_process *hub, const char *file);

void hub_member_say(struct ws_client *client, const char *text);

/* The next text with `part` in it; others are passed over. Lent until the next call. */
const char *hub_member_hear(struct ws_client *client, const char *part);

void hub_member_expect_close(struct ws_client *client, uint16_t code);

/* The requests; but for the first with their answers. */
void hub_member_say_join(struct ws_client *client, const char *meeting);
struct hub_member_seat hub_member_join(struct ws_client *client, const char *meeting);
void hub_member_attach(struct ws_client *client, const struct hub_member_seat *seat);

/* Both connections, join and attach; and their end, without a word. */
struct hub_member hub_member_enter(struct hub_process *hub, const char *file, const char *meeting);
void hub_member_leave(struct hub_member *member);

/* Publishes a camera and returns its number. */
uint16_t hub_member_publish(struct hub_member *member);
void hub_member_want(struct hub_member *member, uint16_t track);

/* An object of `length` bytes with its header; the caller frees it. */
uint8_t *hub_member_make_picture(uint16_t track, uint32_t group, uint32_t object, size_t length);
void hub_member_send_picture(struct hub_member *member, uint16_t track, uint32_t group,
			     uint32_t object, size_t length);

/* The next picture is this one, byte for byte. */
void hub_member_expect_picture(struct hub_member *member, uint16_t track, uint32_t group,
			       uint32_t object, size_t length);

#endif
