/* room/settings: each kind of fault, with its place and words. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/fake/fake_alloc.h"
#include "tests/fake/settings_text.h"

struct fault_case {
	const char *
		text; /* after SETTINGS_TEXT_MEETING, so that its first line is 11; after [board], 3 */
	unsigned int line;
	const char *fault;
};

static void assert_fault(const struct fault_case *c, int r, const struct settings_faults *faults)
{
	if (r != -EINVAL || faults->count != 1 || faults->faults[0].line != c->line ||
	    strcmp(faults->faults[0].text, c->fault) != 0)
		fail_msg("\"%s\" gives %d, %zu faults: line %u: %s", c->text, r, faults->count,
			 faults->faults[0].line, faults->faults[0].text);
}

#define NUMBER_FORM "\" is not a whole number from 1 to 60"
#define HUB_FORM                                                                                   \
	"wss://HOST, wss://HOST:PORT or wss://HOST:PORT/PATH, HOST a name, an IPv4 address "       \
	"or an [IPv6] address"
#define URL_FORM "\" is not " HUB_FORM
#define LIVE_FORM "\" is not empty or a loopback address like 127.0.0.1:8080 or [::1]:8080"

static void room_faults_are_told(void **state)
{
	static const struct fault_case cases[] = {
		{"[picture]\nfps = 0", 12, "[picture] fps: \"0" NUMBER_FORM},
		{"[picture]\nfps = 61", 12, "[picture] fps: \"61" NUMBER_FORM},
		{"[picture]\nfps = -5", 12, "[picture] fps: \"-5" NUMBER_FORM},
		{"[picture]\nfps = 30fps", 12, "[picture] fps: \"30fps" NUMBER_FORM},
		{"[picture]\nfps = 29.97", 12, "[picture] fps: \"29.97" NUMBER_FORM},
		{"[picture]\nfps = 0x10", 12, "[picture] fps: \"0x10" NUMBER_FORM},
		{"[picture]\nfps =", 12, "[picture] fps: \"" NUMBER_FORM},
		{"[picture]\nfps = 99999999999999999999999", 12,
		 "[picture] fps: \"99999999999999999999999" NUMBER_FORM},
		{"[picture]\nwidth = 1281", 12,
		 "[picture] width: \"1281\" is not an even number from 160 to 3840"},
		{"[room]\nlanguage = fr", 12, "[room] language: \"fr\" is not id or en"},
		{"[room]\nlanguage = EN", 12, "[room] language: \"EN\" is not id or en"},
		{"[log]\nlevel = all", 12,
		 "[log] level: \"all\" is not error, warning, info or debug"},
		{"[secrecy]\nmode = off", 12,
		 "[secrecy] mode: \"off\" is not require or allow (off is for the centre's policy "
		 "file)"},
		{"[secrecy]\npsk = office.key", 12,
		 "[secrecy] psk: \"office.key\" is not empty or an absolute path, at most 511 "
		 "bytes"},
		{"[secrecy]\nguests = some", 12, "[secrecy] guests: \"some\" is not no or yes"},
		{"[room]\ncontrol_socket = here", 12,
		 "[room] control_socket: \"here\" is not an absolute path, at most 107 bytes"},
		{"[picture]\nfsp = 30", 12, "[picture] fsp: there is no such key; is fps meant?"},
		{"[picture]\ncolour = 30", 12, "[picture] colour: there is no such key"},
		{"[picture]\n= 30", 12, "[picture] : there is no such key"},
		{"[picture]\nfps = 30\n\nfps = 30", 14, "[picture] fps: is set in line 12 already"},
		{"[pictures]\nfps = x", 11,
		 "[pictures]: there is no such section; is [picture] meant?"},
		{"[fleet]\na = b\nc = d", 11, "[fleet]: there is no such section"},
		{"[picture.2]", 11, "[picture.2]: there is one [picture] alone"},
		{"[camera]\ndevice = auto", 11,
		 "[camera]: belongs in a board file (it has a [board] section)"},
		{"[picture\nfps = x", 11, "[picture: there is no ] at its end"},
		{"[picture] fps = 30", 11, "fps = 30: a setting stands in a line of its own"},
		{"[picture]\nfps", 12, "neither \"[section]\" nor \"key = value\""},
		{"[picture]\nfps ; = 30", 12, "neither \"[section]\" nor \"key = value\""},
		{"[picture]\nfps\n", 12, "neither \"[section]\" nor \"key = value\""},
		{"[room]\nname = a\x1b[2Jb", 12, "the line has a control character"},
		{"[room]\nname = \xff", 12, "the line is not UTF-8"},
		{"# \xc3", 11, "the line is not UTF-8"},
		{"[panel]\nlive_address = 0.0.0.0:80", 12,
		 "[panel] live_address: \"0.0.0.0:80" LIVE_FORM},
		{"[panel]\nlive_address = localhost:80", 12,
		 "[panel] live_address: \"localhost:80" LIVE_FORM},
		{"[panel]\nlive_address = 127.0.0.1", 12,
		 "[panel] live_address: \"127.0.0.1" LIVE_FORM},
		{"[panel]\nlive_address = 127.0.0.1:65536", 12,
		 "[panel] live_address: \"127.0.0.1:65536" LIVE_FORM},
		{"[panel]\nlive_address = [::2]:80", 12,
		 "[panel] live_address: \"[::2]:80" LIVE_FORM},
		{"[panel]\nlive_address = :80", 12, "[panel] live_address: \":80" LIVE_FORM},
	};
	struct settings_faults faults;
	struct settings_room room;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", SETTINGS_TEXT_MEETING, cases[i].text);
		assert_fault(&cases[i], settings_text_room(text, &room, &faults), &faults);
	}
}

