/*
 * What a test in the emulated machine does to vivid, the kernel's test camera.
 *
 * Source: the kernel's documents "The Virtual Video Test Driver (vivid)"; videodev2.h.
 */
#ifndef BALAI_TESTS_FAKE_VIVID_H
#define BALAI_TESTS_FAKE_VIVID_H

#include <stdbool.h>

/* As vivid numbers them where its module has no parameters. */
enum vivid_input { VIVID_WEBCAM = 0, VIVID_HDMI = 3 };

/* While nobody captures. Returns 0 or -errno. */
int vivid_set_input(enum vivid_input input) __attribute__((warn_unused_result));

/* Whether the HDMI input has a signal, also while it is captured. Returns 0 or -errno. */
int vivid_set_signal(bool on) __attribute__((warn_unused_result));

/* Takes the camera out of the machine, open or not, or puts it back. Returns 0 or -errno. */
int vivid_plug(bool in) __attribute__((warn_unused_result));

#endif
