#include "room/secrecy.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"
#include "room/built.h"
#include "room/credentials.h"
#include "room/secrecy_wire.h"

#define SUITE SFRAME_AES_128_GCM_SHA256_128
#define INCIDENTS_MAX 256
#define RETRY_US (5 * CLOCK_US_PER_S)
#define TICK_US CLOCK_US_PER_S
#define REFRESH_US (30 * CLOCK_US_PER_S)
/* After coming back the hub rightly sends once more what it keeps. */
#define REPLAY_GRACE_US (5 * CLOCK_US_PER_S)
/* Media whose keys do not come for so long after a new epoch are of one that was missed. */
#define KEYLESS_GRACE_US (3 * CLOCK_US_PER_S)
#define REFUSALS_MAX 16

struct secrecy {
	struct secrecy_config config;
	struct settings_secrecy settings;
	char name[SETTINGS_NAME_BYTES];
	char meeting_name[SETTINGS_NAME_BYTES];
	struct meeting *meeting;
	struct media_keys *keys;
	struct queue *incidents;
	atomic_uint_fast64_t missed;   /* of them, for want of room */
	atomic_uint_fast64_t misdeeds; /* of the hub's with media */
	atomic_int_fast64_t joined_us;
	atomic_bool is_keyless; /* media came whose key did not, since this was looked at */
	struct thread *thread;

	/* The thread's own. */
	struct credentials *credentials;
	struct call_psk psk;
	struct call_group *group; /* NULL: the credentials cannot be used yet */
	int64_t refresh_us;       /* of the credentials, when it is due */
	uint64_t missed_seen;
	uint64_t lies_seen;
	int64_t epoch_us; /* when the newest one began, or another try to get into it */

	pthread_mutex_t lock; /* what Status tells */
	enum secrecy_phase phase;
	enum call_reason reason;
	char why[CREDENTIALS_FAULT_BYTES];
	char code[MEETING_CODE_BYTES];
	uint64_t epoch;
	struct call_member people[MLS_LEAVES_MAX];
	size_t n_people;
	struct call_refusal refusals[REFUSALS_MAX]; /* the newest last */
	size_t n_refusals;
	struct call_counters counters;
};

int secrecy_create(const struct secrecy_config *config, struct secrecy **ret_secrecy)
{
	struct secrecy *secrecy = calloc(1, sizeof(*secrecy));
	int r;

	if (!secrecy)
		return -ENOMEM;
	secrecy->config = *config;
	secrecy->settings = *config->settings;
	snprintf(secrecy->name, sizeof(secrecy->name), "%s", config->name);
	snprintf(secrecy->meeting_name, sizeof(secrecy->meeting_name), "%s", config->meeting);
	pthread_mutex_init(&secrecy->lock, NULL);
	r = media_keys_create(SUITE, &secrecy->keys);
	if (r == 0)
		r = queue_create(INCIDENTS_MAX, QUEUE_DROP_NEWEST, free, &secrecy->incidents);
	if (r < 0) {
		secrecy_destroy(secrecy);
		return r;
	}
	*ret_secrecy = secrecy;
	return 0;
}

struct media_keys *secrecy_keys(struct secrecy *secrecy)
{
	return secrecy->keys;
}

/* What is said */

static void say(struct secrecy *secrecy, enum secrecy_phase phase, enum call_reason reason,
		const char *why)
{
	struct secrecy_state state = {.phase = phase, .reason = reason, .why = why};
	char code[MEETING_CODE_BYTES];

	pthread_mutex_lock(&secrecy->lock);
	secrecy->phase = phase;
	secrecy->reason = reason;
	snprintf(secrecy->why, sizeof(secrecy->why), "%s", why);
	if (phase != SECRECY_ENCRYPTED) {
		secrecy->code[0] = '\0';
		secrecy->n_people = 0;
	}
	snprintf(code, sizeof(code), "%s", secrecy->code);
	pthread_mutex_unlock(&secrecy->lock);
	state.code = code;
	if (phase != SECRECY_ENCRYPTED)
		secrecy->config.events.people(secrecy->config.context, NULL, 0);
	secrecy->config.events.state(secrecy->config.context, &state);
}

/* What the group asks of its owner */

static int64_t now_us(void *context)
{
	(void)context;
	return clock_now_us();
}

static uint64_t now_s(void *context)
{
	struct secrecy *secrecy = context;

	return secrecy->config.now_s(secrecy->config.clock);
}