static void meeting_faults_are_told(void **state)
{
	static const struct fault_case cases[] = {
		{"url = ws://hub/meet", 2, "[meeting] url: \"ws://hub/meet" URL_FORM},
		{"url = https://hub", 2, "[meeting] url: \"https://hub" URL_FORM},
		{"url = wss://", 2, "[meeting] url: \"wss://" URL_FORM},
		{"url = wss:///meet", 2, "[meeting] url: \"wss:///meet" URL_FORM},
		{"url = wss://h:0", 2, "[meeting] url: \"wss://h:0" URL_FORM},
		{"url = wss://h:65536", 2, "[meeting] url: \"wss://h:65536" URL_FORM},
		{"url = wss://h:", 2, "[meeting] url: \"wss://h:" URL_FORM},
		{"url = wss://h:443x/", 2, "[meeting] url: \"wss://h:443x/" URL_FORM},
		{"url = wss://h:1000000/", 2, "[meeting] url: \"wss://h:1000000/" URL_FORM},
		{"url = wss://me@h/", 2, "[meeting] url: \"wss://me@h/" URL_FORM},
		{"url = wss://h/a b", 2, "[meeting] url: \"wss://h/a b" URL_FORM},
		{"url = wss://h/?a", 2, "[meeting] url: \"wss://h/?a" URL_FORM},
		{"url = wss://[::1", 2, "[meeting] url: \"wss://[::1" URL_FORM},
		{"url = wss://[::1]x/", 2, "[meeting] url: \"wss://[::1]x/" URL_FORM},
		{"url = wss://[::g]/", 2, "[meeting] url: \"wss://[::g]/" URL_FORM},
		{"url = wss://[hub]/", 2, "[meeting] url: \"wss://[hub]/" URL_FORM},
		{"# no url", 0, "[meeting] url: is missing; it has to be " HUB_FORM},
		{"url = wss://h\nmeeting = Kabinet", 3,
		 "[meeting] meeting: \"Kabinet\" is not a name of the characters a-z 0-9 -, "
		 "at most 64 bytes"},
	};
	struct settings_faults faults;
	struct settings_room room;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 "[meeting]\n%s\n%sca=/a\ncertificate=/b\nkey=/c\n" SETTINGS_TEXT_SECRECY,
			 cases[i].text, strstr(cases[i].text, "meeting =") ? "" : "meeting=x\n");
		assert_fault(&cases[i], settings_text_room(text, &room, &faults), &faults);
	}
}

#define CAMERA_FORM                                                                                \
	" is not auto, none, /dev/videoN, file:PATH, test: or test:0 to test:7, at most 511 bytes"

