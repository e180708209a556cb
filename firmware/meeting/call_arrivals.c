#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "meeting/call_state.h"

/* Who is new in the group can show nothing before: it waits for no other IDR that was asked for. */
#define EPOCH_KEY_EVERY_US (200 * CLOCK_US_PER_MS)

struct plain {
	const uint8_t *data;
	size_t length;
};

static void note_misdeed(struct call *call, enum meeting_misdeed misdeed, uint16_t member)
{
	switch (misdeed) {
	case MEETING_FORGED:
		call->figures.forged++;
		break;
	case MEETING_REPLAYED:
		call->figures.replayed++;
		break;
	case MEETING_MISATTRIBUTED:
		call->figures.misattributed++;
		break;
	case MEETING_KEYLESS:
		break;
	}
	call->config->events.misdeed(call->config->context, misdeed, member);
}

static void note_failure(struct call *call, int error, const struct held_object *object,
			 const struct incoming_origin *origin)
{
	switch (error) {
	case -ENOKEY:
		held_put(call->held, object);
		break;
	case -EBADMSG:
		note_misdeed(call, MEETING_FORGED, origin->member);
		break;
	case -EALREADY:
		/* A new want is sent what the hub keeps, of which some may have come before. */
		if (origin->is_started)
			note_misdeed(call, MEETING_REPLAYED, origin->member);
		break;
	default:
		call->figures.unopened++;
		break;
	}
}

/* A name on the roster is the hub's word; who sealed it is not. */
static bool is_of(const struct meeting_sealer *sealer, const struct incoming_origin *origin)
{
	return sealer->member == 0 ||
	       (sealer->member == origin->member && sealer->kind == origin->kind);
}

static bool open_object(struct call *call, const struct held_object *object,
			const struct incoming_origin *origin, struct plain *ret_plain)
{
	const struct meeting_cipher_ops *cipher = call->config->cipher;
	const uint8_t *payload = object->data + OBJECT_HEADER_BYTES;
	size_t length = object->length - OBJECT_HEADER_BYTES;
	uint8_t metadata[CALL_METADATA_BYTES_MAX];
	size_t metadata_length;
	struct meeting_sealer sealer;
	int r;

	if (cipher == NULL) {
		*ret_plain = (struct plain){.data = payload, .length = length};
		return true;
	}
	metadata_length = call_metadata(call, object->data, metadata);
	r = cipher->open(call->config->cipher_context, metadata, metadata_length, payload, length,
			 call->opened, &length, &sealer);
	if (r == 0 && length == 0)
		r = -EBADMSG;
	if (r < 0) {
		note_failure(call, r, object, origin);
		return false;
	}
	if (!is_of(&sealer, origin)) {
		note_misdeed(call, MEETING_MISATTRIBUTED, origin->member);
		return false;
	}
	call->figures.opened++;
	*ret_plain = (struct plain){.data = call->opened, .length = length};
	return true;
}

static void judge(struct call *call, const struct held_object *object,
		  const struct object_header *header, const struct plain *plain)
{
	int64_t capture_us = hub_clock_to_local(&call->clock, (int64_t)header->capture_us);
	/* Clocks agree to a fraction of a round trip only. */
	int64_t delay_us = object->arrival_us > capture_us ? object->arrival_us - capture_us : 0;

	switch (incoming_object(call->incoming, header, object->length, delay_us)) {
	case INCOMING_TAKE:
		call->config->events.object(call->config->context, header, plain->data,
					    plain->length, object->arrival_us, capture_us);
		break;
	case INCOMING_GAP:
		call_request_keyframe(call, (struct message_track_layer){.track = header->track,
									 .layer = header->layer});
		break;
	case INCOMING_AGAIN:
	case INCOMING_UNWANTED:
	case INCOMING_MISPLACED:
		break;
	}
}

static void take(struct call *call, const struct held_object *object)
{
	struct incoming_origin origin;
	struct object_header header;
	struct plain plain;
	enum object_error error = object_parse(object->data, object->length, &header);

	if (error != OBJECT_OK) {
		call_lose_for_protocol(call, object_error_text(error));
		return;
	}
	switch (incoming_admit(call->incoming, &header, object->is_picture, &origin)) {
	case INCOMING_TAKE:
		break;
	case INCOMING_MISPLACED:
		call_lose_for_protocol(call, "an object on the wrong socket");
		return;
	default:
		return;
	}
	if (!open_object(call, object, &origin, &plain))
		return;
	judge(call, object, &header, &plain);
	if (call->opened != NULL)
		explicit_bzero(call->opened, plain.length);
}

void call_object(struct call *call, bool is_picture, const uint8_t *data, size_t length,
		 int64_t arrival_us)
{
	const struct held_object object = {.is_picture = is_picture,
					   .arrival_us = arrival_us,
					   .data = data,
					   .length = length};

	if (call->you == 0)
		call_lose_for_protocol(call, "an object before the answer to `join`");
	else
		take(call, &object);
}

void call_expire_held(struct call *call, int64_t now_us)
{
	uint64_t before = held_dropped(call->held);

	held_expire(call->held, now_us);
	if (held_dropped(call->held) != before)
		note_misdeed(call, MEETING_KEYLESS, 0);
}

void call_keys_changed(struct call *call)
{
	size_t count;
	struct held_object object;

	held_expire(call->held, clock_now_us());
	/* Those whose key still is not there are put back. */
	for (count = held_count(call->held); count > 0; count--)
		if (held_take(call->held, &object))
			take(call, &object);
	if (call->phase == MEETING_IN)
		call_need_own_key(call, clock_now_us(), EPOCH_KEY_EVERY_US);
}
