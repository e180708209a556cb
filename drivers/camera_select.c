#include "drivers/camera_select.h"

#include "drivers/camera_file.h"
#include "drivers/camera_test.h"
#include "drivers/camera_v4l2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char test_prefix[] = "test:";
static const char file_prefix[] = "file:";

/* What stands behind the prefix; NULL when it is not there. */
static const char *behind(const char *device, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(device, prefix, length) == 0 ? device + length : NULL;
}

static int create_test(const char *tag, struct cam **ret_cam)
{
	unsigned long value;

	if (strspn(tag, "0123456789") != strlen(tag) || strlen(tag) > 3)
		return -EINVAL;
	value = strtoul(tag, NULL, 10);
	return value > UINT8_MAX ? -EINVAL : camera_test_create((uint8_t)value, ret_cam);
}

int camera_select(const char *device, struct cam **ret_cam)
{
	const char *rest;

	rest = behind(device, test_prefix);
	if (rest)
		return create_test(rest, ret_cam);
	rest = behind(device, file_prefix);
	if (rest)
		return camera_file_create(rest, 0, ret_cam);
	return camera_v4l2_create(device, NULL, ret_cam);
}
