/*
 * A room at a site (tests/fake/site.h) with everything a test needs to disturb it and to judge what
 * people there see and hear: a faulty camera, a test microphone, a speaker that remembers, and a
 * screen with somebody in front of it. What cannot be made ends the program.
 */
#ifndef BALAI_TESTS_FAKE_PARTY_H
#define BALAI_TESTS_FAKE_PARTY_H

#include "tests/fake/site.h"
#include "tests/fake/viewer.h"

struct party {
	const char *name;
	uint8_t tag; /* of its camera and, as a room, of its microphone */
	struct site_devices devices;
	struct viewer *viewer;
	struct site_room *room; /* NULL while not there */
	bool is_given;          /* the devices are the room's now */
};

/* Makes the devices; the test may replace some before party_join(). The name is not copied. */
void party_init(struct party *party, const char *name, uint8_t tag);

/* With the settings of site_settings(), or with others. */
void party_join(struct party *party, struct site *site);
void party_join_with(struct party *party, struct site *site, const struct settings_room *settings,
		     const struct settings_board *board);

/* The room and its devices go; the viewer stays. */
void party_leave(struct party *party);

/* After site_destroy(), or party_leave(). One that was never made is allowed. */
void party_finish(struct party *party);

/* Two of them, "a" and "b", at a site of their own. */
struct party_pair {
	struct site *site;
	struct party a; /* in tests of faults, the one that has them */
	struct party b; /* the one that looks on */
};

enum { PARTY_A = 1, PARTY_B = 2 }; /* their tags */

/* Makes the site and the devices; nobody has joined yet. */
void party_pair_init(struct party_pair *pair);

/* The same at a site that was made for them. */
void party_pair_init_at(struct party_pair *pair, struct site *site);

void party_pair_join(struct party_pair *pair);

/* Destroys the site, with all rooms at it, and then the pair. */
void party_pair_finish(struct party_pair *pair);

/* For a cmocka test whose *state is a struct party_pair. */
int party_pair_set_up(void **state);
int party_pair_tear_down(void **state);
#define PARTY_PAIR_TEST(test)                                                                      \
	cmocka_unit_test_setup_teardown(test, party_pair_set_up, party_pair_tear_down)

/* See site_room_until(). */
bool party_until(struct party *party, bool (*holds)(const json_t *status, void *context),
		 void *context);

/* Waits for so many more pictures of the camera with that tag. */
bool party_sees(struct party *party, uint8_t tag, int pictures);

/* Waits until there were that many in all, by viewer_get(). */
bool party_has_seen(struct party *party, uint8_t tag, int64_t pictures);

/* Waits until chirps of room `tag`, two of them after now, were played. */
bool party_hears(struct party *party, uint8_t tag);

/* Waits until the text at `path` in the Status contains `text`. */
bool party_says(struct party *party, const char *path, const char *text);

/* Waits until the integer at `path` in the Status is at least `value`. */
bool party_counts(struct party *party, const char *path, int64_t value);

/* The same of the entry of the member `name`. */
bool party_counts_of(struct party *party, const char *name, const char *path, int64_t value);

/* It as it is now, -1 where there is none; name NULL: of the whole Status. */
int64_t party_count_of(struct party *party, const char *name, const char *path);

#endif
