#include "room/notice.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "room/credentials.h"

#define LINE_BYTES 768

struct line {
	enum compose_notice kind;
	char text[LINE_BYTES];
};

struct notice {
	struct compose *compose;
	enum words_language language;
	char meeting[MESSAGE_MEETING_BYTES_MAX + 1];
	char hub[256];

	pthread_mutex_t lock;
	struct meeting_state state;
	size_t members;
	enum secrecy_phase phase;
	enum call_reason reason;
	char why[CREDENTIALS_FAULT_BYTES];
	char code[MEETING_CODE_BYTES];
	struct line news;
	int64_t news_until_us;
	struct line shown;
};

int notice_create(const struct notice_config *config, struct notice **ret_notice)
{
	struct notice *notice = calloc(1, sizeof(*notice));

	if (!notice)
		return -ENOMEM;
	notice->compose = config->compose;
	notice->language = config->language;
	snprintf(notice->meeting, sizeof(notice->meeting), "%s", config->meeting);
	snprintf(notice->hub, sizeof(notice->hub), "%s", config->hub);
	notice->phase = SECRECY_WAITING;
	pthread_mutex_init(&notice->lock, NULL);
	*ret_notice = notice;
	return 0;
}

void notice_destroy(struct notice *notice)
{
	if (!notice)
		return;
	pthread_mutex_destroy(&notice->lock);
	free(notice);
}

static void set_line(const struct notice *notice, enum compose_notice kind, enum words_id id,
		     const char *argument, struct line *line)
{
	line->kind = kind;
	words_format(notice->language, id, argument, line->text, sizeof(line->text));
}

/* "what: reason" */
static void set_reasoned(const struct notice *notice, enum words_id id, const char *argument,
			 enum call_reason reason, struct line *line)
{
	size_t length;

	set_line(notice, COMPOSE_NOTICE_ALERT, id, argument, line);
	if (reason == CALL_REASON_NONE)
		return;
	length = strlen(line->text);
	snprintf(line->text + length, sizeof(line->text) - length, ": %s",
		 words_text(notice->language, (enum words_id)(WORDS_REASON_CERTIFICATE + reason -
							      CALL_REASON_CERTIFICATE)));
}

/* The words for a refusal or a loss, and what stands in their gap. */
static enum words_id words_of(const struct notice *notice, const struct meeting_state *state,
			      char *argument, size_t size)
{
	switch (state->code) {
	case MESSAGE_CODE_MEETING_FULL:
		return WORDS_MEETING_FULL;
	case MESSAGE_CODE_HUB_FULL:
		return WORDS_HUB_FULL;
	default:
		break;
	}
	switch (state->fault.kind) {
	case NET_FAULT_DNS:
		snprintf(argument, size, "%s", notice->hub);
		return WORDS_HUB_NOT_FOUND;
	case NET_FAULT_CERTIFICATE_NAME:
	case NET_FAULT_CERTIFICATE_CA:
	case NET_FAULT_CERTIFICATE_EXPIRED:
	case NET_FAULT_CERTIFICATE_NOT_YET:
	case NET_FAULT_CERTIFICATE_OTHER:
	case NET_FAULT_TLS_VERSION:
		snprintf(argument, size, "%s", state->fault.text);
		return WORDS_HUB_UNTRUSTED;
	case NET_FAULT_TLS_REFUSED:
	case NET_FAULT_IDENTITY:
		return WORDS_ROOM_UNTRUSTED;
	default:
		snprintf(argument, size, "%lld",
			 (long long)((state->retry_us + CLOCK_US_PER_S - 1) / CLOCK_US_PER_S));
		return WORDS_CONNECTION_LOST;
	}
}

static void set_fault(const struct notice *notice, struct line *line)
{
	char argument[LINE_BYTES] = "";
	enum words_id id = words_of(notice, &notice->state, argument, sizeof(argument));

	set_line(notice, COMPOSE_NOTICE_ALERT, id, argument, line);
}

/* What there is to say inside of the meeting. */
static void set_inside(const struct notice *notice, struct line *line)
{
	if (notice->phase == SECRECY_REFUSED)
		set_reasoned(notice, WORDS_OWN_REFUSED, NULL, notice->reason, line);
	else if (clock_now_us() < notice->news_until_us)
		*line = notice->news;
	else if (notice->phase == SECRECY_CLEAR)
		set_line(notice, COMPOSE_NOTICE_ALERT, WORDS_IN_CLEAR, NULL, line);
	else if (notice->reason != CALL_REASON_NONE)
		set_reasoned(notice, WORDS_WAITING_KEYS, NULL, notice->reason, line);
	else if (notice->phase == SECRECY_WAITING)
		set_line(notice, COMPOSE_NOTICE_INFO, WORDS_WAITING_KEYS, NULL, line);
	else if (notice->members <= 1)
		set_line(notice, COMPOSE_NOTICE_INFO, WORDS_WAITING_OTHERS, NULL, line);
}

