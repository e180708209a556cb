#include "room/notice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define LINE_BYTES 512

struct notice {
	struct compose *compose;
	enum words_language language;
	char meeting[MESSAGE_MEETING_BYTES_MAX + 1];
	char hub[256];
	bool in_meeting;
	size_t members;
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
	*ret_notice = notice;
	return 0;
}

void notice_destroy(struct notice *notice)
{
	free(notice);
}

static void say(struct notice *notice, enum compose_notice kind, enum words_id id,
		const char *argument)
{
	char line[LINE_BYTES];

	words_format(notice->language, id, argument, line, sizeof(line));
	compose_set_notice(notice->compose, kind, line);
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
	case NET_FAULT_ADDRESS:
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

static void say_fault(struct notice *notice, const struct meeting_state *state)
{
	char argument[LINE_BYTES] = "";
	enum words_id id = words_of(notice, state, argument, sizeof(argument));

	say(notice, COMPOSE_NOTICE_ALERT, id, argument);
}

static void say_members(struct notice *notice)
{
	if (notice->members > 1)
		compose_set_notice(notice->compose, COMPOSE_NOTICE_NONE, NULL);
	else
		say(notice, COMPOSE_NOTICE_INFO, WORDS_WAITING_OTHERS, NULL);
}

void notice_state(struct notice *notice, const struct meeting_state *state)
{
	notice->in_meeting = state->phase == MEETING_IN;
	compose_set_meeting(notice->compose, notice->in_meeting ? notice->meeting : NULL);
	switch (state->phase) {
	case MEETING_CONNECTING:
		say(notice, COMPOSE_NOTICE_INFO, WORDS_WAITING_HUB, NULL);
		break;
	case MEETING_JOINING:
		say(notice, COMPOSE_NOTICE_INFO, WORDS_JOINING, notice->meeting);
		break;
	case MEETING_IN:
		say_members(notice);
		break;
	case MEETING_LOST:
	case MEETING_REFUSED:
		say_fault(notice, state);
		break;
	}
}

void notice_members(struct notice *notice, size_t count)
{
	notice->members = count;
	if (notice->in_meeting)
		say_members(notice);
}
