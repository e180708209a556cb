#include "room/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "room/settings_table.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static void name_cameras(struct settings_board *board)
{
	for (size_t i = 0; i < SETTINGS_CAMERAS_MAX; i++) {
		struct settings_camera *camera = &board->cameras[i];

		if (camera->name[0] == '\0' && i == 0)
			strcpy(camera->name, "camera");
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

int settings_read_room(FILE *file, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults)
{
	struct settings_room settings = {0};

	*ret_faults = (struct settings_faults){0};
	settings_read_file(file, settings_room_table(), &settings, ret_faults);
	if (ret_faults->count > 0)
		return -EINVAL;
	*ret_settings = settings;
	return 0;
}

int settings_read_board(FILE *file, struct settings_board *ret_settings,
			struct settings_faults *ret_faults)
{
	struct settings_board settings = {0};

	*ret_faults = (struct settings_faults){0};
	settings_read_file(file, settings_board_table(), &settings, ret_faults);
	name_cameras(&settings);
	count_cameras(&settings);
	if (ret_faults->count == 0)
		compare_cameras(&settings, ret_faults);
	if (ret_faults->count > 0)
		return -EINVAL;
	*ret_settings = settings;
	return 0;
}

static int check_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -ENXIO;
	return status.st_size > FILE_BYTES_MAX ? -EFBIG : 0;
}

/* Without waiting for the other end of a named pipe. */
static int open_file(const char *path, FILE **ret_file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file;
	int r;

	if (fd < 0)
		return -errno;
	r = check_file(fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	file = fdopen(fd, "r");
	if (!file) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret_file = file;
	return 0;
}

static int open_or_tell(const char *path, struct settings_faults *ret_faults, FILE **ret_file)
{
	int r = open_file(path, ret_file);

	*ret_faults = (struct settings_faults){0};
	if (r == -ENXIO)
		settings_add_fault(ret_faults, 0, "it is not a file");
	else if (r == -EFBIG)
		settings_add_fault(ret_faults, 0, "it is larger than 1 MiB");
	else if (r < 0)
		settings_add_fault(ret_faults, 0, "it cannot be opened: %s", strerror(-r));
	return r;
}

int settings_load_room(const char *path, struct settings_room *ret_settings,
		       struct settings_faults *ret_faults)
{
	FILE *file;
	int r;

	r = open_or_tell(path, ret_faults, &file);
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

	r = open_or_tell(path, ret_faults, &file);
	if (r < 0)
		return r;
	r = settings_read_board(file, ret_settings, ret_faults);
	fclose(file);
	return r;
}

/* Comments are not looked into: a section's line begins with its bracket. */
static bool has_board_section(FILE *file)
{
	char line[256];
	bool found = false;

	while (!found && fgets(line, sizeof(line), file))
		found = strncmp(line + strspn(line, " \t"), "[board]", strlen("[board]")) == 0;
	rewind(file);
	return found;
}

int settings_check(const char *path, struct settings_faults *ret_faults)
{
	struct settings_board board;
	struct settings_room room;
	FILE *file;
	int r;

	r = open_or_tell(path, ret_faults, &file);
	if (r < 0)
		return r;
	if (has_board_section(file))
		r = settings_read_board(file, &board, ret_faults);
	else
		r = settings_read_room(file, &room, ret_faults);
	fclose(file);
	return r;
}

void settings_print_faults(FILE *out, const char *path, const struct settings_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct settings_fault *fault = &faults->faults[i];

		if (fault->line > 0)
			fprintf(out, "%s:%u: %s\n", path, fault->line, fault->text);
		else
			fprintf(out, "%s: %s\n", path, fault->text);
	}
	if (faults->left_out > 0)
		fprintf(out, "%s: and %zu more\n", path, faults->left_out);
}

static void print_table(FILE *out, const struct settings_table *table)
{
	const char *section = "";

	fprintf(out, "# %s: %s\n", table->title, table->about);
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct setting *row = &table->rows[i];
		char form[SETTING_FORM_BYTES];

		if (strcmp(section, row->section) != 0) {
			section = row->section;
			fprintf(out, "\n[%s]\n", section);
			if (settings_is_repeated(table, section))
				fprintf(out, "# further ones: [%s.2] to [%s.%zu]\n", section,
					section, table->elements_max);
		}
		setting_form(row, form, sizeof(form));
		fprintf(out, "# %s\n# (%s%s)\n%s =%s%s\n", row->help, form,
			row->initial ? "" : "; has to be set", row->key,
			row->initial && row->initial[0] ? " " : "",
			row->initial ? row->initial : "");
	}
}

void settings_print_help(FILE *out)
{
	print_table(out, settings_room_table());
	fprintf(out, "\n\n");
	print_table(out, settings_board_table());
}
