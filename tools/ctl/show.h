/*
 * Status and its like, for people: names and values in two columns, durations in ms, bit rates in
 * kb/s, distributions in one line. Knows the form of the values, not what they are about.
 */
#ifndef BALAI_CTL_SHOW_H
#define BALAI_CTL_SHOW_H

#include <jansson.h>
#include <stdio.h>

/* A whole answer. Control characters are shown as '?'. */
void show_json(FILE *out, const json_t *json);

/* The controls that `camera.list` gives, a line each. */
void show_controls(FILE *out, const json_t *controls);

#endif