static void board_faults_are_told(void **state)
{
	static const struct fault_case cases[] = {
		{"[microphone]\ngeometry = square 4", 0,
		 "[microphone] geometry = square 4: is not " GEOMETRY_FORM},
		{"[microphone]\ngeometry = circle 17 45", 0,
		 "[microphone] geometry = circle 17 45: an array has 2 to 16 microphones"},
		{"[microphone]\ngeometry = line 1 45", 0,
		 "[microphone] geometry = line 1 45: an array has 2 to 16 microphones"},
		{"[microphone]\ngeometry = line 4 0", 0,
		 "[microphone] geometry = line 4 0: microphones 1 and 2 are at the same place"},
		{"[microphone]\ngeometry = free 0,0,0 50,0,0 0,0,0", 0,
		 "[microphone] geometry = free 0,0,0 50,0,0 0,0,0: "
		 "microphones 1 and 3 are at the same place"},
		{"[microphone]\ndevice = hw:1\n[source]\ndevice = hw:1", 0,
		 "two sources of sound are the device hw:1"},
		{"[microphone]\nvoice = loud", 4,
		 "[microphone] voice: \"loud\" is not raw or clear"},
		{"[camera]\ndevice = atuo", 4, "[camera] device: \"atuo\"" CAMERA_FORM},
		{"[camera]\ndevice = file:", 4, "[camera] device: \"file:\"" CAMERA_FORM},
		{"[camera]\ndevice = test:8", 4, "[camera] device: \"test:8\"" CAMERA_FORM},
		{"[camera]\ndevice = test:11", 4, "[camera] device: \"test:11\"" CAMERA_FORM},
		{"[camera]\nformats = nv12, h264", 4,
		 "[camera] formats: \"nv12, h264\" is not a list with commas, each once, of "
		 "nv12, i420, yuyv or mjpeg"},
		{"[microphone]\ndevice = hw 1", 4,
		 "[microphone] device: \"hw 1\" is not auto, none, an ALSA name, file:PATH, test: "
		 "or test:0 to test:7, at most 511 bytes"},
		{"[speaker]\ndevice = test:", 4,
		 "[speaker] device: \"test:\" is not auto, none, an ALSA name or file:PATH, "
		 "at most 511 bytes"},
		{"[screen]\nkind = hdmi", 4,
		 "[screen] kind: \"hdmi\" is not kms:auto, kms:/dev/dri/cardN or memory, "
		 "at most 511 bytes"},
		{"[camera.1]", 3, "[camera.1]: after [camera] there are [camera.2] to [camera.8]"},
		{"[camera.9]", 3, "[camera.9]: after [camera] there are [camera.2] to [camera.8]"},
		{"[camera.22]", 3,
		 "[camera.22]: after [camera] there are [camera.2] to [camera.8]"},
		{"[camera.]", 3, "[camera.]: after [camera] there are [camera.2] to [camera.8]"},
		{"[camera.2]\ndevice = test:\nformats = nv12", 5,
		 "[camera.2] formats: belongs in [camera]"},
		{"[camera.2]\ndevice = x", 4, "[camera.2] device: \"x\"" CAMERA_FORM},
		{"[camera.2]", 0, "cameras \"camera\" and \"camera.2\" are the same device"},
		{"[camera.2]\ndevice=test:\nname=camera", 0, "two cameras are named \"camera\""},
		{"[picture]\nfps = 30", 3, "[picture]: belongs in a room file"},
		{"[scren]", 3, "[scren]: there is no such section; is [screen] meant?"},
	};
	struct settings_faults faults;
	struct settings_board board;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "[board]\nname=x\n%s", cases[i].text);
		assert_fault(&cases[i], settings_text_board(text, &board, &faults), &faults);
	}
	assert_int_equal(settings_text_board("name = x\n[board]\nname = x\n", &board, &faults),
			 -EINVAL);
	assert_string_equal(faults.faults[0].text, "name: stands before the first [section]");
}

#define ENCODERS                                                                                   \
	"a list with commas, each once, of auto, encode_m2m, h264_v4l2m2m or libx264; used is "    \
	"libx264"
#define NO_ENCODERS "is not " ENCODERS
#define DECODERS                                                                                   \
	"a list with commas, each once, of auto, decode_m2m, h264_v4l2m2m or h264; used is h264"
#define NO_DECODERS "is not " DECODERS

