#include "room/settings.h"

#include <errno.h>
#include <string.h>

#include "room/settings_table.h"

static void name_cameras(struct settings_board *board)
{
	for (size_t i = 0; i < SETTINGS_CAMERAS_MAX; i++) {
		struct settings_camera *camera = &board->cameras[i];

		if (camera->name[0] == '\0' && i == 0)
			snprintf(camera->name, sizeof(camera->name), "camera");
		else if (camera->name[0] == '\0')
			snprintf(camera->name, sizeof(camera->name), "camera.%zu", i + 1);
	}
}

/* Moves those together that the file has and that are not "none". */
static void count_cameras(struct settings_board *board)
{
	board->n_cameras = 0;
	for (size_t i = 0; i < SETTINGS_CAMERAS_MAX; i++) {
		const char *device = board->cameras[i].device;

		if (device[0] != '\0' && strcmp(device, "none") != 0)
			board->cameras[board->n_cameras++] = board->cameras[i];
	}
}

/* As count_cameras(). */
static void count_sources(struct settings_board *board)
{
	board->n_sources = 0;
	for (size_t i = 0; i < SETTINGS_SOURCES_MAX; i++) {
		const char *device = board->sources[i].device;

		if (device[0] != '\0' && strcmp(device, "none") != 0)
			board->sources[board->n_sources++] = board->sources[i];
	}
}

static void compare_sources(const struct settings_board *board, struct settings_faults *faults)
{
	for (size_t i = 0; i < board->n_sources; i++) {
		const char *device = board->sources[i].device;
		bool twice = strcmp(board->microphone, device) == 0;

		for (size_t j = 0; j < i; j++)
			twice |= strcmp(board->sources[j].device, device) == 0;
		if (twice)
			settings_add_fault(faults, 0, "two sources of sound are the device %s",
					   device);
	}
}

static void compare_cameras(const struct settings_board *board, struct settings_faults *faults)
{
	for (size_t i = 1; i < board->n_cameras; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct settings_camera *a = &board->cameras[j];
			const struct settings_camera *b = &board->cameras[i];

			if (strcmp(a->name, b->name) == 0)
				settings_add_fault(faults, 0, "two cameras are named \"%s\"",
						   a->name);
			if (strcmp(a->device, b->device) == 0)
				settings_add_fault(faults, 0,
						   "cameras \"%s\" and \"%s\" are the same device",
						   a->name, b->name);
		}
	}
}

static void check_geometry(const struct settings_board *board, struct settings_faults *faults)
{
	struct geometry geometry;
	char fault[SETTINGS_FAULT_BYTES];

	if (geometry_parse(board->geometry, &geometry, fault, sizeof(fault)) < 0)
		settings_add_fault(faults, 0, "[microphone] geometry = %.64s: %s", board->geometry,
				   fault);
}

static bool is_in(const struct settings_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->names[i], name) == 0)
			return true;
	}
	return false;
}

/* The codecs of one direction: what "auto" stands for, and what no device is needed for. */
struct codecs {
	const char *section;
	const char *hardware;
	const char *software;
};

static void refuse_order(struct settings_list *list, const struct codecs *codecs,
			 struct settings_faults *faults)
{
	const struct setting *row =
		settings_find_row(settings_board_table(), codecs->section, "order");
	char form[SETTINGS_FAULT_BYTES];

	setting_form(row, form, sizeof(form));
	settings_add_fault(faults, 0,
			   "[%s] order: %s is in it twice, as auto too; it has to be %s; "
			   "used is %s",
			   codecs->section, codecs->hardware, form, codecs->software);
	settings_bear_fault(faults);
	*list = (struct settings_list){.names = {codecs->software}, .count = 1};
}

/* An order ends in software, so that a meeting goes on whatever fails. */
static void end_in_software(struct settings_list *list, const struct codecs *codecs,
			    struct settings_faults *faults)
{
	size_t place = 0;

	while (place < list->count && strcmp(list->names[place], codecs->software) != 0)
		place++;
	if (place + 1 == list->count)
		return;
	if (place < list->count)
		settings_add_fault(faults, 0,
				   "[%s] order: %s is in software; what is behind it is left out",
				   codecs->section, codecs->software);
	else
		settings_add_fault(faults, 0,
				   "[%s] order: without %s nothing is in software; it is put last",
				   codecs->section, codecs->software);
	settings_bear_fault(faults);
	list->names[place] = codecs->software;
	list->count = place + 1;
}

/*
 * "auto" becomes the hardware, without libavcodec's way to the same device, which would meet the
 * same fault; where it stands last, the software follows.
 */
static void complete_order(struct settings_list *list, const struct codecs *codecs,
			   struct settings_faults *faults)
{
	size_t place = 0;

	while (place < list->count && strcmp(list->names[place], "auto") != 0)
		place++;
	if (place < list->count) {
		if (is_in(list, codecs->hardware)) {
			refuse_order(list, codecs, faults);
			return;
		}
		list->names[place] = codecs->hardware;
		if (!is_in(list, codecs->software))
			list->names[list->count++] = codecs->software;
	}
	end_in_software(list, codecs, faults);
}

