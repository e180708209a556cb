#include "screen/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "screen/compose_private.h"

#define HEALTHY_US (5 * CLOCK_US_PER_S)

struct entry *compose_find(const struct compose *compose, uint32_t member)
{
	for (size_t i = 0; i < compose->n_entries; i++) {
		if (compose->entries[i]->member == member)
			return compose->entries[i];
	}
	return NULL;
}

static void wake(struct compose *compose)
{
	compose->news = true;
	pthread_cond_signal(&compose->wake);
}

static int init(struct compose *compose)
{
	int ret = scene_create(compose->settings.language, &compose->scene);

	if (ret < 0)
		return ret;
	compose->pending = calloc(1, sizeof(*compose->pending));
	compose->taken = calloc(1, sizeof(*compose->taken));
	if (!compose->pending || !compose->taken)
		return -ENOMEM;
	atomic_store(&compose->moved_us, clock_now_us());
	return thread_start("compose", compose_run, compose, &compose->thread);
}

int compose_create(const struct compose_settings *settings, struct compose **ret_compose)
{
	struct compose *compose;
	int ret;

	if (!settings->screen || settings->language >= WORDS_LANGUAGES)
		return -EINVAL;
	compose = calloc(1, sizeof(*compose));
	if (!compose)
		return -ENOMEM;
	compose->settings = *settings;
	pthread_mutex_init(&compose->lock, NULL);
	pthread_cond_init(&compose->wake, NULL);
	pthread_cond_init(&compose->moved, NULL);
	ret = init(compose);
	if (ret < 0) {
		compose_destroy(compose);
		return ret;
	}
	*ret_compose = compose;
	return 0;
}

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	av_frame_free(&entry->picture);
	free(entry);
}

void compose_destroy(struct compose *compose)
{
	if (!compose)
		return;
	pthread_mutex_lock(&compose->lock);
	compose->stop = true;
	pthread_cond_signal(&compose->wake);
	pthread_mutex_unlock(&compose->lock);
	thread_join(compose->thread);
	for (size_t i = 0; i < compose->n_entries; i++)
		entry_free(compose->entries[i]);
	av_frame_free(&compose->own);
	av_frame_free(&compose->copy);
	scene_destroy(compose->scene);
	free(compose->pending);
	free(compose->taken);
	pthread_cond_destroy(&compose->moved);
	pthread_cond_destroy(&compose->wake);
	pthread_mutex_destroy(&compose->lock);
	free(compose);
}

static struct entry *entry_create(uint32_t member)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry)
		entry->member = member;
	return entry;
}

static bool are_valid(const struct compose_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (members[i].member == 0)
			return false;
		for (size_t k = 0; k < i; k++) {
			if (members[k].member == members[i].member)
				return false;
		}
	}
	return true;
}

/* An entry for each of `members` that has none yet, NULL for the others; locked. */
static int create_missing(const struct compose *compose, const struct compose_member *members,
			  size_t n, struct entry **created)
{
	for (size_t i = 0; i < n; i++) {
		created[i] = NULL;
		if (compose_find(compose, members[i].member))
			continue;
		created[i] = entry_create(members[i].member);
		if (created[i])
			continue;
		while (i-- > 0)
			entry_free(created[i]);
		return -ENOMEM;
	}
	return 0;
}

static bool is_among(const struct compose_member *members, size_t n, uint32_t member)
{
	for (size_t i = 0; i < n; i++) {
		if (members[i].member == member)
			return true;
	}
	return false;
}

/* Locked. */
static void set_entries(struct compose *compose, const struct compose_member *members, size_t n,
			struct entry **created)
{
	struct entry *entries[COMPOSE_MEMBERS_MAX];

	for (size_t i = 0; i < n; i++)
		entries[i] = created[i] ? created[i] : compose_find(compose, members[i].member);
	for (size_t i = 0; i < compose->n_entries; i++) {
		if (!is_among(members, n, compose->entries[i]->member))
			entry_free(compose->entries[i]);
	}
	for (size_t i = 0; i < n; i++)
		compose->entries[i] = entries[i];
	compose->n_entries = n;
}

int compose_set_members(struct compose *compose, const struct compose_member *members, size_t n)
{
	struct entry *created[COMPOSE_MEMBERS_MAX];
	struct changes *pending;
	int ret;

	if (n > COMPOSE_MEMBERS_MAX)
		return -E2BIG;
	if (!are_valid(members, n))
		return -EINVAL;
	pthread_mutex_lock(&compose->lock);
	ret = create_missing(compose, members, n, created);
	if (ret == 0) {
		set_entries(compose, members, n, created);
		pending = compose->pending;
		for (size_t i = 0; i < n; i++) {
			snprintf(pending->names[i], COMPOSE_NAME_BYTES, "%s", members[i].name);
			pending->members[i] = members[i];
			pending->members[i].name = pending->names[i];
		}
		pending->n_members = n;
		pending->members_changed = true;
		wake(compose);
	}
	pthread_mutex_unlock(&compose->lock);
	return ret;
}

