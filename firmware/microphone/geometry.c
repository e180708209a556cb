#include "microphone/geometry.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST_M 0.001f
#define LARGEST_M 4.0f
#define MM 0.001f

static int wrong(char *fault, size_t size, const char *text)
{
	snprintf(fault, size, "%s", text);
	return -EINVAL;
}

static float distance(struct geometry_point a, struct geometry_point b)
{
	return hypotf(hypotf(a.x - b.x, a.y - b.y), a.z - b.z);
}

static void put_line(struct geometry *geometry, float spacing)
{
	for (unsigned int m = 0; m < geometry->count; m++)
		geometry->at[m].x = ((float)m - (float)(geometry->count - 1) / 2) * spacing;
}

static void put_circle(struct geometry *geometry, float radius)
{
	for (unsigned int m = 0; m < geometry->count; m++) {
		float angle = 2 * (float)M_PI * (float)m / (float)geometry->count;

		geometry->at[m].x = radius * cosf(angle);
		geometry->at[m].y = radius * sinf(angle);
	}
}

/* Reads a number and moves on to what follows it. False where there is none. */
static bool read_number(const char **text, float *ret_number)
{
	char *end;
	float number = strtof(*text, &end);

	if (end == *text || !isfinite(number))
		return false;
	*text = end;
	*ret_number = number;
	return true;
}

/* "WORD N MM". */
static bool read_regular(const char *text, const char *word, unsigned int *ret_count, float *ret_mm)
{
	size_t length = strlen(word);
	float count;

	if (strncmp(text, word, length) != 0)
		return false;
	text += length;
	if (!read_number(&text, &count) || count < 0 || count > 99 || count != floorf(count) ||
	    !read_number(&text, ret_mm) || *text != '\0')
		return false;
	*ret_count = (unsigned int)count;
	return true;
}

static bool read_comma(const char **text)
{
	return *(*text)++ == ',';
}

/* Returns how many there are, SOUND_CHANNELS_MAX + 1 for too many, or 0 for other text. */
static unsigned int read_free(const char *text, struct geometry *geometry)
{
	unsigned int count = 0;

	while (*text) {
		struct geometry_point at;

		if (count == SOUND_CHANNELS_MAX)
			return count + 1;
		if (!read_number(&text, &at.x) || !read_comma(&text) ||
		    !read_number(&text, &at.y) || !read_comma(&text) ||
		    !read_number(&text, &at.z) || (*text != ' ' && *text != '\0'))
			return 0;
		geometry->at[count++] = (struct geometry_point){at.x * MM, at.y * MM, at.z * MM};
	}
	return count;
}

static bool is_line(const struct geometry *geometry)
{
	struct geometry_point a = geometry->at[0], b = geometry->at[1];

	for (unsigned int m = 2; m < geometry->count; m++) {
		struct geometry_point c = geometry->at[m];
		float ab = distance(a, b), bc = distance(b, c), ac = distance(a, c);
		float longest = fmaxf(ab, fmaxf(bc, ac));

		if (ab + bc + ac - 2 * longest > NEAREST_M)
			return false;
	}
	return true;
}

static int check(const struct geometry *geometry, char *fault, size_t size)
{
	for (unsigned int m = 1; m < geometry->count; m++) {
		for (unsigned int n = 0; n < m; n++) {
			float apart = distance(geometry->at[m], geometry->at[n]);

			if (apart < NEAREST_M) {
				snprintf(fault, size, "microphones %u and %u are at the same place",
					 n + 1, m + 1);
				return -EINVAL;
			}
			if (apart > LARGEST_M) {
				snprintf(fault, size, "microphones %u and %u are over 4 m apart",
					 n + 1, m + 1);
				return -EINVAL;
			}
		}
	}
	return 0;
}

int geometry_parse(const char *text, struct geometry *ret_geometry, char *fault, size_t fault_size)
{
	struct geometry geometry = {0};
	float mm = 0;
	bool is_regular = true;
	int r;

	if (strcmp(text, "none") == 0) {
		*ret_geometry = geometry;
		return 0;
	}
	if (read_regular(text, "line", &geometry.count, &mm)) {
		geometry.is_line = true;
	} else if (!read_regular(text, "circle", &geometry.count, &mm)) {
		is_regular = false;
		geometry.count = 0;
		if (strncmp(text, "free ", 5) == 0)
			geometry.count = read_free(text + 5, &geometry);
		if (geometry.count == 0)
			return wrong(fault, fault_size, "is not " GEOMETRY_FORM);
	}
	if (geometry.count < 2 || geometry.count > SOUND_CHANNELS_MAX)
		return wrong(fault, fault_size, "an array has 2 to 16 microphones");
	if (is_regular && geometry.is_line)
		put_line(&geometry, mm * MM);
	else if (is_regular)
		put_circle(&geometry, mm * MM);
	r = check(&geometry, fault, fault_size);
	if (r < 0)
		return r;
	geometry.is_line = is_line(&geometry);
	*ret_geometry = geometry;
	return 0;
}

struct geometry_point geometry_direction(float azimuth_deg, float elevation_deg)
{
	float azimuth = azimuth_deg * (float)M_PI / 180;
	float elevation = elevation_deg * (float)M_PI / 180;

	return (struct geometry_point){cosf(azimuth) * cosf(elevation),
				       sinf(azimuth) * cosf(elevation), sinf(elevation)};
}

float geometry_lead_s(const struct geometry *geometry, unsigned int m,
		      struct geometry_point direction)
{
	struct geometry_point at = geometry->at[m];

	return (at.x * direction.x + at.y * direction.y + at.z * direction.z) / GEOMETRY_SOUND_M_S;
}
