/*
 * A recorded file as a camera: its best video stream in real time, over and over, with the time
 * strip (camera/timestrip.h) drawn into every picture. Gives the size and rate of the file.
 */
#ifndef BALAI_DRIVERS_CAMERA_FILE_H
#define BALAI_DRIVERS_CAMERA_FILE_H

#include "camera/camera.h"

/* path: anything libavformat opens as a file; copied. tag: see struct timestrip. 0 or -errno. */
int camera_file_create(const char *path, uint8_t tag, struct cam **ret_cam)
	__attribute__((warn_unused_result));

#endif
