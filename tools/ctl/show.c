#include "tools/ctl/show.h"

#include <stdbool.h>
#include <string.h>

enum {
	LABEL_COLUMNS = 28,
	INDENT_COLUMNS = 2,
};

static void show_member(FILE *out, int indent, const char *label, const json_t *json);

/* Of a terminal, where every character is as wide as the next. */
static int columns_of(const char *text, size_t length)
{
	int columns = 0;

	for (size_t i = 0; i < length; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

static bool is_control(const char *text)
{
	unsigned char byte = (unsigned char)text[0];

	return byte < ' ' || byte == 0x7f ||
	       (byte == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0);
}

/* A name comes from another room: no escape sequence of it reaches the terminal. */
static void show_text(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_control(text + i)) {
			fputc(text[i], out);
			continue;
		}
		fputc('?', out);
		i += (unsigned char)text[i] == 0xc2;
	}
}

/* The label in its column. */
static void show_label(FILE *out, int indent, const char *label, size_t length, bool is_padded)
{
	int padding = LABEL_COLUMNS - indent - columns_of(label, length);

	fprintf(out, "%*s", indent, "");
	show_text(out, label, length);
	if (is_padded)
		fprintf(out, "%*s", padding > 1 ? padding : 1, "");
}

static bool has_unit(const char *label, const char *unit)
{
	size_t length = strlen(label), unit_length = strlen(unit);

	return length > unit_length && strcmp(label + length - unit_length, unit) == 0;
}

static void show_us(FILE *out, double us)
{
	if (us < 10e6)
		fprintf(out, "%.1f ms", us / 1e3);
	else
		fprintf(out, "%.1f s", us / 1e6);
}

static void show_number(FILE *out, const char *label, const json_t *json)
{
	if (has_unit(label, "_us"))
		show_us(out, json_number_value(json));
	else if (has_unit(label, "_bps"))
		fprintf(out, "%.0f kb/s", json_number_value(json) / 1e3);
	else if (json_is_integer(json))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
	else
		fprintf(out, "%.1f", json_real_value(json));
}

static void show_scalar(FILE *out, const char *label, const json_t *json)
{
	if (json_is_string(json))
		show_text(out, json_string_value(json), json_string_length(json));
	else if (json_is_number(json))
		show_number(out, label, json);
	else if (json_is_boolean(json))
		fputs(json_is_true(json) ? "yes" : "no", out);
	else
		fputc('-', out);
}

/* What stats_to_json() of base/stats.h writes. */
static bool is_distribution(const json_t *json)
{
	return json_is_integer(json_object_get(json, "n")) &&
	       json_is_integer(json_object_get(json, "p50_us")) &&
	       json_is_integer(json_object_get(json, "max_us"));
}

static void show_distribution(FILE *out, const json_t *json)
{
	static const char *const keys[] = {"p50_us", "p95_us", "p99_us", "max_us"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		fprintf(out, "%.3s ", keys[i]);
		show_us(out, json_number_value(json_object_get(json, keys[i])));
		fputs(", ", out);
	}
	fprintf(out, "of %" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(json, "n")));
}

static bool is_list_of_scalars(const json_t *json)
{
	const json_t *element;
	size_t i;

	json_array_foreach (json, i, element) {
		if (json_is_object(element) || json_is_array(element))
			return false;
	}
	return json_is_array(json);
}

static void show_list(FILE *out, const char *label, const json_t *json)
{
	const json_t *element;
	size_t i;

	json_array_foreach (json, i, element) {
		fputs(i > 0 ? ", " : "", out);
		show_scalar(out, label, element);
	}
	if (json_array_size(json) == 0)
		fputc('-', out);
}

static void show_members(FILE *out, int indent, const json_t *json)
{
	const json_t *member;
	const char *key;
	size_t i;

	/* Only reads; jansson's loop over objects has no form for a const one. */
	json_object_foreach ((json_t *)json, key, member) {
		show_member(out, indent, key, member);
	}
	json_array_foreach (json, i, member) {
		char number[24];

		snprintf(number, sizeof(number), "%zu", i);
		show_member(out, indent, number, member);
	}
}

static void show_value(FILE *out, const char *label, const json_t *json)
{
	if (is_distribution(json))
		show_distribution(out, json);
	else if (is_list_of_scalars(json))
		show_list(out, label, json);
	else
		show_scalar(out, label, json);
}

static bool fits_a_line(const json_t *json)
{
	return is_distribution(json) || is_list_of_scalars(json) ||
	       (!json_is_object(json) && !json_is_array(json));
}

static void show_member(FILE *out, int indent, const char *label, const json_t *json)
{
	size_t length = strlen(label);

	if (fits_a_line(json) && (has_unit(label, "_us") || has_unit(label, "_bps")))
		length = (size_t)(strrchr(label, '_') - label);
	show_label(out, indent, label, length, fits_a_line(json));
	if (fits_a_line(json))
		show_value(out, label, json);
	fputc('\n', out);
	if (!fits_a_line(json))
		show_members(out, indent + INDENT_COLUMNS, json);
}

void show_json(FILE *out, const json_t *json)
{
	if (fits_a_line(json)) {
		show_value(out, "", json);
		fputc('\n', out);
		return;
	}
	show_members(out, 0, json);
}

static void show_control(FILE *out, const json_t *control)
{
	json_int_t minimum = 0, maximum = 0, step = 0, initial = 0;
	const char *name = "", *type = "";
	int read_only = 0;

	if (json_unpack((json_t *)control, "{s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "name", &name,
			"type", &type, "minimum", &minimum, "maximum", &maximum, "step", &step,
			"default", &initial, "read_only", &read_only) < 0) {
		show_json(out, control);
		return;
	}
	show_label(out, 0, name, strlen(name), true);
	show_scalar(out, "", json_object_get(control, "value"));
	fprintf(out,
		"  (%s, %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT
		", step %" JSON_INTEGER_FORMAT ", default %" JSON_INTEGER_FORMAT "%s)\n",
		type, minimum, maximum, step, initial, read_only ? ", read-only" : "");
}

void show_controls(FILE *out, const json_t *controls)
{
	const json_t *control;
	size_t i;

	json_array_foreach (controls, i, control) {
		show_control(out, control);
	}
	if (json_array_size(controls) == 0)
		fputs("The camera has no controls, or is not there now.\n", out);
}
