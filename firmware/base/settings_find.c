#include <stdint.h>
#include <string.h>

#include "base/settings.h"

/* Levenshtein's distance; what is longer than any name of the tables is far from all of them. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], length = strlen(b);

	if (length >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0]++;

		for (size_t j = 0; j < length; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (diagonal + 1 < best)
				best = diagonal + 1;
			if (row[j] + 1 < best)
				best = row[j] + 1;
			row[j + 1] = best;
		}
	}
	return row[length];
}

const char *settings_nearest(const struct settings_table *table, const char *section,
			     const char *word)
{
	const char *found = NULL;
	size_t found_distance = 3; /* two slips of the finger are near */

	for (size_t i = 0; i < table->n_rows; i++) {
		const struct setting *row = &table->rows[i];
		const char *candidate = section ? row->key : row->section;
		size_t candidate_distance = distance(word, candidate);

		if (section && strcmp(row->section, section) != 0)
			continue;
		if (candidate_distance < found_distance && candidate_distance < strlen(candidate)) {
			found = candidate;
			found_distance = candidate_distance;
		}
	}
	return found;
}

const char *settings_find_section(const struct settings_table *table, const char *name,
				  size_t length)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		const char *section = table->rows[i].section;

		if (strlen(section) == length && memcmp(section, name, length) == 0)
			return section;
	}
	return NULL;
}

bool settings_is_repeated(const struct settings_table *table, const char *section)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		if (strcmp(table->rows[i].section, section) == 0 && table->rows[i].element_size > 0)
			return true;
	}
	return false;
}

const struct setting *settings_find_row(const struct settings_table *table, const char *section,
					const char *key)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		const struct setting *row = &table->rows[i];

		if (strcmp(row->section, section) == 0 && strcmp(row->key, key) == 0)
			return row;
	}
	return NULL;
}
