/*
 * A JSON value together with the way to it, for message_read.h: each reader checks type and range
 * and, where they are wrong, says which member of the message it is about.
 *
 * Every reader returns true and sets its ret_ parameter, or sets the node's fault and returns
 * false.
 */
#ifndef BALAI_MEETING_NODE_H
#define BALAI_MEETING_NODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meeting/message.h"

struct node {
	json_t *value;             /* borrowed; NULL: missing */
	const struct node *parent; /* NULL: the message itself */
	const char *name;          /* of a member; NULL: an element of an array */
	size_t index;              /* of an element */
	struct message_fault *fault;
};

/* Member `name` of `object`; its value is NULL where there is none. */
struct node node_member(const struct node *object, const char *name);

struct node node_element(const struct node *array, size_t index);

/* Sets the fault, "way.to[3].it: format", and returns false. */
bool node_refuse(const struct node *node, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The node is there and of `type`, which is `type_text` in the fault: "an object". */
bool node_expect(const struct node *node, json_type type, const char *type_text);

bool node_integer(const struct node *node, int64_t minimum, int64_t maximum, int64_t *ret_value);

/* The rest reads member `name` of `object`. */
bool node_read_integer(const struct node *object, const char *name, int64_t minimum,
		       int64_t maximum, int64_t *ret_value);

bool node_read_bool(const struct node *object, const char *name, bool *ret_value);

/* A string that is_valid() takes and that fits `size` bytes; else the fault says "not `what`". */
bool node_read_string(const struct node *object, const char *name,
		      bool (*is_valid)(const char *text), const char *what, char *ret_text,
		      size_t size);

/* A string that is one of text_of(0..count-1), which one; else the fault says "not `what`". */
bool node_read_choice(const struct node *object, const char *name, const char *(*text_of)(int),
		      int count, const char *what, int *ret_choice);

/* An array of at most `maximum` elements; more are MESSAGE_CODE_LIMIT. */
bool node_read_array(const struct node *object, const char *name, size_t maximum,
		     struct node *ret_array);

#endif
