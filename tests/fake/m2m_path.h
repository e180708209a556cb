/*
 * A camera's pictures on their way into an encoder, in the bare guest (tests/qemu/README.md):
 *
 *     vivid ─► capture ─► on_picture ─► venc_submit ─► the encoder asked for, else libx264 ─► on_packet
 *
 * For test programs alone: what must not happen ends the program.
 */
#ifndef BALAI_TESTS_M2M_PATH_H
#define BALAI_TESTS_M2M_PATH_H

#include "camera/capture.h"
#include "camera/encode.h"

#include <stddef.h>
#include <stdint.h>

struct m2m_path_config {
	const char *encoder; /* static */
	int width;
	int height;
	int64_t bitrate_bps;
	int64_t stall_us;              /* see struct venc_config */
	capture_picture_fn on_picture; /* hands the picture, or one like it, to venc_submit() */
	venc_packet_fn on_packet;
	void *context; /* for both */
};

struct m2m_path {
	struct m2m_path_config config;
	struct venc_kind kinds[3];
	struct cam *cam;
	struct capture *capture;
	struct venc *venc;
};

/* The callbacks may come before it returns; `path` stays where it is until it is closed. */
void m2m_path_open(struct m2m_path *path, const struct m2m_path_config *config);

/* The camera's pictures end, and others come into the same codec layer. */
void m2m_path_stop_camera(struct m2m_path *path);
void m2m_path_start_camera(struct m2m_path *path, int width, int height);

/* Also where the camera is stopped. No callback comes after it. */
void m2m_path_close(struct m2m_path *path);

/* The value of venc_status() as text, "" where there is none. */
void m2m_path_get_text(struct m2m_path *path, const char *key, char *text, size_t size);

/* Says what is wrong in TAP, and ends the program. */
_Noreturn void m2m_path_die(const char *what);

#endif
