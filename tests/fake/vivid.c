#include "tests/fake/vivid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char capture[] = "vivid-000-vid-cap\n";
static const char driver[] = "/sys/bus/platform/drivers/vivid/";
static const char name[] = "vivid.0";

/* In the menu of that control. */
enum { SIGNAL_CURRENT = 0, SIGNAL_NONE = 1 };

enum { NODES = 64 };

static bool is_called(int node, const char *wanted)
{
	char path[64], found[64];
	bool same;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/video4linux/video%d/name", node);
	file = fopen(path, "re");
	if (!file)
		return false;
	same = fgets(found, sizeof(found), file) && strcmp(found, wanted) == 0;
	fclose(file);
	return same;
}

/* One that was plugged in again has another node while the one before is held. -1 or the file. */
static int open_camera(void)
{
	char path[32];
	int node = 0;

	while (node < NODES && !is_called(node, capture))
		node++;
	snprintf(path, sizeof(path), "/dev/video%d", node);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* One ioctl of the camera, opened for it. */
static int control(unsigned long request, void *argument)
{
	int fd = open_camera();
	int r = 0;

	if (fd < 0 || ioctl(fd, request, argument) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

int vivid_set_input(enum vivid_input input)
{
	int index = (int)input;

	return control(VIDIOC_S_INPUT, &index);
}

/* vivid's own controls have numbers that are in no header. */
static int find_control(const char *text, uint32_t *ret_id)
{
	struct v4l2_queryctrl found = {.id = V4L2_CTRL_FLAG_NEXT_CTRL};
	int r;

	while ((r = control(VIDIOC_QUERYCTRL, &found)) == 0) {
		if (strcmp((const char *)found.name, text) == 0) {
			*ret_id = found.id;
			return 0;
		}
		found.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	}
	return r;
}

int vivid_set_signal(bool on)
{
	struct v4l2_control value = {.value = on ? SIGNAL_CURRENT : SIGNAL_NONE};
	int r = find_control("DV Timings Signal Mode", &value.id);

	return r < 0 ? r : control(VIDIOC_S_CTRL, &value);
}

int vivid_plug(bool in)
{
	char path[sizeof(driver) + sizeof("unbind")];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s%s", driver, in ? "bind" : "unbind");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}
