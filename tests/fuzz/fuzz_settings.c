/* Whatever a settings file holds, it gives settings in their ranges or faults that can be printed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "room/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_faults(int r, const struct settings_faults *faults)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	require(out != NULL);
	settings_print_faults(out, "f", faults);
	fclose(out);
	require((r == 0) == (size == 0));
	for (size_t i = 0; i < size; i++)
		require(text[i] == '\n' || text[i] == '\t' || (unsigned char)text[i] >= ' ');
	free(text);
}

static void require_room(const struct settings_room *room)
{
	require(room->hub.port > 0 && room->hub.host[0] && room->hub.path[0] == '/');
	require(room->meeting[0] && room->ca[0] == '/' && room->key[0] == '/');
	require(room->width >= 160 && room->width <= 3840 && room->width % 2 == 0);
	require(room->fps >= 1 && room->fps <= 60);
	require(room->language >= 0 && room->language < 2);
	require(room->secrecy.authorities[0] == '/' && room->secrecy.psk_id[0]);
	require(room->secrecy.mode == SETTINGS_SECRECY_REQUIRE ||
		room->secrecy.mode == SETTINGS_SECRECY_ALLOW);
}

static void require_board(const struct settings_board *board)
{
	require(board->name[0] && board->n_cameras <= SETTINGS_CAMERAS_MAX);
	for (size_t i = 0; i < board->n_cameras; i++)
		require(board->cameras[i].name[0] && board->cameras[i].device[0]);
	require(board->encoders.count >= 1 && board->encoders.count <= SETTINGS_LIST_MAX);
	for (size_t i = 0; i < board->encoders.count; i++)
		require(board->encoders.names[i] != NULL);
	require(board->microphone[0] && board->speaker[0] && board->screen[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct settings_faults faults;
	struct settings_policy policy;
	struct settings_board board;
	struct settings_room room;
	FILE *file;
	int r;

	if (size == 0)
		return 0;
	file = fmemopen((void *)(uintptr_t)data, size, "r");
	require(file != NULL);
	r = settings_read_room(file, &room, &faults);
	require_faults(r, &faults);
	if (r == 0)
		require_room(&room);
	require(fseek(file, 0, SEEK_SET) == 0);
	r = settings_read_board(file, &board, &faults);
	require_faults(r, &faults);
	if (r == 0)
		require_board(&board);
	require(fseek(file, 0, SEEK_SET) == 0);
	r = settings_read_policy(file, &policy, &faults);
	require_faults(r, &faults);
	if (r == 0)
		require(policy.mode >= 0 && policy.mode <= SETTINGS_SECRECY_OFF);
	fclose(file);
	return 0;
}
