/*
 * Where the microphones of an array are, as the board file says it.
 *
 * Right-handed axes in metres, the origin wherever it suits; z is up. A direction is seen from the
 * array: azimuth 0 is +x and counts counter-clockwise towards +y, in degrees 0..360.
 */
#ifndef BALAI_MICROPHONE_GEOMETRY_H
#define BALAI_MICROPHONE_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sound.h"

#define GEOMETRY_FORM                                                                              \
	"none; line N SPACING; circle N RADIUS; or free X,Y,Z X,Y,Z ... (all in mm, N 2 to 16)"
#define GEOMETRY_TEXT_BYTES 512
#define GEOMETRY_SOUND_M_S 343.0f

struct geometry_point {
	float x, y, z;
};

struct geometry {
	unsigned int count; /* 0: no array */
	struct geometry_point at[SOUND_CHANNELS_MAX];
	bool is_line; /* front and back cannot be told apart: azimuth is 0..180 from the line */
};

/*
 * Reads what GEOMETRY_FORM says; microphones in the order of the channels. "line" is along x and
 * "circle" begins at +x, both around the origin. Returns 0; or -EINVAL with `fault` saying in words
 * what is wrong: no such form, fewer than 2 or more than 16 microphones, two at one place (nearer
 * than 1 mm), or an array larger than 4 m.
 */
int geometry_parse(const char *text, struct geometry *ret_geometry, char *fault, size_t fault_size)
	__attribute__((warn_unused_result));

/* A unit vector. Degrees. */
struct geometry_point geometry_direction(float azimuth_deg, float elevation_deg);

/* How much earlier than at the origin sound from that unit vector is at microphone m, in seconds. */
float geometry_lead_s(const struct geometry *geometry, unsigned int m,
		      struct geometry_point direction);

#endif
