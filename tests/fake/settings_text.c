#include "tests/fake/settings_text.h"

#include <stdlib.h>
#include <string.h>

FILE *settings_text_open(const char *text, size_t length)
{
	FILE *file = tmpfile();

	if (!file || fwrite(text, 1, length, file) != length || fseek(file, 0, SEEK_SET) != 0)
		abort();
	return file;
}

int settings_text_room(const char *text, struct settings_room *room, struct settings_faults *faults)
{
	FILE *file = settings_text_open(text, strlen(text));
	int r = settings_read_room(file, room, faults);

	fclose(file);
	return r;
}

int settings_text_board(const char *text, struct settings_board *board,
			struct settings_faults *faults)
{
	FILE *file = settings_text_open(text, strlen(text));
	int r = settings_read_board(file, board, faults);

	fclose(file);
	return r;
}

int settings_text_policy(const char *text, struct settings_policy *policy,
			 struct settings_faults *faults)
{
	FILE *file = settings_text_open(text, strlen(text));
	int r = settings_read_policy(file, policy, faults);

	fclose(file);
	return r;
}
