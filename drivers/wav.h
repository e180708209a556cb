/*
 * Writes a mono 16-bit WAV file of 48 kHz (Microsoft and IBM, "Multimedia Programming Interface and
 * Data Specifications 1.0", chapter 3). One thread.
 */
#ifndef BALAI_DRIVERS_WAV_H
#define BALAI_DRIVERS_WAV_H

#include <stddef.h>
#include <stdint.h>

struct wav;

/*
 * Makes or empties the file. bytes_max: of the whole file; 0 or more than WAV can count: 4 GiB.
 * Returns 0 and hands over *ret_wav, -ENOMEM or -errno of open(2).
 */
int wav_create(const char *path, uint64_t bytes_max, struct wav **ret_wav)
	__attribute__((warn_unused_result));

/*
 * Once, before anything is written: the header, with the comment "start_us=N" in its LIST chunk.
 * Returns 0, -ENOSPC on a full disk or another -errno of write(2).
 */
int wav_begin(struct wav *wav, int64_t start_us) __attribute__((warn_unused_result));

/*
 * Adds frames; beyond -1..1 they are clipped. The header's lengths follow about every second.
 * Returns 0, -EFBIG when bytes_max is reached, -ENOSPC or another -errno of write(2); nothing more
 * may be written after an error.
 */
int wav_write(struct wav *wav, const float *samples, size_t count)
	__attribute__((warn_unused_result));

/* As above, zeros. */
int wav_write_silence(struct wav *wav, int64_t count) __attribute__((warn_unused_result));

/* Frames written so far. */
int64_t wav_frames(const struct wav *wav);

/* Completes the header's lengths and closes the file. */
void wav_close(struct wav *wav);

#endif