void compose_show(struct compose *compose, uint32_t member, AVFrame *take)
{
	AVFrame *unused = take;
	struct entry *entry;

	pthread_mutex_lock(&compose->lock);
	entry = compose_find(compose, member);
	if (entry) {
		unused = entry->picture;
		entry->skipped += unused != NULL;
		entry->picture = take;
		entry->fresh = true;
		wake(compose);
	}
	pthread_mutex_unlock(&compose->lock);
	av_frame_free(&unused);
}

void compose_show_own(struct compose *compose, AVFrame *take)
{
	AVFrame *unused;

	pthread_mutex_lock(&compose->lock);
	unused = compose->own;
	compose->own = take;
	compose->own_fresh = true;
	pthread_cond_signal(&compose->wake);
	pthread_mutex_unlock(&compose->lock);
	av_frame_free(&unused);
}

void compose_set_notice(struct compose *compose, enum compose_notice kind, const char *text)
{
	struct changes *pending;

	pthread_mutex_lock(&compose->lock);
	pending = compose->pending;
	pending->notice_kind = kind;
	snprintf(pending->notice, sizeof(pending->notice), "%s",
		 kind == COMPOSE_NOTICE_NONE ? "" : text);
	pending->notice_changed = true;
	wake(compose);
	pthread_mutex_unlock(&compose->lock);
}

void compose_set_meeting(struct compose *compose, const char *name)
{
	pthread_mutex_lock(&compose->lock);
	snprintf(compose->pending->meeting, sizeof(compose->pending->meeting), "%s",
		 name ? name : "");
	compose->pending->meeting_changed = true;
	wake(compose);
	pthread_mutex_unlock(&compose->lock);
}

void compose_set_secrecy(struct compose *compose, enum compose_secrecy secrecy, const char *code)
{
	pthread_mutex_lock(&compose->lock);
	compose->pending->secrecy = secrecy;
	snprintf(compose->pending->code, sizeof(compose->pending->code), "%s", code);
	compose->pending->secrecy_changed = true;
	wake(compose);
	pthread_mutex_unlock(&compose->lock);
}

/* Waits until there is a copy not older than `serial`; locked. */
static int wait_for_copy(struct compose *compose, uint64_t serial, int64_t deadline_us)
{
	struct timespec deadline = clock_timespec(deadline_us);

	while (!compose->copy || compose->copy_serial < serial) {
		if (compose->tried && !compose->is_open)
			return -ENODEV;
		compose->copy_wanted = true;
		pthread_cond_signal(&compose->wake);
		if (pthread_cond_clockwait(&compose->moved, &compose->lock, CLOCK_MONOTONIC,
					   &deadline) == ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

int compose_copy(struct compose *compose, uint64_t *serial, int64_t deadline_us,
		 AVFrame **ret_picture)
{
	AVFrame *picture;
	int ret = 0;

	pthread_mutex_lock(&compose->lock);
	if (compose->tried && !compose->is_open)
		ret = -ENODEV;
	else if (*serial > 0 && *serial == compose->presented)
		ret = -EAGAIN;
	else
		ret = wait_for_copy(compose, compose->presented, deadline_us);
	if (ret == 0) {
		picture = av_frame_clone(compose->copy);
		if (picture) {
			*serial = compose->copy_serial;
			*ret_picture = picture;
		} else {
			ret = -ENOMEM;
		}
	}
	pthread_mutex_unlock(&compose->lock);
	return ret;
}

bool compose_healthy(struct compose *compose)
{
	return clock_now_us() - atomic_load(&compose->moved_us) < HEALTHY_US;
}

/* Locked. */
static json_t *members_status(const struct compose *compose, int64_t now_us)
{
	json_t *list = json_array();

	for (size_t i = 0; i < compose->n_entries; i++) {
		const struct entry *entry = compose->entries[i];
		json_t *member =
			json_pack("{s:I, s:I, s:I, s:o, s:o}", "member", (json_int_t)entry->member,
				  "shown", (json_int_t)entry->shown, "skipped",
				  (json_int_t)entry->skipped, "latency",
				  stats_to_json(&entry->latency, now_us), "interval",
				  stats_to_json(&entry->interval, now_us));

		if (json_array_append_new(list, member) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *compose_status(struct compose *compose)
{
	int64_t now_us = clock_now_us();
	json_t *status;
	double fps;

	pthread_mutex_lock(&compose->lock);
	/* The last figure of a screen that stands still is old. */
	fps = now_us - compose->presented_us < 2 * CLOCK_US_PER_S ? compose->fps : 0;
	status = json_pack("{s:s, s:i, s:i, s:i, s:f, s:I, s:o, s:o}", "screen",
			   compose->is_open ? "ok" : compose->reason, "width",
			   compose->format.width, "height", compose->format.height, "refresh_hz",
			   compose->format.refresh_hz, "fps", fps, "composed",
			   (json_int_t)compose->presented, "compose",
			   stats_to_json(&compose->drawing, now_us), "members",
			   members_status(compose, now_us));
	pthread_mutex_unlock(&compose->lock);
	return status;
}
