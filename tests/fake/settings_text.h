/* Settings files out of a test's strings. What cannot be made ends the program. */
#ifndef BALAI_TESTS_FAKE_SETTINGS_TEXT_H
#define BALAI_TESTS_FAKE_SETTINGS_TEXT_H

#include <stdio.h>

#include "room/settings.h"

/* What must be there of a room's secrecy; a room file with all that must be, and but for its key. */
#define SETTINGS_TEXT_SECRECY "[secrecy]\nauthorities=/a\ncertificate=/c\nkey=/k\n"
#define SETTINGS_TEXT_KEYLESS                                                                      \
	SETTINGS_TEXT_SECRECY                                                                      \
	"[meeting]\nurl=wss://hub.example\nmeeting=kabinet\nca=/ca\ncertificate=/cert\n"
#define SETTINGS_TEXT_MEETING SETTINGS_TEXT_KEYLESS "key=/key\n"

/* To be closed by the caller. */
FILE *settings_text_open(const char *text, size_t length);

/* settings_read_room() and its like of the text. */
int settings_text_room(const char *text, struct settings_room *room,
		       struct settings_faults *faults);
int settings_text_board(const char *text, struct settings_board *board,
			struct settings_faults *faults);
int settings_text_policy(const char *text, struct settings_policy *policy,
			 struct settings_faults *faults);

#endif