static int on_send(void *context, const struct call_order *order)
{
	struct secrecy *secrecy = context;
	const struct meeting_group_order wire = wire_order(order);

	return meeting_send_group(secrecy->meeting, &wire);
}

static void keep_epoch(struct secrecy *secrecy, const struct call_epoch *epoch)
{
	pthread_mutex_lock(&secrecy->lock);
	memcpy(secrecy->people, epoch->members, epoch->n_members * sizeof(epoch->members[0]));
	secrecy->n_people = epoch->n_members;
	secrecy->epoch = epoch->keys.number;
	memcpy(secrecy->code, epoch->code, sizeof(secrecy->code));
	pthread_mutex_unlock(&secrecy->lock);
}

static void on_epoch(void *context, const struct call_epoch *epoch)
{
	struct secrecy *secrecy = context;
	int r = media_keys_begin(secrecy->keys, epoch);

	if (r < 0) {
		log_error("secrecy", "the keys of epoch %llu cannot be used: %s",
			  (unsigned long long)epoch->keys.number, strerror(-r));
		return;
	}
	secrecy->epoch_us = clock_now_us();
	keep_epoch(secrecy, epoch);
	secrecy->config.events.people(secrecy->config.context, epoch->members, epoch->n_members);
	say(secrecy, SECRECY_ENCRYPTED, CALL_REASON_NONE, "");
	if (epoch->have_members_changed)
		secrecy->config.events.changed(secrecy->config.context);
	meeting_keys_changed(secrecy->meeting);
}

static void on_state(void *context, enum call_state state, enum call_reason reason)
{
	static const enum secrecy_phase phases[] = {
		[CALL_WAITING] = SECRECY_WAITING,
		[CALL_ENCRYPTED] = SECRECY_ENCRYPTED,
		[CALL_CLEAR] = SECRECY_CLEAR,
		[CALL_REFUSED] = SECRECY_REFUSED,
	};
	struct secrecy *secrecy = context;

	if (state == CALL_CLEAR)
		media_keys_set_clear(secrecy->keys);
	else
		media_keys_set_sealed(secrecy->keys);
	if (reason != CALL_REASON_NONE)
		log_warning("secrecy", "meeting %s: %s", secrecy->meeting_name,
			    call_reason_text(reason));
	say(secrecy, phases[state], reason, "");
	meeting_hold_media(secrecy->meeting, state != CALL_ENCRYPTED && state != CALL_CLEAR);
}

static void keep_refusal(struct secrecy *secrecy, const struct call_refusal *refusal)
{
	struct call_refusal *list = secrecy->refusals;

	pthread_mutex_lock(&secrecy->lock);
	if (secrecy->n_refusals == REFUSALS_MAX) {
		memmove(list, list + 1, (REFUSALS_MAX - 1) * sizeof(list[0]));
		secrecy->n_refusals--;
	}
	list[secrecy->n_refusals++] = *refusal;
	pthread_mutex_unlock(&secrecy->lock);
}

static void on_refused(void *context, const struct call_refusal *refusal)
{
	struct secrecy *secrecy = context;

	log_warning("secrecy", "\"%s\" is not let in: %s", refusal->name,
		    call_reason_text(refusal->reason));
	keep_refusal(secrecy, refusal);
	secrecy->config.events.refused(secrecy->config.context, refusal);
}

/* The group's life */

static const struct call_group_ops group_ops = {
	.now_us = now_us,
	.now_s = now_s,
	.send = on_send,
	.epoch = on_epoch,
	.state = on_state,
	.refused = on_refused,
};

static int create_group(struct secrecy *secrecy)
{
	static const enum call_policy policies[] = {
		[SETTINGS_SECRECY_REQUIRE] = CALL_REQUIRE,
		[SETTINGS_SECRECY_ALLOW] = CALL_ALLOW,
		[SETTINGS_SECRECY_OFF] = CALL_OFF,
	};
	const struct credentials *credentials = secrecy->credentials;
	struct call_group_config config = {
		.meeting = secrecy->meeting_name,
		.policy = policies[secrecy->settings.mode],
		.suite = SUITE,
		.built_s = built_s(),
		.ops = &group_ops,
		.context = secrecy,
	};

	if (!credentials)
		return call_group_create(&config, &secrecy->group);
	config.credential = credentials_own(credentials);
	config.signer = credentials_signer(credentials);
	config.trust = credentials_trust(credentials);
	secrecy->psk = (struct call_psk){
		.id = {(const uint8_t *)secrecy->settings.psk_id, strlen(secrecy->settings.psk_id)},
		.secret = credentials_psk(credentials),
	};
	if (secrecy->psk.secret.length > 0)
		config.psk = &secrecy->psk;
	return call_group_create(&config, &secrecy->group);
}

