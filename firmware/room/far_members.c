#include "room/far_members.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sound_state.h"
#include "base/stats.h"
#include "screen/decode_thread.h"

/* Speech in a room is above it, fans and paper are below. */
#define SPEAKS_DBOV (-45)
/* So long a pause is part of speech. */
#define PAUSE_US (800 * CLOCK_US_PER_MS)

/* One far member. It stays where it is while its decoding thread runs. */
struct far_member {
	struct far_members *all;
	uint16_t member;
	char box[MESSAGE_NAME_BYTES_MAX + 1]; /* the hub's word for it */
	bool here;
	uint16_t camera; /* track, or 0 */
	uint16_t sound;  /* track, or 0 */
	bool is_unheard; /* for want of a source, which was said */
	struct decode_thread *decoder;
	struct mixer_source *source;
	_Atomic uint8_t voice; /* the newest packet's sound state; silence without a source */
	int64_t spoke_us;      /* when it was last heard to speak */
	bool is_speaking;      /* these two as they are on its tile; changed under the lock */
	bool is_muted;
	struct stats network; /* capture to arrival of its pictures */
};

struct far_members {
	struct far_members_config config;
	pthread_mutex_t lock; /* for what follows; only the meeting's thread changes the list */
	struct far_member *list[MESSAGE_MEMBERS_MAX];
	size_t count;
	struct call_member people[MLS_LEAVES_MAX];
	size_t n_people;
	bool is_clear;
};

int far_members_create(const struct far_members_config *config, struct far_members **ret_far)
{
	struct far_members *far = calloc(1, sizeof(*far));

	if (!far)
		return -ENOMEM;
	far->config = *config;
	pthread_mutex_init(&far->lock, NULL);
	*ret_far = far;
	return 0;
}

static const struct sound_state silence = {.level_dbov = SOUND_STATE_FLOOR_DBOV};

static void close_camera(struct far_member *member)
{
	decode_thread_destroy(member->decoder);
	member->decoder = NULL;
	member->camera = 0;
}

static void close_sound(struct far_member *member)
{
	mixer_source_close(member->source);
	member->source = NULL;
	member->sound = 0;
	atomic_store(&member->voice, sound_state_to_byte(silence));
}

static void member_free(struct far_member *member)
{
	if (!member)
		return;
	close_camera(member);
	close_sound(member);
	free(member);
}

void far_members_destroy(struct far_members *far)
{
	if (!far)
		return;
	for (size_t i = 0; i < far->count; i++)
		member_free(far->list[i]);
	pthread_mutex_destroy(&far->lock);
	free(far);
}

static void on_picture(void *context, AVFrame *take)
{
	struct far_member *member = context;

	compose_show(member->all->config.compose, member->member, take);
}

static void on_need_keyframe(void *context)
{
	struct far_member *member = context;
	const struct far_members_config *config = &member->all->config;

	config->need_keyframe(config->context,
			      (struct message_track_layer){.track = member->camera});
}

static void open_camera(struct far_member *member, uint16_t track)
{
	const struct decode_events events = {
		.picture = on_picture,
		.need_keyframe = on_need_keyframe,
		.context = member,
	};
	int error;

	member->camera = track;
	error = decode_thread_create(&member->all->config.decoder, &events, &member->decoder);
	if (error) {
		log_error("room", "no decoder for the picture of \"%s\": %s", member->box,
			  strerror(-error));
		member->camera = 0;
	}
}

static void open_sound(struct far_member *member, uint16_t track)
{
	int error = mixer_source_open(member->all->config.mixer, &member->source);

	if (error && !member->is_unheard)
		log_warning("room", "\"%s\" cannot be heard: %d others are heard already",
			    member->box, MIXER_SOURCES_MAX);
	member->is_unheard = error != 0;
	if (!error)
		member->sound = track;
}

/* The member's track of that kind, or 0. */
static uint16_t find_track(const struct message_member *entry, enum message_kind kind)
{
	for (uint8_t i = 0; i < entry->track_count; i++) {
		if (entry->tracks[i].kind == kind)
			return entry->tracks[i].track;
	}
	return 0;
}

/* Makes the member what its entry of the roster says, within what the room can show. */
static void member_ensure(struct far_member *member, const struct message_member *entry,
			  bool in_sight)
{
	uint16_t camera = in_sight ? find_track(entry, MESSAGE_CAMERA) : 0;
	uint16_t sound = find_track(entry, MESSAGE_SOUND);

	memcpy(member->box, entry->name, sizeof(member->box));
	member->here = entry->here;
	if (camera != member->camera) {
		close_camera(member);
		compose_show(member->all->config.compose, member->member, NULL);
		if (camera)
			open_camera(member, camera);
	}
	if (sound != member->sound) {
		close_sound(member);
		if (sound)
			open_sound(member, sound);
	}
}

