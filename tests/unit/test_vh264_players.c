/*
 * drivers/kernel/vh264/core: what it emits is played by the ffmpeg command and by Chromium, without an
 * error and to the same pictures as by its own decoder.
 */
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drivers/kernel/vh264/core/dec.h"
#include "tests/fake/movie.h"
#include "tests/fake/program.h"

enum { WIDTH = 320, HEIGHT = 180, PICTURES = 60, PATH_BYTES = 64 };

struct files {
	char folder[PATH_BYTES];
	char stream[PATH_BYTES + 16];
	char wanted[PATH_BYTES + 16];
	char shown[PATH_BYTES + 16];
};

static FILE *must_open(const char *path)
{
	FILE *file = fopen(path, "wbe");

	if (!file)
		abort();
	return file;
}

static void write_cropped(FILE *file, const struct vh264_picture *picture)
{
	for (int plane = 0; plane < 3; plane++) {
		size_t width = plane ? WIDTH / 2 : WIDTH;
		int height = plane ? HEIGHT / 2 : HEIGHT;

		for (int y = 0; y < height; y++)
			assert_int_equal(fwrite(picture->plane[plane] +
							(size_t)y * vh264_stride(picture, plane),
						1, width, file),
					 width);
	}
}

/* Two IDR pictures, coarse and exact macroblocks, three slices a picture. */
static void write_stream(const struct files *files)
{
	struct movie *movie = movie_create(WIDTH, HEIGHT, 1000000);
	struct vh264_dec *dec =
		vh264_dec_init(malloc(vh264_dec_memory(WIDTH, HEIGHT)), WIDTH, HEIGHT);
	FILE *stream = must_open(files->stream), *wanted = must_open(files->wanted);
	const struct vh264_picture *picture;

	for (int n = 0; n < PICTURES; n++) {
		assert_int_equal(movie_code(movie, false), 0);
		assert_int_equal(fwrite(movie->coded, 1, movie->coded_size, stream),
				 movie->coded_size);
		assert_int_equal(vh264_dec_decode(dec, movie->coded, movie->coded_size, &picture),
				 0);
		write_cropped(wanted, picture);
	}
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(fclose(wanted), 0);
	free(dec);
	movie_destroy(movie);
}

static int set_up(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	assert_non_null(files);
	snprintf(files->folder, sizeof(files->folder), "/tmp/vh264-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	snprintf(files->stream, sizeof(files->stream), "%s/stream.h264", files->folder);
	snprintf(files->wanted, sizeof(files->wanted), "%s/wanted.yuv", files->folder);
	snprintf(files->shown, sizeof(files->shown), "%s/shown.yuv", files->folder);
	write_stream(files);
	*state = files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	unlink(files->stream);
	unlink(files->wanted);
	unlink(files->shown);
	rmdir(files->folder);
	free(files);
	return 0;
}

static void assert_succeeds(const char *const *arguments)
{
	pid_t pid;
	int status;

	assert_int_equal(posix_spawnp(&pid, arguments[0], NULL, NULL, (char *const *)arguments,
				      environ),
			 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void assert_shows_what_is_wanted(const struct files *files)
{
	const char *const arguments[] = {"cmp", files->wanted, files->shown, NULL};

	assert_succeeds(arguments);
	assert_int_equal(unlink(files->shown), 0);
}

static void ffmpeg_plays_it(void **state)
{
	const struct files *files = *state;
	const char *const arguments[] = {"ffmpeg",      "-v",          "error",    "-nostdin",
					 "-xerror",     "-err_detect", "explode",  "-i",
					 files->stream, "-f",          "rawvideo", "-pix_fmt",
					 "yuv420p",     files->shown,  NULL};

	assert_succeeds(arguments);
	assert_shows_what_is_wanted(files);
}

static void chromium_plays_it(void **state)
{
	const struct files *files = *state;
	struct program_path script = program_source("tests/unit/vh264_chromium.mjs");
	const char *const arguments[] = {"node", script.text, files->stream, files->shown, NULL};

	assert_succeeds(arguments);
	assert_shows_what_is_wanted(files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ffmpeg_plays_it),
		cmocka_unit_test(chromium_plays_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