static void destroy_group(struct secrecy *secrecy)
{
	call_group_destroy(secrecy->group);
	secrecy->group = NULL;
	credentials_destroy(secrecy->credentials);
	secrecy->credentials = NULL;
}

/* Where the centre has switched encryption off no credentials are needed. False: try again. */
static bool prepare(struct secrecy *secrecy)
{
	char fault[CREDENTIALS_FAULT_BYTES] = "";
	int r = 0;

	if (secrecy->settings.mode != SETTINGS_SECRECY_OFF)
		r = credentials_load(&secrecy->settings, secrecy->name, &secrecy->credentials,
				     fault);
	if (r == 0)
		r = create_group(secrecy);
	if (r == 0)
		r = meeting_start(secrecy->meeting);
	if (r == 0) {
		say(secrecy, SECRECY_WAITING, CALL_REASON_NONE, "");
		return true;
	}
	destroy_group(secrecy);
	if (!fault[0])
		snprintf(fault, sizeof(fault), "%s", strerror(-r));
	if (strcmp(fault, secrecy->why) != 0) {
		log_error("secrecy", "the meeting is not entered: %s", fault);
		say(secrecy, SECRECY_UNREADY, CALL_REASON_NO_CERTIFICATE, fault);
	}
	return false;
}

static void look_for_lies(struct secrecy *secrecy)
{
	struct call_counters group = call_group_counters(secrecy->group);
	uint64_t lies = atomic_load(&secrecy->misdeeds) + group.forged + group.replayed;

	pthread_mutex_lock(&secrecy->lock);
	secrecy->counters = group;
	pthread_mutex_unlock(&secrecy->lock);
	if (lies > secrecy->lies_seen)
		secrecy->config.events.deceived(secrecy->config.context);
	secrecy->lies_seen = lies;
}

static void hear(struct secrecy *secrecy, struct incident *incident)
{
	uint64_t missed = atomic_load(&secrecy->missed);

	if (incident_is_join(incident))
		atomic_store(&secrecy->joined_us, clock_now_us());
	incident_tell(incident, secrecy->group);
	free(incident);
	if (missed != secrecy->missed_seen)
		call_group_rejoin(secrecy->group);
	secrecy->missed_seen = missed;
}

/* What others seal tells that they are in an epoch which this room never heard of. */
static void look_for_keys(struct secrecy *secrecy)
{
	int64_t now_us = clock_now_us();

	if (!atomic_exchange(&secrecy->is_keyless, false) ||
	    now_us - secrecy->epoch_us < KEYLESS_GRACE_US)
		return;
	secrecy->epoch_us = now_us;
	call_group_rejoin(secrecy->group);
}

/* Lists of revoked certificates are renewed long before they are over; a room runs for longer. */
static void refresh(struct secrecy *secrecy)
{
	char fault[CREDENTIALS_FAULT_BYTES] = "out of memory";
	int64_t at_us = clock_now_us();
	int r;

	if (!secrecy->credentials || at_us < secrecy->refresh_us)
		return;
	secrecy->refresh_us = at_us + REFRESH_US;
	r = credentials_refresh(secrecy->credentials, &secrecy->settings, fault);
	if (r > 0)
		log_info("secrecy", "authorities or revoked certificates are new");
	else if (r < 0)
		log_error("secrecy", "what was there before goes on to count: %s", fault);
}

/* Does what is due, and returns until when nothing else is. */
static int64_t go_on(struct secrecy *secrecy)
{
	int64_t due_us, tick_us = clock_now_us() + TICK_US;
	uint64_t epoch = 0;
	bool has_epoch;

	refresh(secrecy);
	due_us = call_group_tick(secrecy->group);
	has_epoch = call_group_epoch(secrecy->group, &epoch);
	meeting_set_epoch(secrecy->meeting, epoch, has_epoch);
	media_keys_expire(secrecy->keys);
	look_for_lies(secrecy);
	look_for_keys(secrecy);
	secrecy->config.events.tick(secrecy->config.context);
	return due_us < tick_us ? due_us : tick_us;
}

static void run(void *context)
{
	struct secrecy *secrecy = context;
	int64_t until_us = 0;
	void *incident;
	int r;

	while ((r = queue_pop(secrecy->incidents, until_us, &incident)) != -ESHUTDOWN) {
		if (r == 0)
			hear(secrecy, incident);
		if (secrecy->group || prepare(secrecy))
			until_us = go_on(secrecy);
		else
			until_us = clock_now_us() + RETRY_US;
	}
	destroy_group(secrecy);
}