static struct far_member *take_out(struct far_members *far, uint16_t number)
{
	for (size_t i = 0; i < far->count; i++) {
		struct far_member *member = far->list[i];

		if (member && member->member == number) {
			far->list[i] = NULL;
			return member;
		}
	}
	return NULL;
}

static struct far_member *member_new(struct far_members *far, uint16_t number)
{
	struct far_member *member = calloc(1, sizeof(*member));

	if (!member) {
		log_error("room", "no memory for another member");
		return NULL;
	}
	member->all = far;
	member->member = number;
	atomic_store(&member->voice, sound_state_to_byte(silence));
	return member;
}

/* The new list, in the roster's order; members that stay are moved over, those gone are freed. */
static void rebuild(struct far_members *far, const struct message_roster *roster, uint16_t you)
{
	struct far_member *list[MESSAGE_MEMBERS_MAX];
	const struct message_member *entries[MESSAGE_MEMBERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < roster->count; i++) {
		const struct message_member *entry = &roster->members[i];
		struct far_member *member;

		if (entry->member == you)
			continue;
		member = take_out(far, entry->member);
		if (!member)
			member = member_new(far, entry->member);
		if (!member)
			continue;
		entries[count] = entry;
		list[count++] = member;
	}
	/* Before anybody new takes a decoder or a source, those gone give theirs back. */
	for (size_t i = 0; i < far->count; i++)
		member_free(far->list[i]);
	for (size_t i = 0; i < count; i++) {
		far->list[i] = list[i];
		member_ensure(list[i], entries[i], i < FAR_MEMBERS_PICTURES_MAX);
	}
	far->count = count;
}

/* Locked. NULL: nobody vouches for it yet. */
static const struct mls_identity *find_identity(const struct far_members *far, uint16_t number)
{
	for (size_t i = 0; i < far->n_people; i++) {
		if (far->people[i].number == number)
			return &far->people[i].identity;
	}
	return NULL;
}

/* Locked. What stands on the tile. */
static void name_of(const struct far_members *far, const struct far_member *member,
		    char name[COMPOSE_NAME_BYTES])
{
	const struct mls_identity *identity = find_identity(far, member->member);
	enum words_language language = far->config.language;

	if (far->is_clear)
		snprintf(name, COMPOSE_NAME_BYTES, "%s", member->box);
	else if (!identity)
		snprintf(name, COMPOSE_NAME_BYTES, "%s", words_text(language, WORDS_WAITING_KEYS));
	else if (identity->is_verified)
		snprintf(name, COMPOSE_NAME_BYTES, "%s", identity->name);
	else
		words_format(language, WORDS_GUEST, identity->name, name, COMPOSE_NAME_BYTES);
}

/* Locked. */
static void show_members(const struct far_members *far)
{
	struct compose_member members[MESSAGE_MEMBERS_MAX];
	char names[MESSAGE_MEMBERS_MAX][COMPOSE_NAME_BYTES];
	int error;

	for (size_t i = 0; i < far->count; i++) {
		name_of(far, far->list[i], names[i]);
		members[i] = (struct compose_member){
			.member = far->list[i]->member,
			.name = names[i],
			.here = far->list[i]->here,
			.speaking = far->list[i]->is_speaking,
			.muted = far->list[i]->is_muted,
		};
	}
	error = compose_set_members(far->config.compose, members, far->count);
	if (error)
		log_error("room", "the members cannot be shown: %s", strerror(-error));
}

void far_members_set_people(struct far_members *far, const struct call_member *people, size_t n)
{
	pthread_mutex_lock(&far->lock);
	for (size_t i = 0; i < n; i++)
		far->people[i] = people[i];
	far->n_people = n;
	show_members(far);
	pthread_mutex_unlock(&far->lock);
}

void far_members_set_clear(struct far_members *far, bool is_clear)
{
	pthread_mutex_lock(&far->lock);
	if (far->is_clear != is_clear) {
		far->is_clear = is_clear;
		show_members(far);
	}
	pthread_mutex_unlock(&far->lock);
}

static void add_want(struct message_want *want, uint16_t track)
{
	if (track)
		want->wants[want->count++] = (struct message_track_layer){.track = track};
}

