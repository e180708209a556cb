#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/settings.h"

enum { FILE_BYTES_MAX = 1 << 20 };

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
		close(fd);
		return -ENOMEM;
	}
	*ret_file = file;
	return 0;
}

int settings_open(const char *path, struct settings_faults *ret_faults, FILE **ret_file)
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

int settings_load(const char *path, const struct settings_table *table, void *ret_settings,
		  size_t size, struct settings_faults *ret_faults)
{
	FILE *file = NULL;
	int r;

	r = settings_open(path, ret_faults, &file);
	if (!file)
		return r;
	memset(ret_settings, 0, size);
	settings_read_file(file, table, ret_settings, ret_faults);
	fclose(file);
	return settings_are_usable(ret_faults) ? 0 : -EINVAL;
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

void settings_print_table(FILE *out, const struct settings_table *table)
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