int secrecy_start(struct secrecy *secrecy, struct meeting *meeting)
{
	secrecy->meeting = meeting;
	return thread_start("secrecy", run, secrecy, &secrecy->thread);
}

static void push(struct secrecy *secrecy, struct incident *incident)
{
	if (!incident || queue_push(secrecy->incidents, incident, 0) == -ENOBUFS)
		secrecy->missed++;
}

void secrecy_roster(struct secrecy *secrecy, const struct message_roster *roster)
{
	push(secrecy, incident_of_roster(roster));
}

void secrecy_group(struct secrecy *secrecy, const struct meeting_group_event *event)
{
	push(secrecy, incident_of_group(event));
}

void secrecy_misdeed(struct secrecy *secrecy, enum meeting_misdeed misdeed)
{
	int64_t since_us = clock_now_us() - atomic_load(&secrecy->joined_us);

	if (misdeed == MEETING_KEYLESS)
		atomic_store(&secrecy->is_keyless, true);
	else if (misdeed != MEETING_REPLAYED || since_us > REPLAY_GRACE_US)
		secrecy->misdeeds++;
}

void secrecy_stop(struct secrecy *secrecy)
{
	queue_close(secrecy->incidents);
	thread_join(secrecy->thread);
	secrecy->thread = NULL;
}

void secrecy_destroy(struct secrecy *secrecy)
{
	if (!secrecy)
		return;
	if (secrecy->thread)
		secrecy_stop(secrecy);
	queue_destroy(secrecy->incidents);
	media_keys_destroy(secrecy->keys);
	pthread_mutex_destroy(&secrecy->lock);
	free(secrecy);
}

/* Status; locked */

/* Frees the list and returns NULL where it fails. */
static json_t *append(json_t *list, json_t *entry)
{
	if (json_array_append_new(list, entry) == 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *people_status(const struct secrecy *secrecy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < secrecy->n_people && list; i++) {
		const struct call_member *person = &secrecy->people[i];
		const struct mls_identity *identity = &person->identity;

		list = append(list, json_pack("{s:i, s:s, s:s, s:b, s:I}", "member", person->number,
					      "name", identity->name, "issuer", identity->issuer,
					      "verified", identity->is_verified, "leaf",
					      (json_int_t)person->leaf));
	}
	return list;
}

static json_t *refusals_status(const struct secrecy *secrecy)
{
	json_t *list = json_array();

	for (size_t i = 0; i < secrecy->n_refusals && list; i++) {
		const struct call_refusal *refusal = &secrecy->refusals[i];

		list = append(list,
			      json_pack("{s:i, s:s, s:s, s:s}", "member", refusal->number, "name",
					refusal->name, "reason", call_reason_text(refusal->reason),
					"by", refusal->by));
	}
	return list;
}

static json_t *counters_status(const struct secrecy *secrecy)
{
	const struct call_counters *group = &secrecy->counters;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "epochs", (json_int_t)group->epochs,
			 "rejoins", (json_int_t)group->rejoins, "lost_commits",
			 (json_int_t)group->lost_commits, "forged", (json_int_t)group->forged,
			 "replayed", (json_int_t)group->replayed, "refused",
			 (json_int_t)group->refused, "missed",
			 (json_int_t)atomic_load(&secrecy->missed));
}

static const char *why_text(const struct secrecy *secrecy)
{
	if (secrecy->why[0])
		return secrecy->why;
	return secrecy->reason == CALL_REASON_NONE ? "" : call_reason_text(secrecy->reason);
}

json_t *secrecy_status(struct secrecy *secrecy)
{
	static const char *const phases[] = {
		[SECRECY_UNREADY] = "unready",     [SECRECY_WAITING] = "waiting",
		[SECRECY_ENCRYPTED] = "encrypted", [SECRECY_CLEAR] = "clear",
		[SECRECY_REFUSED] = "refused",
	};
	json_t *status;

	pthread_mutex_lock(&secrecy->lock);
	status = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "state", phases[secrecy->phase],
			   "why", why_text(secrecy), "code", secrecy->code, "epoch",
			   (json_int_t)secrecy->epoch, "members", people_status(secrecy), "refused",
			   refusals_status(secrecy), "counters", counters_status(secrecy));
	pthread_mutex_unlock(&secrecy->lock);
	return status;
}
