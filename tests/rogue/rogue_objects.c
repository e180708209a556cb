/* What the rogue hub does to pictures and sound. */
#include <string.h>

#include "tests/rogue/rogue.h"
#include "tools/hub/outbox.h"
#include "tools/hub/session.h"

/* The linker's names: the real functions, and those that the hub calls in their place. */
// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's, by --wrap
void __real_session_object(struct session *session, struct packet *packet);
void __real_outbox_sound(struct outbox *outbox, struct packet *packet);
void __real_outbox_picture(struct outbox *outbox, struct packet *packet, struct outbox_flow *flow,
			   int64_t now_us);
void __wrap_session_object(struct session *session, struct packet *packet);
void __wrap_outbox_sound(struct outbox *outbox, struct packet *packet);
void __wrap_outbox_picture(struct outbox *outbox, struct packet *packet, struct outbox_flow *flow,
			   int64_t now_us);

enum { TRACKS_SEEN = 8, AGE = 25, RECEIVERS = 8 };

/* Of the two kinds, pictures and sound, on its way to one receiver. */
struct memory {
	struct outbox *outbox; /* NULL: free */
	uint16_t tracks[TRACKS_SEEN];
	size_t track_count;
	struct packet *old[AGE]; /* the last ones */
	struct packet *held;
	unsigned int count;
};

static struct memory pictures[RECEIVERS], sounds[RECEIVERS];

/* That of the outbox; the last one serves all that are too many. */
static struct memory *find(struct memory *memories, struct outbox *outbox)
{
	struct memory *memory = memories;

	while (memory->outbox && memory->outbox != outbox && memory < memories + RECEIVERS - 1)
		memory++;
	memory->outbox = outbox;
	return memory;
}

static void note_track(struct memory *memory, uint16_t track)
{
	for (size_t i = 0; i < memory->track_count; i++) {
		if (memory->tracks[i] == track)
			return;
	}
	if (memory->track_count < TRACKS_SEEN)
		memory->tracks[memory->track_count++] = track;
}

/* The next one seen; itself where there is no other. */
static uint16_t other_track(const struct memory *memory, uint16_t track)
{
	for (size_t i = 0; i < memory->track_count; i++) {
		if (memory->tracks[i] == track)
			return memory->tracks[(i + 1) % memory->track_count];
	}
	return track;
}

/* The packet as the receiver is to get it: another, or itself, with a reference. */
static struct packet *spoil(enum rogue_deed deed, const struct memory *memory,
			    struct packet *packet)
{
	struct packet *copy;
	uint8_t *payload;

	if (deed != ROGUE_ALTER && deed != ROGUE_TRUNCATE && deed != ROGUE_STRIP &&
	    deed != ROGUE_SWAP_TRACKS)
		return packet_ref(packet);
	copy = rogue_copy(packet);
	if (!copy)
		return packet_ref(packet);
	payload = packet_message(copy) + OBJECT_HEADER_BYTES;
	switch (deed) {
	case ROGUE_ALTER:
		payload[(copy->length - OBJECT_HEADER_BYTES) / 2] ^= 1;
		break;
	case ROGUE_TRUNCATE:
		copy->length -= 1;
		break;
	case ROGUE_STRIP:
		memmove(payload, payload + 1, copy->length - OBJECT_HEADER_BYTES - 1);
		copy->length -= 1;
		break;
	default:
		copy->header.track = other_track(memory, copy->header.track);
		object_write(&copy->header, packet_message(copy));
		break;
	}
	return copy;
}

/* The packet that came AGE ago, in exchange for this one. */
static struct packet *remember(struct memory *memory, struct packet *packet)
{
	struct packet **place = &memory->old[memory->count % AGE], *old = *place;

	*place = packet_ref(packet);
	return old;
}

void __wrap_session_object(struct session *session, struct packet *packet)
{
	rogue_record(packet_message(packet), packet->length);
	__real_session_object(session, packet);
}

void __wrap_outbox_sound(struct outbox *outbox, struct packet *packet)
{
	struct memory *memory = find(sounds, outbox);
	enum rogue_deed deed = rogue_order();
	struct packet *sent = spoil(deed, memory, packet);
	struct packet *old = remember(memory, packet);

	note_track(memory, packet->header.track);
	memory->count++;
	if (deed == ROGUE_REORDER && !memory->held) {
		memory->held = sent;
		packet_unref(old);
		return;
	}
	if (deed != ROGUE_DROP || memory->count % 3 != 0)
		__real_outbox_sound(outbox, sent);
	if (memory->held)
		__real_outbox_sound(outbox, memory->held);
	if (deed == ROGUE_REPLAY && old)
		__real_outbox_sound(outbox, old);
	packet_unref(memory->held);
	memory->held = NULL;
	packet_unref(sent);
	packet_unref(old);
}

void __wrap_outbox_picture(struct outbox *outbox, struct packet *packet, struct outbox_flow *flow,
			   int64_t now_us)
{
	struct memory *memory = find(pictures, outbox);
	enum rogue_deed deed = rogue_order();
	struct packet *sent = spoil(deed, memory, packet);
	struct packet *old = remember(memory, packet);

	note_track(memory, packet->header.track);
	memory->count++;
	if (deed != ROGUE_DROP || memory->count % 3 != 0)
		__real_outbox_picture(outbox, sent, flow, now_us);
	if (deed == ROGUE_REPLAY && old)
		__real_outbox_picture(outbox, old, flow, now_us);
	packet_unref(sent);
	packet_unref(old);
}
// NOLINTEND(bugprone-reserved-identifier): as above