static void choose(const struct notice *notice, struct line *line)
{
	if (notice->phase == SECRECY_UNREADY) {
		set_line(notice, COMPOSE_NOTICE_ALERT, WORDS_CREDENTIALS, notice->why, line);
		return;
	}
	switch (notice->state.phase) {
	case MEETING_CONNECTING:
		set_line(notice, COMPOSE_NOTICE_INFO, WORDS_WAITING_HUB, NULL, line);
		break;
	case MEETING_JOINING:
		set_line(notice, COMPOSE_NOTICE_INFO, WORDS_JOINING, notice->meeting, line);
		break;
	case MEETING_IN:
		set_inside(notice, line);
		break;
	case MEETING_LOST:
	case MEETING_REFUSED:
		set_fault(notice, line);
		break;
	}
}

/* Locked. A line that stands already is left alone: each new one draws the screen anew. */
static void refresh(struct notice *notice)
{
	struct line line = {.kind = COMPOSE_NOTICE_NONE};

	choose(notice, &line);
	if (line.kind == notice->shown.kind && strcmp(line.text, notice->shown.text) == 0)
		return;
	notice->shown = line;
	compose_set_notice(notice->compose, line.kind, line.text);
}

/* Locked. */
static void show_secrecy(struct notice *notice)
{
	static const enum compose_secrecy shown[] = {
		[SECRECY_UNREADY] = COMPOSE_SECRECY_REFUSED,
		[SECRECY_WAITING] = COMPOSE_SECRECY_WAITING,
		[SECRECY_ENCRYPTED] = COMPOSE_SECRECY_SEALED,
		[SECRECY_CLEAR] = COMPOSE_SECRECY_CLEAR,
		[SECRECY_REFUSED] = COMPOSE_SECRECY_REFUSED,
	};

	compose_set_secrecy(notice->compose, shown[notice->phase], notice->code);
}

void notice_state(struct notice *notice, const struct meeting_state *state)
{
	pthread_mutex_lock(&notice->lock);
	notice->state = *state;
	compose_set_meeting(notice->compose, state->phase == MEETING_IN ? notice->meeting : NULL);
	refresh(notice);
	pthread_mutex_unlock(&notice->lock);
}

void notice_members(struct notice *notice, size_t count)
{
	pthread_mutex_lock(&notice->lock);
	notice->members = count;
	refresh(notice);
	pthread_mutex_unlock(&notice->lock);
}

void notice_secrecy(struct notice *notice, const struct secrecy_state *state)
{
	pthread_mutex_lock(&notice->lock);
	notice->phase = state->phase;
	notice->reason = state->reason;
	snprintf(notice->why, sizeof(notice->why), "%s", state->why);
	snprintf(notice->code, sizeof(notice->code), "%s", state->code);
	show_secrecy(notice);
	refresh(notice);
	pthread_mutex_unlock(&notice->lock);
}

/* Locked. What is grave is not covered by what is not. */
static void set_news(struct notice *notice, const struct line *news)
{
	int64_t now_us = clock_now_us();

	if (news->kind == COMPOSE_NOTICE_INFO && notice->news.kind == COMPOSE_NOTICE_ALERT &&
	    now_us < notice->news_until_us)
		return;
	notice->news = *news;
	notice->news_until_us = now_us + NOTICE_NEWS_US;
	refresh(notice);
}

void notice_changed(struct notice *notice)
{
	struct line news;

	pthread_mutex_lock(&notice->lock);
	set_line(notice, COMPOSE_NOTICE_INFO, WORDS_MEMBERS_CHANGED, NULL, &news);
	set_news(notice, &news);
	pthread_mutex_unlock(&notice->lock);
}

void notice_refused(struct notice *notice, const struct call_refusal *refusal)
{
	struct line news;

	pthread_mutex_lock(&notice->lock);
	set_reasoned(notice, WORDS_OTHER_REFUSED, refusal->name[0] ? refusal->name : "?",
		     refusal->reason, &news);
	set_news(notice, &news);
	pthread_mutex_unlock(&notice->lock);
}

void notice_deceived(struct notice *notice)
{
	struct line news;

	pthread_mutex_lock(&notice->lock);
	set_line(notice, COMPOSE_NOTICE_ALERT, WORDS_HUB_DECEIVES, NULL, &news);
	set_news(notice, &news);
	pthread_mutex_unlock(&notice->lock);
}

void notice_tick(struct notice *notice)
{
	pthread_mutex_lock(&notice->lock);
	refresh(notice);
	pthread_mutex_unlock(&notice->lock);
}

json_t *notice_status(struct notice *notice)
{
	static const char *const kinds[] = {
		[COMPOSE_NOTICE_NONE] = "none",
		[COMPOSE_NOTICE_INFO] = "info",
		[COMPOSE_NOTICE_ALERT] = "alert",
	};
	json_t *status;

	pthread_mutex_lock(&notice->lock);
	status = json_pack("{s:s, s:s}", "kind", kinds[notice->shown.kind], "text",
			   notice->shown.text);
	pthread_mutex_unlock(&notice->lock);
	return status;
}