void far_members_update(struct far_members *far, const struct message_roster *roster, uint16_t you,
			struct message_want *ret_want)
{
	pthread_mutex_lock(&far->lock);
	rebuild(far, roster, you);
	show_members(far);
	pthread_mutex_unlock(&far->lock);
	ret_want->count = 0;
	for (size_t i = 0; i < far->count; i++) {
		add_want(ret_want, far->list[i]->camera);
		add_want(ret_want, far->list[i]->sound);
	}
}

static void push_picture(struct far_member *member, const struct object_header *header,
			 const uint8_t *payload, size_t length, int64_t capture_us)
{
	AVPacket *packet = av_packet_alloc();

	if (!packet || av_new_packet(packet, (int)length) < 0) {
		log_error("room", "no memory for a picture of \"%s\"", member->box);
		av_packet_free(&packet);
		return;
	}
	memcpy(packet->data, payload, length);
	packet->pts = packet->dts = capture_us;
	if (header->flags & OBJECT_KEY)
		packet->flags |= AV_PKT_FLAG_KEY;
	decode_thread_submit(member->decoder, packet, header->group, header->object);
}

/* The tile is drawn anew only where something is another than before. */
static void show_voice(struct far_members *far, struct far_member *member, uint8_t byte,
		       int64_t arrival_us)
{
	const struct sound_state voice = sound_state_from_byte(byte);
	bool is_speaking;

	atomic_store(&member->voice, byte);
	if (!voice.is_muted && voice.level_dbov >= SPEAKS_DBOV)
		member->spoke_us = arrival_us;
	is_speaking =
		!voice.is_muted && member->spoke_us > 0 && arrival_us - member->spoke_us < PAUSE_US;
	if (is_speaking == member->is_speaking && voice.is_muted == member->is_muted)
		return;
	pthread_mutex_lock(&far->lock);
	member->is_speaking = is_speaking;
	member->is_muted = voice.is_muted;
	show_members(far);
	pthread_mutex_unlock(&far->lock);
}

static void push_sound(struct far_members *far, struct far_member *member,
		       const struct object_header *header, const uint8_t *payload, size_t length,
		       int64_t arrival_us, int64_t capture_us)
{
	if (length <= SOUND_STATE_BYTES)
		return;
	show_voice(far, member, payload[0], arrival_us);
	/* What is wrong with a packet is counted by the source. */
	(void)mixer_source_push(member->source, header->group, arrival_us, capture_us,
				payload + SOUND_STATE_BYTES, length - SOUND_STATE_BYTES);
}

void far_members_object(struct far_members *far, const struct object_header *header,
			const uint8_t *payload, size_t length, int64_t arrival_us,
			int64_t capture_us)
{
	for (size_t i = 0; i < far->count; i++) {
		struct far_member *member = far->list[i];

		if (header->track == member->camera) {
			stats_add(&member->network, arrival_us - capture_us, arrival_us);
			push_picture(member, header, payload, length, capture_us);
			return;
		}
		if (header->track == member->sound) {
			push_sound(far, member, header, payload, length, arrival_us, capture_us);
			return;
		}
	}
}

/* Locked. */
static json_t *member_status(const struct far_members *far, struct far_member *member)
{
	struct sound_state voice = sound_state_from_byte(atomic_load(&member->voice));
	const struct mls_identity *identity = find_identity(far, member->member);
	const char *name = far->is_clear ? member->box : identity ? identity->name : "";

	return json_pack("{s:i, s:s, s:s, s:b, s:s, s:b, s:b, s:b, s:i, s:o?, s:o?, s:o?}",
			 "member", member->member, "name", name, "issuer",
			 identity ? identity->issuer : "", "verified",
			 identity && identity->is_verified, "box", member->box, "here",
			 member->here, "muted", voice.is_muted, "speaking", member->is_speaking,
			 "level_dbov", voice.level_dbov, "picture",
			 member->decoder ? decode_thread_status(member->decoder) : json_null(),
			 "sound",
			 member->source ? mixer_source_to_json(member->source) : json_null(),
			 "network", stats_to_json(&member->network, clock_now_us()));
}

json_t *far_members_status(struct far_members *far)
{
	json_t *array = json_array();

	pthread_mutex_lock(&far->lock);
	for (size_t i = 0; array && i < far->count; i++) {
		if (json_array_append_new(array, member_status(far, far->list[i])) != 0) {
			json_decref(array);
			array = NULL;
		}
	}
	pthread_mutex_unlock(&far->lock);
	return array;
}