/* What becomes of orders of codecs. */
static const struct {
	const char *text;
	const char *fault; /* NULL: none */
	struct settings_list encoders;
	struct settings_list decoders;
} orders[] = {
	{"[encoder]\norder = x264",
	 "[encoder] order: \"x264\" " NO_ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = encode_m2m, x264",
	 "[encoder] order: \"encode_m2m, x264\" " NO_ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = libx264 libx264",
	 "[encoder] order: \"libx264 libx264\" " NO_ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = libx264, libx264",
	 "[encoder] order: \"libx264, libx264\" " NO_ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = encode_m2m",
	 "[encoder] order: without libx264 nothing is in software; it is put last",
	 {{"encode_m2m", "libx264"}, 2},
	 {{"h264"}, 1}},
	{"[encoder]\norder = auto, encode_m2m",
	 "[encoder] order: encode_m2m is in it twice, as auto too; it has to be " ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = auto, auto",
	 "[encoder] order: \"auto, auto\" " NO_ENCODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = auto\n[decoder]\norder = auto",
	 NULL,
	 {{"encode_m2m", "libx264"}, 2},
	 {{"decode_m2m", "h264"}, 2}},
	{"[encoder]\norder = auto, libx264\n[decoder]\norder = h264_v4l2m2m, auto",
	 NULL,
	 {{"encode_m2m", "libx264"}, 2},
	 {{"h264_v4l2m2m", "decode_m2m", "h264"}, 3}},
	{"[encoder]\norder = auto, h264_v4l2m2m, libx264",
	 NULL,
	 {{"encode_m2m", "h264_v4l2m2m", "libx264"}, 3},
	 {{"h264"}, 1}},
	{"[decoder]\norder = h264, auto",
	 "[decoder] order: h264 is in software; what is behind it is left out",
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[encoder]\norder = auto, libx264, h264_v4l2m2m",
	 "[encoder] order: libx264 is in software; what is behind it is left out",
	 {{"encode_m2m", "libx264"}, 2},
	 {{"h264"}, 1}},
	{"[decoder]\norder = h264, decode_m2m, auto",
	 "[decoder] order: decode_m2m is in it twice, as auto too; it has to be " DECODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[decoder]\norder =",
	 "[decoder] order: \"\" " NO_DECODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[decoder]\norder = h264,",
	 "[decoder] order: \"h264,\" " NO_DECODERS,
	 {{"libx264"}, 1},
	 {{"h264"}, 1}},
	{"[decoder]\norder = decode_m2m",
	 "[decoder] order: without h264 nothing is in software; it is put last",
	 {{"libx264"}, 1},
	 {{"decode_m2m", "h264"}, 2}},
};

/* Orders that cannot be had are told, and the board is used with what is in software. */
static void impossible_orders_become_software(void **state)
{
	struct settings_faults faults;
	struct settings_board board;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		snprintf(text, sizeof(text), "[board]\nname=x\n%s", orders[i].text);
		assert_int_equal(settings_text_board(text, &board, &faults), 0);
		assert_int_equal(faults.count, orders[i].fault != NULL);
		if (orders[i].fault)
			assert_string_equal(faults.faults[0].text, orders[i].fault);
		assert_int_equal(board.encoders.count, orders[i].encoders.count);
		for (size_t k = 0; k < board.encoders.count; k++)
			assert_string_equal(board.encoders.names[k], orders[i].encoders.names[k]);
		assert_int_equal(board.decoders.count, orders[i].decoders.count);
		for (size_t k = 0; k < board.decoders.count; k++)
			assert_string_equal(board.decoders.names[k], orders[i].decoders.names[k]);
	}
	/* another fault beside it is not borne */
	assert_int_equal(
		settings_text_board("[board]\nname=x\n[encoder]\norder = x264\nthreads = 99\n",
				    &board, &faults),
		-EINVAL);
	assert_int_equal(faults.count, 2);
}

static void all_faults_are_collected(void **state)
{
	struct settings_faults faults;
	struct settings_room room = {.width = 77};

	(void)state;
	assert_int_equal(
		settings_text_room("[picture]\nfps=x\nwidth=y\n[nowhere]\nfps=z\n[log]\nlevel=q\n",
				   &room, &faults),
		-EINVAL);
	assert_int_equal(faults.count, 10);
	assert_int_equal(faults.faults[0].line, 2);
	assert_int_equal(faults.faults[1].line, 3);
	assert_int_equal(faults.faults[2].line, 4);
	assert_int_equal(faults.faults[3].line, 7);
	assert_int_equal(faults.faults[4].line, 0);
	assert_int_equal(room.width, 77);
}

static void faults_beyond_the_maximum_are_counted(void **state)
{
	struct settings_faults faults;
	struct settings_board board;
	char text[2000] = "[board]\nname=x\n", *printed = NULL;
	size_t length = strlen(text), size;
	FILE *out;

	(void)state;
	for (size_t i = 0; i < SETTINGS_FAULTS_MAX + 3; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "x\n");
	assert_int_equal(settings_text_board(text, &board, &faults), -EINVAL);
	assert_int_equal(faults.count, SETTINGS_FAULTS_MAX);
	assert_int_equal(faults.left_out, 3);
	out = open_memstream(&printed, &size);
	settings_print_faults(out, "/b.ini", &faults);
	fclose(out);
	assert_memory_equal(printed, "/b.ini:3: neither", strlen("/b.ini:3: neither"));
	assert_non_null(strstr(printed, "\n/b.ini: and 3 more\n"));
	free(printed);
}

