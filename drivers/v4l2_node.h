/*
 * A device node of V4L2, whatever it does: a camera, an encoder, a decoder.
 */
#ifndef BALAI_DRIVERS_V4L2_NODE_H
#define BALAI_DRIVERS_V4L2_NODE_H

#include "drivers/v4l2_sys.h"

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stdint.h>

struct v4l2_node {
	const struct v4l2_sys *sys;
	int fd;
};

/* Opens it and asks what it is; card and driver are terminated. Returns 0 and hands over, -errno. */
int v4l2_node_open(const struct v4l2_sys *sys, const char *path, struct v4l2_node *ret_node,
		   struct v4l2_capability *ret_capability) __attribute__((warn_unused_result));

void v4l2_node_close(struct v4l2_node *node);

/* 0 or -errno. */
int v4l2_node_ioctl(const struct v4l2_node *node, unsigned long request, void *argument);

/* What the node itself can do: V4L2_CAP_… */
uint32_t v4l2_node_caps(const struct v4l2_capability *capability);

/*
 * Shows the path of every video node, in the order of their numbers, to `visit`, until it returns
 * other than 0, which is then returned. 0: all were seen; -errno: they cannot be listed.
 */
int v4l2_node_each(const struct v4l2_sys *sys, int (*visit)(void *context, const char *path),
		   void *context);

bool v4l2_type_is_multiplanar(uint32_t type);

#endif
