/*
 * The best video stream of a recorded file, decoded, over and over.
 */
#ifndef BALAI_DRIVERS_VIDEO_FILE_H
#define BALAI_DRIVERS_VIDEO_FILE_H

#include <libavutil/frame.h>
#include <stdint.h>

struct video_file;

/*
 * Opens a local file. Returns 0 and hands over *ret_file; -ENOENT; -EINVAL: not a video that can be
 * decoded; other -errno.
 */
int video_file_open(const char *path, struct video_file **ret_file)
	__attribute__((warn_unused_result));

/* NULL is allowed. */
void video_file_close(struct video_file *file);

/* The nominal time between two pictures. */
int64_t video_file_frame_us(const struct video_file *file);

/*
 * Decodes the next picture; behind the last comes the first again. Damaged ones are left out. pts =
 * time since the first picture of the first round, µs, rising. Returns 0 and hands over
 * *ret_picture, or -errno when there is nothing more to get from the file.
 */
int video_file_next(struct video_file *file, AVFrame **ret_picture)
	__attribute__((warn_unused_result));

#endif