static void long_values_are_bounded(void **state)
{
	static const size_t path_max = SETTINGS_PATH_BYTES - 1;
	char text[4000], path[2000];
	struct settings_faults faults;
	struct settings_room room;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[path_max] = '\0';
	snprintf(text, sizeof(text), "%skey = %s\n", SETTINGS_TEXT_KEYLESS, path);
	assert_int_equal(settings_text_room(text, &room, &faults), 0);
	assert_string_equal(room.key, path);

	path[path_max] = 'x';
	path[path_max + 1] = '\0';
	snprintf(text, sizeof(text), "%skey = %s\n", SETTINGS_TEXT_KEYLESS, path);
	assert_int_equal(settings_text_room(text, &room, &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
	assert_non_null(strstr(faults.faults[0].text, "xx\" is not an absolute path, at most 511"));
}

/* A comment line of `length` bytes, in a good file. */
static int read_with_line(size_t length, struct settings_faults *faults)
{
	size_t before = strlen(SETTINGS_TEXT_MEETING);
	char *text = malloc(before + length + 2);
	struct settings_room room;
	FILE *file;
	int r;

	assert_non_null(text);
	snprintf(text, before + 1, "%s", SETTINGS_TEXT_MEETING);
	memset(text + before, '#', length);
	text[before + length] = '\n';
	file = settings_text_open(text, before + length + 1);
	r = settings_read_room(file, &room, faults);
	fclose(file);
	free(text);
	return r;
}

static void long_lines_are_told_once(void **state)
{
	struct settings_faults faults;

	(void)state;
	assert_int_equal(read_with_line(1022, &faults), 0);
	assert_int_equal(read_with_line(1023, &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
	assert_int_equal(faults.faults[0].line, 11);
	assert_string_equal(faults.faults[0].text, "the line is longer than 1022 bytes");
	assert_int_equal(read_with_line(1000000, &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
}

static void nul_byte_is_told(void **state)
{
	static const char text[] = SETTINGS_TEXT_MEETING "[room]\ncontrol_socket = /a\0b\n";
	struct settings_faults faults;
	struct settings_room room;
	FILE *file = settings_text_open(text, sizeof(text) - 1);

	(void)state;
	assert_int_equal(settings_read_room(file, &room, &faults), -EINVAL);
	fclose(file);
	assert_int_equal(faults.faults[0].line, 12);
	assert_string_equal(faults.faults[0].text, "the line has a control character");
}

static char *make_folder(void)
{
	static char folder[64];

	snprintf(folder, sizeof(folder), "/tmp/test_settings.XXXXXX");
	assert_non_null(mkdtemp(folder));
	return folder;
}

static void assert_cannot_load(const char *path, int error, const char *fault)
{
	struct settings_faults faults;
	struct settings_board board;
	struct settings_room room;

	assert_int_equal(settings_load_room(path, &room, &faults), error);
	assert_string_equal(faults.faults[0].text, fault);
	assert_int_equal(settings_load_board(path, &board, &faults), error);
	assert_string_equal(faults.faults[0].text, fault);
	assert_int_equal(settings_check(path, &faults), error);
	assert_int_equal(faults.count, 1);
	assert_int_equal(faults.faults[0].line, 0);
	assert_string_equal(faults.faults[0].text, fault);
}

static void files_that_are_none_are_told(void **state)
{
	char path[128], long_path[5000] = "/";
	char *folder = make_folder();
	int fd;

	(void)state;
	assert_cannot_load(folder, -EISDIR, "it cannot be opened: Is a directory");
	snprintf(path, sizeof(path), "%s/absent", folder);
	assert_cannot_load(path, -ENOENT, "it cannot be opened: No such file or directory");
	memset(long_path + 1, 'x', sizeof(long_path) - 2);
	assert_cannot_load(long_path, -ENAMETOOLONG, "it cannot be opened: File name too long");

	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_cannot_load(path, -ENXIO, "it is not a file");
	unlink(path);
	assert_cannot_load("/dev/zero", -ENXIO, "it is not a file");

	snprintf(path, sizeof(path), "%s/large", folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	close(fd);
	assert_cannot_load(path, -EFBIG, "it is larger than 1 MiB");
	unlink(path);
	rmdir(folder);
}

static int check_text(const char *path, const char *text, struct settings_faults *faults)
{
	FILE *file = fopen(path, "we");

	if (!file)
		fail();
	assert_true(fputs(text, file) >= 0);
	fclose(file);
	return settings_check(path, faults);
}

static void check_knows_the_kind_of_file(void **state)
{
	struct settings_faults faults;
	struct settings_board board;
	struct settings_room room;
	char path[128];
	char *folder = make_folder();

	(void)state;
	snprintf(path, sizeof(path), "%s/any.ini", folder);
	assert_int_equal(check_text(path, SETTINGS_TEXT_MEETING, &faults), 0);
	assert_int_equal(settings_load_room(path, &room, &faults), 0);
	assert_int_equal(settings_load_board(path, &board, &faults), -EINVAL);
	assert_int_equal(check_text(path, "# [board]\n" SETTINGS_TEXT_MEETING, &faults), 0);
	assert_int_equal(check_text(path, "[camera]\n\n[board]\nname=x\n", &faults), 0);
	assert_int_equal(settings_load_board(path, &board, &faults), 0);
	assert_int_equal(check_text(path, "[board]\n", &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
	assert_string_equal(
		faults.faults[0].text,
		"[board] name: is missing; it has to be text without control characters, "
		"at most 64 bytes");
	assert_int_equal(check_text(path, "", &faults), -EINVAL);
	assert_int_equal(faults.count, 6);
	assert_int_equal(check_text(path, "[policy]\nmode=off\n", &faults), 0);
	assert_int_equal(check_text(path, "[policy]\nmod=off\n", &faults), -EINVAL);
	unlink(path);
	rmdir(folder);
}

/* Each default is a good value, and only what has none is missing. */
static void help_is_a_good_file_but_for_what_must_be_set(void **state)
{
	struct settings_faults faults;
	struct settings_board board;
	struct settings_policy policy;
	struct settings_room room;
	char *text = NULL, *split, *policy_text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	settings_print_help(out);
	fclose(out);
	split = strstr(text, "# board file");
	assert_non_null(split);
	split[-1] = '\0';
	policy_text = strstr(split + 1, "# policy file");
	assert_non_null(policy_text);
	policy_text[-1] = '\0';
	assert_int_equal(settings_text_policy(policy_text, &policy, &faults), 0);
	assert_int_equal(settings_text_room(text, &room, &faults), -EINVAL);
	assert_int_equal(faults.count, 6);
	for (size_t i = 0; i < faults.count; i++)
		assert_true(strncmp(faults.faults[i].text, "[meeting] ", 10) == 0 ||
			    strncmp(faults.faults[i].text, "[secrecy] authorities", 21) == 0);
	assert_int_equal(settings_text_board(split, &board, &faults), -EINVAL);
	assert_int_equal(faults.count, 1);
	assert_memory_equal(faults.faults[0].text, "[board] name: \"\"", 16);
	free(text);
}

static void lack_of_memory_is_a_fault(void **state)
{
	struct settings_faults faults;
	struct settings_room room;
	unsigned int n;
	int r;

	(void)state;
	for (n = 1;; n++) {
		FILE *file =
			settings_text_open(SETTINGS_TEXT_MEETING, strlen(SETTINGS_TEXT_MEETING));

		fake_alloc_arm(n);
		r = settings_read_room(file, &room, &faults);
		fclose(file);
		if (!fake_alloc_disarm())
			break;
		assert_int_equal(r, -EINVAL);
		assert_true(faults.count > 0);
	}
	assert_true(n > 1);
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_faults_are_told),
		cmocka_unit_test(meeting_faults_are_told),
		cmocka_unit_test(board_faults_are_told),
		cmocka_unit_test(impossible_orders_become_software),
		cmocka_unit_test(all_faults_are_collected),
		cmocka_unit_test(faults_beyond_the_maximum_are_counted),
		cmocka_unit_test(long_values_are_bounded),
		cmocka_unit_test(long_lines_are_told_once),
		cmocka_unit_test(nul_byte_is_told),
		cmocka_unit_test(files_that_are_none_are_told),
		cmocka_unit_test(check_knows_the_kind_of_file),
		cmocka_unit_test(help_is_a_good_file_but_for_what_must_be_set),
		cmocka_unit_test(lack_of_memory_is_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
