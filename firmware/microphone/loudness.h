/*
 * The weighting of ITU-R BS.1770-5, annex 1: two biquads at 48 kHz, after which the mean square of
 * one channel is its loudness, -0.691 + 10 log10(mean square) LUFS.
 */
#ifndef BALAI_MICROPHONE_LOUDNESS_H
#define BALAI_MICROPHONE_LOUDNESS_H

/* {0} is ready for use. */
struct loudness {
	double shelf[2];
	double high_pass[2];
};

/* Mean square of one weighted period. Real-time. */
double loudness_period(struct loudness *loudness, const float *samples);

double loudness_lufs(double mean_square);

#endif
