#include <ctype.h>
#include <ini.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/settings.h"

enum {
	LINE_BYTES = 1024, /* the line end and the NUL included */
	SHOWN_BYTES = 60,  /* of a text that is quoted in a fault */
};

/*
 * inih splits lines into keys and values. It is given them one by one, as it would tell of one
 * fault alone, break a long line in two, and take an indented line for the continuation of the one
 * before.
 */
struct loader {
	const struct settings_table *table;
	void *settings;
	struct settings_faults *faults;
	FILE *file;
	unsigned int line;
	bool owes_setting; /* this line has to come out of inih as "key = value" */

	bool in_section;     /* a section has begun */
	const char *section; /* NULL: none has, or it is unknown and its keys are passed over */
	char name[64];       /* of the section as it stands in the file */
	size_t element;      /* [section.2] is element 1 */
	bool has_defaults[SETTINGS_ROWS_MAX][SETTINGS_ELEMENTS_MAX];
	unsigned int set_in_line[SETTINGS_ROWS_MAX][SETTINGS_ELEMENTS_MAX];
};

void settings_add_fault(struct settings_faults *faults, unsigned int line, const char *format, ...)
{
	struct settings_fault *fault;
	va_list arguments;

	if (faults->count == SETTINGS_FAULTS_MAX) {
		faults->left_out++;
		return;
	}
	fault = &faults->faults[faults->count++];
	fault->line = line;
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof(fault->text), format, arguments);
	va_end(arguments);
}

void settings_bear_fault(struct settings_faults *faults)
{
	faults->borne++;
}

bool settings_are_usable(const struct settings_faults *faults)
{
	return faults->count + faults->left_out == faults->borne;
}

/* How much of a text to quote, cut at a character's border. */
static int shown(const char *text)
{
	size_t length = strnlen(text, SHOWN_BYTES);

	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return (int)length;
}

static void *target_of(const struct loader *loader, const struct setting *row, size_t element)
{
	return (char *)loader->settings + row->offset + element * row->element_size;
}

/* A value of the table's own, which is right by test. */
static void set_default(struct loader *loader, const struct setting *row, size_t element)
{
	if (row->initial && !setting_read(row, row->initial, target_of(loader, row, element)))
		settings_add_fault(loader->faults, 0, "[%s] %s: no memory for the default",
				   row->section, row->key);
}

/* Of the first elements. */
static void set_defaults(struct loader *loader)
{
	for (size_t i = 0; i < loader->table->n_rows; i++)
		set_default(loader, &loader->table->rows[i], 0);
}

/* A further element gets its own once. */
static void set_element_defaults(struct loader *loader)
{
	for (size_t i = 0; i < loader->table->n_rows; i++) {
		const struct setting *row = &loader->table->rows[i];

		if (row->element_size == 0 || strcmp(row->section, loader->section) != 0 ||
		    loader->has_defaults[i][loader->element])
			continue;
		loader->has_defaults[i][loader->element] = true;
		set_default(loader, row, loader->element);
	}
}

static void refuse_section(const struct loader *loader, const char *name)
{
	const struct settings_table *other = loader->table->other ? loader->table->other() : NULL;
	const char *meant = settings_nearest(loader->table, NULL, name);

	if (other && settings_find_section(other, name, strcspn(name, ".")))
		settings_add_fault(loader->faults, loader->line, "[%.*s]: belongs in a %s",
				   shown(name), name, other->title);
	else if (meant)
		settings_add_fault(loader->faults, loader->line,
				   "[%.*s]: there is no such section; is [%s] meant?", shown(name),
				   name, meant);
	else
		settings_add_fault(loader->faults, loader->line, "[%.*s]: there is no such section",
				   shown(name), name);
}

/* "" is element 0, ".2" element 1; false: neither. */
static bool read_element(const char *text, size_t elements_max, size_t *ret_element)
{
	if (text[0] == '\0') {
		*ret_element = 0;
		return true;
	}
	if (text[0] != '.' || text[1] < '2' || text[1] > '9' || text[2] != '\0')
		return false;
	*ret_element = (size_t)(text[1] - '1');
	return *ret_element < elements_max;
}

static void refuse_element(const struct loader *loader, const char *name, const char *section)
{
	if (settings_is_repeated(loader->table, section))
		settings_add_fault(loader->faults, loader->line,
				   "[%.*s]: after [%s] there are [%s.2] to [%s.%zu]", shown(name),
				   name, section, section, section, loader->table->elements_max);
	else
		settings_add_fault(loader->faults, loader->line, "[%.*s]: there is one [%s] alone",
				   shown(name), name, section);
}

static void enter_section(struct loader *loader, const char *name)
{
	const struct settings_table *table = loader->table;
	size_t length = strcspn(name, ".");
	const char *section = settings_find_section(table, name, length);

	loader->in_section = true;
	loader->section = NULL;
	if (!section) {
		refuse_section(loader, name);
	} else if (!read_element(name + length,
				 settings_is_repeated(table, section) ? table->elements_max : 1,
				 &loader->element)) {
		refuse_element(loader, name, section);
	} else {
		loader->section = section;
		snprintf(loader->name, sizeof(loader->name), "%.*s", shown(name), name);
		if (loader->element > 0)
			set_element_defaults(loader);
	}
}