static void complete_orders(struct settings_board *board, struct settings_faults *faults)
{
	static const struct codecs encoders = {"encoder", "encode_m2m", "libx264"};
	static const struct codecs decoders = {"decoder", "decode_m2m", "h264"};

	complete_order(&board->encoders, &encoders, faults);
	complete_order(&board->decoders, &decoders, faults);
}

static void check_secrecy(const struct settings_room *room, struct settings_faults *faults)
{
	const struct settings_secrecy *secrecy = &room->secrecy;

	if (secrecy->certificate[0] && !secrecy->key[0])
		settings_add_fault(faults, 0, "[secrecy] key: is missing beside certificate");
	if (secrecy->key[0] && !secrecy->certificate[0])
		settings_add_fault(faults, 0, "[secrecy] certificate: is missing beside key");
	if (!secrecy->certificate[0] && !secrecy->key[0] && !room->name[0])
		settings_add_fault(faults, 0,
				   "[room] name: is missing; without [secrecy] certificate the "
				   "room is a guest and has to say its name");
}

int settings_read_room(FILE *file, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults)
{
	struct settings_room settings = {0};

	*ret_faults = (struct settings_faults){0};
	settings_read_file(file, settings_room_table(), &settings, ret_faults);
	if (ret_faults->count == 0)
		check_secrecy(&settings, ret_faults);
	if (ret_faults->count > 0)
		return -EINVAL;
	*ret_settings = settings;
	return 0;
}

int settings_read_policy(FILE *file, struct settings_policy *ret_settings,
			 struct settings_faults *ret_faults)
{
	struct settings_policy settings = {0};

	*ret_faults = (struct settings_faults){0};
	settings_read_file(file, settings_policy_table(), &settings, ret_faults);
	if (ret_faults->count > 0)
		return -EINVAL;
	*ret_settings = settings;
	return 0;
}

void settings_apply_policy(const struct settings_policy *policy, struct settings_secrecy *secrecy)
{
	if (policy->mode == SETTINGS_SECRECY_OFF || policy->mode < secrecy->mode)
		secrecy->mode = policy->mode;
	if (!policy->guests)
		secrecy->guests = 0;
}

int settings_read_board(FILE *file, struct settings_board *ret_settings,
			struct settings_faults *ret_faults)
{
	struct settings_board settings = {0};

	*ret_faults = (struct settings_faults){0};
	settings_read_file(file, settings_board_table(), &settings, ret_faults);
	name_cameras(&settings);
	count_cameras(&settings);
	count_sources(&settings);
	if (settings_are_usable(ret_faults)) {
		compare_cameras(&settings, ret_faults);
		compare_sources(&settings, ret_faults);
		check_geometry(&settings, ret_faults);
		complete_orders(&settings, ret_faults);
	}
	if (!settings_are_usable(ret_faults))
		return -EINVAL;
	*ret_settings = settings;
	return 0;
}

int settings_load_room(const char *path, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults)
{
	FILE *file;
	int r;

	r = settings_open(path, ret_faults, &file);
	if (r < 0)
		return r;
	r = settings_read_room(file, ret_settings, ret_faults);
	fclose(file);
	return r;
}

int settings_load_board(const char *path, struct settings_board *ret_settings,
			struct settings_faults *ret_faults)
{
	FILE *file;
	int r;

	r = settings_open(path, ret_faults, &file);
	if (r < 0)
		return r;
	r = settings_read_board(file, ret_settings, ret_faults);
	fclose(file);
	return r;
}

int settings_load_policy(const char *path, struct settings_policy *ret_settings,
			 struct settings_faults *ret_faults)
{
	FILE *file;
	int r;

	r = settings_open(path, ret_faults, &file);
	if (r < 0)
		return r;
	r = settings_read_policy(file, ret_settings, ret_faults);
	fclose(file);
	return r;
}

static bool begins_section(const char *line, const char *section)
{
	return strncmp(line + strspn(line, " \t"), section, strlen(section)) == 0;
}

/* Comments are not looked into: a section's line begins with its bracket. */
static const struct settings_table *table_of(FILE *file)
{
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		if (begins_section(line, "[board]"))
			return settings_board_table();
		if (begins_section(line, "[policy]"))
			return settings_policy_table();
	}
	return settings_room_table();
}

int settings_check(const char *path, struct settings_faults *ret_faults)
{
	const struct settings_table *table;
	struct settings_policy policy;
	struct settings_board board;
	struct settings_room room;
	FILE *file;
	int r;

	r = settings_open(path, ret_faults, &file);
	if (r < 0)
		return r;
	table = table_of(file);
	fclose(file);
	if (table == settings_board_table())
		r = settings_load_board(path, &board, ret_faults);
	else if (table == settings_policy_table())
		r = settings_load_policy(path, &policy, ret_faults);
	else
		r = settings_load_room(path, &room, ret_faults);
	return r == 0 && ret_faults->count > 0 ? -EINVAL : r;
}

void settings_print_help(FILE *out)
{
	settings_print_table(out, settings_room_table());
	fprintf(out, "\n\n");
	settings_print_table(out, settings_board_table());
	fprintf(out, "\n\n");
	settings_print_table(out, settings_policy_table());
}
