/*
 * A site under test: certificates made for it alone, a hub in a process of its own on a free
 * loopback port, and whole rooms in this process on devices that the test chooses. Used by tests and
 * benches: what cannot be set up is told on standard error and ends the program, cleaned up.
 */
#ifndef BALAI_TESTS_FAKE_SITE_H
#define BALAI_TESTS_FAKE_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "room/room.h"

struct site;
struct site_room;

/* Long enough for anything that comes at all, also under sanitizers on a busy machine. */
#define SITE_PATIENCE_US INT64_C(30000000)

/* Makes the folder, an authority and the hub's certificate, and starts the hub. */
struct site *site_create(void);

/* The same with a hub that means ill (tests/rogue/rogue.h); honest until it gets an order. */
struct site *site_create_rogue(void);

/* From now on the rogue hub does this deed, by its name; "none": it is honest. */
void site_rogue_order(struct site *site, const char *deed);

/* Destroys what is left: rooms, hub, folder. NULL is allowed. */
void site_destroy(struct site *site);

/* The hub goes away at once, as in a power cut, and comes back on the same port. */
void site_hub_kill(struct site *site);
void site_hub_start(struct site *site);

uint16_t site_hub_port(const struct site *site);
int site_hub_pid(const struct site *site);

/* A path in the site's folder; lent until the next call. */
const char *site_path(struct site *site, const char *name);

/*
 * Certificates FILE.crt for a room called `name`, in the folder `meetings` of the site, and for its
 * box, called "box-FILE", in the site's own.
 */
void site_certify(struct site *site, const char *file, const char *name);

/* Runs tools/pki/pki with these arguments, of which the last is NULL. */
void site_pki(struct site *site, const char *const *arguments);

/* The devices of one room; each NULL is not there. They become the room's own. */
struct site_devices {
	struct cam *cam;
	struct mic *mic;
	struct speaker *speaker;
	struct screen *screen; /* required, tests/fake/fake_screen.h: it paces site_room_until() */
	const struct venc_kind *encoders; /* NULL: libavcodec's */
	size_t n_encoders;
	int64_t clock_offset_s; /* how wrong the room's wall clock is */
};

/* Settings of a room in meeting "test", 320x180 at 30 pictures a second, with certificates for `name`. */
void site_settings(struct site *site, const char *name, struct settings_room *ret_room,
		   struct settings_board *ret_board);

/* A started room. */
struct site_room *site_room_create(struct site *site, const struct settings_room *settings,
				   const struct settings_board *board,
				   const struct site_devices *devices);

/* Leaves. NULL is allowed. */
void site_room_leave(struct site_room *room);

struct room *site_room_get(struct site_room *room);

/*
 * Looks at the room's Status after each picture on its screen until `holds` is true of it; false
 * after SITE_PATIENCE_US, with the last Status printed.
 */
bool site_room_until(struct site_room *room, bool (*holds)(const json_t *status, void *context),
		     void *context);

/* The member called `name` in a Status, or NULL. */
json_t *site_status_member(const json_t *status, const char *name);

/* An integer in it by path ("members.0.picture.shown"), -1 where there is none. */
int64_t site_status_int(const json_t *status, const char *path);

/* A string in it by path, "" where there is none. */
const char *site_status_text(const json_t *status, const char *path);

#endif