/* "[section]", `line` being without leading space. */
static void read_section(struct loader *loader, const char *line)
{
	const char *end = strchr(line, ']');
	char name[LINE_BYTES];

	if (!end) {
		settings_add_fault(loader->faults, loader->line, "%.*s: there is no ] at its end",
				   shown(line), line);
		loader->in_section = true;
		loader->section = NULL;
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
	enter_section(loader, name);
	end += 1 + strspn(end + 1, " \t");
	if (*end && *end != ';' && *end != '#')
		settings_add_fault(loader->faults, loader->line,
				   "%.*s: a setting stands in a line of its own", shown(end), end);
}

static bool is_utf8(const char *text, size_t length)
{
	json_auto_t *string = json_stringn(text, length);

	return string != NULL;
}

static bool has_control(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (iscntrl((unsigned char)text[i]) && text[i] != '\t')
			return true;
	}
	return false;
}

/* Looks at one line without line end; false: it is not for inih. */
static bool take_line(struct loader *loader, const char *line, size_t length)
{
	const char *fault = NULL;

	if (has_control(line, length))
		fault = "the line has a control character";
	else if (!is_utf8(line, length))
		fault = "the line is not UTF-8";
	if (fault) {
		settings_add_fault(loader->faults, loader->line, "%s", fault);
		return false;
	}
	loader->owes_setting = !strchr(";#[", line[0]);
	if (line[0] == '[')
		read_section(loader, line);
	return true;
}

/* The line before gave no setting though it had to. */
static void settle(struct loader *loader)
{
	if (loader->owes_setting)
		settings_add_fault(loader->faults, loader->line,
				   "neither \"[section]\" nor \"key = value\"");
	loader->owes_setting = false;
}

/* fgets() for inih, without leading space and with what is wrong made blank. */
static char *read_line(char *line, int size, void *context)
{
	static const char mark[] = "\xef\xbb\xbf"; /* of byte order, as some editors write */
	struct loader *loader = context;
	size_t bytes_max = (size_t)size - 2, length = 0;
	int c;

	settle(loader);
	c = getc(loader->file);
	if (c == EOF)
		return NULL;
	loader->line++;
	for (; c != EOF && c != '\n'; c = getc(loader->file)) {
		if (length == 0 && (c == ' ' || c == '\t'))
			continue;
		if (length < bytes_max)
			line[length] = (char)c;
		length++;
		if (loader->line == 1 && length == strlen(mark) && memcmp(line, mark, length) == 0)
			length = 0;
	}
	if (length > bytes_max)
		settings_add_fault(loader->faults, loader->line,
				   "the line is longer than %zu bytes", bytes_max);
	else if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length <= bytes_max ? length : 0] = '\0';
	if (length > bytes_max || !take_line(loader, line, length))
		length = 0;
	line[length] = '\n';
	line[length + 1] = '\0';
	return line;
}

static void refuse_key(const struct loader *loader, const char *key)
{
	const char *meant = settings_nearest(loader->table, loader->section, key);

	if (settings_find_row(loader->table, loader->section, key))
		settings_add_fault(loader->faults, loader->line, "[%s] %s: belongs in [%s]",
				   loader->name, key, loader->section);
	else if (meant)
		settings_add_fault(loader->faults, loader->line,
				   "[%s] %.*s: there is no such key; is %s meant?", loader->name,
				   shown(key), key, meant);
	else
		settings_add_fault(loader->faults, loader->line, "[%s] %.*s: there is no such key",
				   loader->name, shown(key), key);
}

static void read_value(struct loader *loader, const struct setting *row, const char *value)
{
	size_t index = (size_t)(row - loader->table->rows);
	unsigned int *set_in_line = &loader->set_in_line[index][loader->element];
	char form[SETTING_FORM_BYTES];

	if (*set_in_line > 0) {
		settings_add_fault(loader->faults, loader->line,
				   "[%s] %s: is set in line %u already", loader->name, row->key,
				   *set_in_line);
		return;
	}
	*set_in_line = loader->line;
	if (setting_read(row, value, target_of(loader, row, loader->element)))
		return;
	setting_form(row, form, sizeof(form));
	settings_add_fault(loader->faults, loader->line, "[%s] %s: \"%.*s\" is not %s%s%s",
			   loader->name, row->key, shown(value), value, form,
			   row->lenient ? "; used is " : "", row->lenient ? row->initial : "");
	if (row->lenient)
		settings_bear_fault(loader->faults);
}

/* Called by inih. It cuts long names of sections, so that the loader's own one counts. */
static int take_setting(void *context, const char *section, const char *key, const char *value)
{
	struct loader *loader = context;
	const struct setting *row;

	(void)section;
	loader->owes_setting = false;
	if (!loader->in_section) {
		settings_add_fault(loader->faults, loader->line,
				   "%.*s: stands before the first [section]", shown(key), key);
		return 1;
	}
	if (!loader->section)
		return 1;
	row = settings_find_row(loader->table, loader->section, key);
	if (row && (loader->element == 0 || row->element_size > 0))
		read_value(loader, row, value);
	else
		refuse_key(loader, key);
	return 1;
}

static void require_settings(const struct loader *loader)
{
	char form[SETTING_FORM_BYTES];

	for (size_t i = 0; i < loader->table->n_rows; i++) {
		const struct setting *row = &loader->table->rows[i];

		if (row->initial || loader->set_in_line[i][0] > 0)
			continue;
		setting_form(row, form, sizeof(form));
		settings_add_fault(loader->faults, 0, "[%s] %s: is missing; it has to be %s",
				   row->section, row->key, form);
	}
}

void settings_read_file(FILE *file, const struct settings_table *table, void *settings,
			struct settings_faults *faults)
{
	struct loader loader = {.table = table,
				.settings = settings,
				.faults = faults,
				.file = file};

	set_defaults(&loader);
	ini_max_line = LINE_BYTES; /* Debian's library has its compile-time options as variables */
	ini_parse_stream(read_line, &loader, take_setting, &loader);
	settle(&loader);
	if (ferror(file))
		settings_add_fault(faults, 0, "it cannot be read to its end");
	require_settings(&loader);
}
