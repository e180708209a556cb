/*
 * Settings files in INI form, read by a typed table: one row a key, with its default, range and
 * help. Files are read, faults are explained and the documentation is printed from the same table.
 *
 * Reading goes on after a fault, so that one look shows them all. A section that is repeated goes
 * on; a key that is repeated is a fault. "#" or ";" begins a comment line, " ;" one behind a value.
 * One thread at a time.
 */
#ifndef BALAI_BASE_SETTINGS_H
#define BALAI_BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_PATH_BYTES 512
#define SETTINGS_LIST_MAX 4
#define SETTINGS_FAULTS_MAX 64
#define SETTINGS_FAULT_BYTES 320
#define SETTINGS_ROWS_MAX 32
#define SETTING_FORM_BYTES 160
#define SETTINGS_ELEMENTS_MAX 9 /* [section.9] */

/* wss://HOST:PORT/PATH */
struct settings_hub {
	char host[254]; /* a name or an IPv4 address */
	char path[128]; /* begins with a slash */
	uint16_t port;
};

struct settings_address {
	char host[46]; /* a numeric loopback address; empty: none */
	uint16_t port;
};

/* Words of a table's choices, in the order of the file, none twice; they live for ever. */
struct settings_list {
	const char *names[SETTINGS_LIST_MAX];
	size_t count; /* >= 1 */
};

struct settings_fault {
	unsigned int line; /* counted from 1; 0: about the file as a whole */
	char text[SETTINGS_FAULT_BYTES];
};

struct settings_faults {
	struct settings_fault faults[SETTINGS_FAULTS_MAX];
	size_t count;
	size_t borne;    /* of them: the file can be used in spite of these */
	size_t left_out; /* found beyond SETTINGS_FAULTS_MAX */
};

enum setting_type {
	SETTING_INT,     /* int: minimum..maximum, a multiple of step */
	SETTING_CHOICE,  /* int: index into choices */
	SETTING_LIST,    /* struct settings_list of choices */
	SETTING_TEXT,    /* char[size]: what is_valid() takes, said as form */
	SETTING_HUB,     /* struct settings_hub */
	SETTING_ADDRESS, /* struct settings_address */
};

struct setting {
	const char *section;
	const char *key;
	enum setting_type type;
	bool lenient; /* a value that is none leaves `initial`; that fault is borne */
	/* Of the array whose further elements are [section.2] and up; 0: there is one [section] alone. */
	size_t element_size;
	size_t offset;       /* of the member; of a repeated one in the first element */
	size_t size;         /* of the member */
	const char *initial; /* what it is where the file has none; NULL: the file must have it */
	int minimum, maximum, step;
	const char *const *choices; /* ends with NULL */
	bool (*is_valid)(const char *text);
	const char *form; /* "an absolute path"; of a choice NULL, or more than its words */
	const char *help; /* "PEM file with this room's certificate" */
};

struct settings_table {
	const char *title;   /* "room file" */
	const char *about;   /* "what IT sets" */
	size_t elements_max; /* of each array, <= SETTINGS_ELEMENTS_MAX */
	const struct setting *rows;
	size_t n_rows; /* <= SETTINGS_ROWS_MAX; those of a section stand together */
	const struct settings_table *(*other)(void); /* whose sections may be misplaced; or NULL */
};

/* The table's own copy of a section's name of `length` bytes, or NULL. */
const char *settings_find_section(const struct settings_table *table, const char *name,
				  size_t length);

/* Whether a section may be followed by [section.2] and so on. */
bool settings_is_repeated(const struct settings_table *table, const char *section);

const struct setting *settings_find_row(const struct settings_table *table, const char *section,
					const char *key);

/*
 * What `word` may be meant for: a key of `section`, or a section where that is NULL. NULL: nothing
 * is near.
 */
const char *settings_nearest(const struct settings_table *table, const char *section,
			     const char *word);

/* Reads `text` into the member at `target`. False: it is not what setting_form() says. */
bool setting_read(const struct setting *setting, const char *text, void *target);

/* What a value has to be: "a whole number from 1 to 60". Always terminated. */
void setting_form(const struct setting *setting, char *text, size_t size);

/* One line a fault: "FILE:LINE: [section] key: what is wrong". */
void settings_print_faults(FILE *out, const char *path, const struct settings_faults *faults);

void settings_add_fault(struct settings_faults *faults, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The fault told last is one that the file can be used in spite of. */
void settings_bear_fault(struct settings_faults *faults);

/* Whether what was read can be used. */
bool settings_are_usable(const struct settings_faults *faults);

/*
 * Reads a whole file into the struct at `settings`, which is all zero before, and adds the faults.
 * Elements of repeated sections that the file does not have stay all zero.
 */
void settings_read_file(FILE *file, const struct settings_table *table, void *settings,
			struct settings_faults *faults);

/*
 * Opens a file of settings: a plain file of at most 1 MiB. Returns 0 and *ret_file, to be closed by
 * the caller, or -errno with one fault told; *ret_faults is begun anew.
 */
int settings_open(const char *path, struct settings_faults *ret_faults, FILE **ret_file)
	__attribute__((warn_unused_result));

/*
 * Opens and reads a file into the struct of `size` bytes. Returns 0; or -EINVAL for its content or
 * -errno from opening it, with at least one fault told.
 */
int settings_load(const char *path, const struct settings_table *table, void *ret_settings,
		  size_t size, struct settings_faults *ret_faults)
	__attribute__((warn_unused_result));

/* A table as a commented file with the defaults. */
void settings_print_table(FILE *out, const struct settings_table *table);

#endif
