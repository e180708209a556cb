#include "meeting/node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PLACE_BYTES 128

static size_t print_place(const struct node *node, char *place, size_t size)
{
	size_t used;
	int added;

	if (node->parent == NULL) {
		place[0] = '\0';
		return 0;
	}
	used = print_place(node->parent, place, size);
	if (node->name != NULL)
		added = snprintf(place + used, size - used, "%s%s", used > 0 ? "." : "",
				 node->name);
	else
		added = snprintf(place + used, size - used, "[%zu]", node->index);
	return used + (size_t)added < size ? used + (size_t)added : size - 1;
}

bool node_refuse(const struct node *node, int code, const char *format, ...)
{
	struct message_fault *fault = node->fault;
	size_t used = print_place(node, fault->text, PLACE_BYTES);
	va_list arguments;

	if (used > 0) {
		memcpy(fault->text + used, ": ", 2);
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(fault->text + used, sizeof(fault->text) - used, format, arguments);
	va_end(arguments);
	fault->code = code;
	return false;
}

struct node node_member(const struct node *object, const char *name)
{
	return (struct node){.value = json_object_get(object->value, name),
			     .parent = object,
			     .name = name,
			     .fault = object->fault};
}

struct node node_element(const struct node *array, size_t index)
{
	return (struct node){.value = json_array_get(array->value, index),
			     .parent = array,
			     .index = index,
			     .fault = array->fault};
}

bool node_expect(const struct node *node, json_type type, const char *type_text)
{
	if (node->value == NULL)
		return node_refuse(node, MESSAGE_CODE_PARAMS, "missing");
	if (json_typeof(node->value) != type)
		return node_refuse(node, MESSAGE_CODE_PARAMS, "not %s", type_text);
	return true;
}

bool node_integer(const struct node *node, int64_t minimum, int64_t maximum, int64_t *ret_value)
{
	json_int_t value;

	if (!node_expect(node, JSON_INTEGER, "an integer"))
		return false;
	value = json_integer_value(node->value);
	if (value < minimum || value > maximum)
		return node_refuse(node, MESSAGE_CODE_PARAMS,
				   "%" JSON_INTEGER_FORMAT " is not in %" PRId64 "..%" PRId64,
				   value, minimum, maximum);
	*ret_value = value;
	return true;
}

bool node_read_integer(const struct node *object, const char *name, int64_t minimum,
		       int64_t maximum, int64_t *ret_value)
{
	struct node node = node_member(object, name);

	return node_integer(&node, minimum, maximum, ret_value);
}

bool node_read_bool(const struct node *object, const char *name, bool *ret_value)
{
	struct node node = node_member(object, name);

	if (node.value == NULL)
		return node_refuse(&node, MESSAGE_CODE_PARAMS, "missing");
	if (!json_is_boolean(node.value))
		return node_refuse(&node, MESSAGE_CODE_PARAMS, "not true or false");
	*ret_value = json_is_true(node.value);
	return true;
}

bool node_read_string(const struct node *object, const char *name, bool (*is_valid)(const char *),
		      const char *what, char *ret_text, size_t size)
{
	struct node node = node_member(object, name);
	size_t length;

	if (!node_expect(&node, JSON_STRING, "a string"))
		return false;
	length = json_string_length(node.value);
	if (length >= size || !is_valid(json_string_value(node.value)))
		return node_refuse(&node, MESSAGE_CODE_PARAMS, "not %s", what);
	memcpy(ret_text, json_string_value(node.value), length + 1);
	return true;
}

bool node_read_choice(const struct node *object, const char *name, const char *(*text_of)(int),
		      int count, const char *what, int *ret_choice)
{
	struct node node = node_member(object, name);
	int choice;

	if (!node_expect(&node, JSON_STRING, "a string"))
		return false;
	for (choice = 0; choice < count; choice++) {
		if (strcmp(json_string_value(node.value), text_of(choice)) == 0) {
			*ret_choice = choice;
			return true;
		}
	}
	return node_refuse(&node, MESSAGE_CODE_PARAMS, "not %s", what);
}

bool node_read_array(const struct node *object, const char *name, size_t maximum,
		     struct node *ret_array)
{
	struct node array = node_member(object, name);

	if (!node_expect(&array, JSON_ARRAY, "an array"))
		return false;
	if (json_array_size(array.value) > maximum)
		return node_refuse(&array, MESSAGE_CODE_LIMIT,
				   "%zu elements, at most %zu are allowed",
				   json_array_size(array.value), maximum);
	*ret_array = array;
	return true;
}
