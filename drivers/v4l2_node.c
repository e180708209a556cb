#include "drivers/v4l2_node.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int v4l2_node_open(const struct v4l2_sys *sys, const char *path, struct v4l2_node *ret_node,
		   struct v4l2_capability *ret_capability)
{
	struct v4l2_capability capability = {0};
	struct v4l2_node node = {.sys = sys};
	int r;

	node.fd = sys->open(sys->context, path);
	if (node.fd < 0)
		return node.fd;
	r = v4l2_node_ioctl(&node, VIDIOC_QUERYCAP, &capability);
	if (r < 0) {
		v4l2_node_close(&node);
		return r;
	}
	capability.card[sizeof(capability.card) - 1] = 0;
	capability.driver[sizeof(capability.driver) - 1] = 0;
	*ret_node = node;
	*ret_capability = capability;
	return 0;
}

void v4l2_node_close(struct v4l2_node *node)
{
	node->sys->close(node->sys->context, node->fd);
	node->fd = -1;
}

int v4l2_node_ioctl(const struct v4l2_node *node, unsigned long request, void *argument)
{
	return node->sys->ioctl(node->sys->context, node->fd, request, argument);
}

uint32_t v4l2_node_caps(const struct v4l2_capability *capability)
{
	return capability->capabilities & V4L2_CAP_DEVICE_CAPS ? capability->device_caps
							       : capability->capabilities;
}

static int is_video_node(const struct dirent *entry)
{
	return strncmp(entry->d_name, "video", strlen("video")) == 0;
}

int v4l2_node_each(const struct v4l2_sys *sys, int (*visit)(void *context, const char *path),
		   void *context)
{
	struct dirent **nodes;
	int count = scandir(sys->class_dir, &nodes, is_video_node, versionsort);
	int result = 0;

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", sys->device_dir, nodes[i]->d_name);
		if (result == 0)
			result = visit(context, path);
		free(nodes[i]);
	}
	free(nodes);
	return result;
}

bool v4l2_type_is_multiplanar(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE ||
	       type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}
