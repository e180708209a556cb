/* room/settings: what is read of good files. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "screen/words.h"
#include "tests/fake/settings_text.h"

static void room_has_defaults(void **state)
{
	struct settings_faults faults;
	struct settings_room room;

	(void)state;
	assert_int_equal(settings_text_room(SETTINGS_TEXT_MEETING, &room, &faults), 0);
	assert_int_equal(faults.count, 0);
	assert_string_equal(room.name, "");
	assert_int_equal(room.language, WORDS_INDONESIAN);
	assert_string_equal(room.control_socket, "/run/balai/control.sock");
	assert_string_equal(room.hub.host, "hub.example");
	assert_int_equal(room.hub.port, 443);
	assert_string_equal(room.hub.path, "/meet");
	assert_string_equal(room.meeting, "kabinet");
	assert_string_equal(room.ca, "/ca");
	assert_string_equal(room.certificate, "/cert");
	assert_string_equal(room.key, "/key");
	assert_int_equal(room.width, 1280);
	assert_int_equal(room.height, 720);
	assert_int_equal(room.fps, 30);
	assert_int_equal(room.bitrate_kbps, 2500);
	assert_int_equal(room.keyframe_s, 10);
	assert_int_equal(room.sound_bitrate_kbps, 32);
	assert_string_equal(room.live.host, "");
	assert_int_equal(room.log_level, LOG_LEVEL_INFO);
	assert_string_equal(room.secrecy.authorities, "/a");
	assert_string_equal(room.secrecy.revoked, "");
	assert_string_equal(room.secrecy.psk, "");
	assert_string_equal(room.secrecy.psk_id, "office");
	assert_int_equal(room.secrecy.mode, SETTINGS_SECRECY_REQUIRE);
	assert_int_equal(room.secrecy.guests, 0);
}

static void room_is_read(void **state)
{
	struct settings_faults faults;
	struct settings_room room;

	(void)state;
	assert_int_equal(settings_text_room("\xef\xbb\xbf; a comment\r\n"
					    "[room] # of the first floor\r\n"
					    "  name = Ruang Rapat é ; shown\r\n"
					    "\tlanguage: en\r\n"
					    "\n"
					    "[meeting]\n"
					    "url = wss://192.0.2.1:8443/rooms/meet\n"
					    "meeting = a-1\n"
					    "ca = /a b/ca.pem\n"
					    "certificate = /c\n"
					    "key = /k=1\n"
					    "[secrecy]\n"
					    "authorities = /m/ca.crt\n"
					    "revoked = /m/revoked.crl\n"
					    "psk = /m/office.key\n"
					    "psk_id = kantor\n"
					    "mode = allow\n"
					    "guests = yes\n"
					    "[picture]\n"
					    "width = 640\n"
					    "height = 360\n"
					    "[panel]\n"
					    "live_address = [::1]:0\n"
					    "[picture]\n"
					    "fps = 60\n"
					    "[log]\n"
					    "level = debug",
					    &room, &faults),
			 0);
	assert_string_equal(room.name, "Ruang Rapat é");
	assert_int_equal(room.language, WORDS_ENGLISH);
	assert_string_equal(room.hub.host, "192.0.2.1");
	assert_int_equal(room.hub.port, 8443);
	assert_string_equal(room.hub.path, "/rooms/meet");
	assert_string_equal(room.meeting, "a-1");
	assert_string_equal(room.ca, "/a b/ca.pem");
	assert_string_equal(room.key, "/k=1");
	assert_int_equal(room.width, 640);
	assert_int_equal(room.height, 360);
	assert_int_equal(room.fps, 60);
	assert_string_equal(room.live.host, "::1");
	assert_int_equal(room.live.port, 0);
	assert_int_equal(room.log_level, LOG_LEVEL_DEBUG);
	assert_string_equal(room.secrecy.authorities, "/m/ca.crt");
	assert_string_equal(room.secrecy.revoked, "/m/revoked.crl");
	assert_string_equal(room.secrecy.certificate, "");
	assert_string_equal(room.secrecy.key, "");
	assert_string_equal(room.secrecy.psk, "/m/office.key");
	assert_string_equal(room.secrecy.psk_id, "kantor");
	assert_int_equal(room.secrecy.mode, SETTINGS_SECRECY_ALLOW);
	assert_int_equal(room.secrecy.guests, 1);
}

static void policy_is_read(void **state)
{
	struct settings_faults faults;
	struct settings_policy policy;

	(void)state;
	assert_int_equal(settings_text_policy("[policy]\n", &policy, &faults), 0);
	assert_int_equal(policy.mode, SETTINGS_SECRECY_ALLOW);
	assert_int_equal(policy.guests, 1);
	assert_int_equal(settings_text_policy("[policy]\nmode=off\nguests=no\n", &policy, &faults),
			 0);
	assert_int_equal(policy.mode, SETTINGS_SECRECY_OFF);
	assert_int_equal(policy.guests, 0);
	assert_int_equal(settings_text_policy("[policy]\nmode=on\n", &policy, &faults), -EINVAL);
	assert_int_equal(faults.faults[0].line, 2);
	assert_string_equal(faults.faults[0].text,
			    "[policy] mode: \"on\" is not require, allow or off");
	assert_int_equal(settings_text_policy("[secrecy]\nmode=allow\n", &policy, &faults),
			 -EINVAL);
	assert_string_equal(faults.faults[0].text, "[secrecy]: belongs in a room file");
}

static void the_stricter_wins_but_that_off_is_the_centres(void **state)
{
	enum { REQUIRE = SETTINGS_SECRECY_REQUIRE, ALLOW, OFF };
	static const struct {
		struct settings_policy policy;
		int mode, guests;
		int result, result_guests;
	} cases[] = {
		{{REQUIRE, 1}, REQUIRE, 1, REQUIRE, 1}, {{REQUIRE, 0}, ALLOW, 1, REQUIRE, 0},
		{{ALLOW, 1}, REQUIRE, 0, REQUIRE, 0},   {{ALLOW, 1}, ALLOW, 1, ALLOW, 1},
		{{OFF, 0}, REQUIRE, 0, OFF, 0},         {{OFF, 1}, ALLOW, 0, OFF, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings_secrecy secrecy = {.mode = cases[i].mode,
						   .guests = cases[i].guests};

		settings_apply_policy(&cases[i].policy, &secrecy);
		assert_int_equal(secrecy.mode, cases[i].result);
		assert_int_equal(secrecy.guests, cases[i].result_guests);
	}
}

static void secrecy_is_whole(void **state)
{
	static const struct {
		const char *text;
		const char *fault; /* NULL: good */
	} cases[] = {
		{"[room]\nname=Tamu\n", NULL},
		{"", "[room] name: is missing; without [secrecy] certificate the room is a guest "
		     "and has to say its name"},
		{"[secrecy]\nkey=/k\n", "[secrecy] certificate: is missing beside key"},
		{"[secrecy]\ncertificate=/c\n", "[secrecy] key: is missing beside certificate"},
	};
	struct settings_faults faults;
	struct settings_room room;
	char text[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
			 "%s[meeting]\nurl=wss://h\nmeeting=x\nca=/a\ncertificate=/b\nkey=/c\n"
			 "[secrecy]\nauthorities=/a\n",
			 cases[i].text);
		assert_int_equal(settings_text_room(text, &room, &faults),
				 cases[i].fault ? -EINVAL : 0);
		assert_int_equal(faults.count, cases[i].fault != NULL);
		if (cases[i].fault)
			assert_string_equal(faults.faults[0].text, cases[i].fault);
	}
}

static void hub_is_read_as_ipv6(void **state)
{
	struct settings_faults faults;
	struct settings_room room;

	(void)state;
	assert_int_equal(
		settings_text_room("[meeting]\nurl=wss://[2001:db8::7]:8443/a\nmeeting=kabinet\n"
				   "ca=/ca\ncertificate=/cert\nkey=/key\n"
				   "[room]\nname=Tamu\n[secrecy]\nauthorities=/a\n",
				   &room, &faults),
		0);
	assert_string_equal(room.hub.host, "2001:db8::7");
	assert_int_equal(room.hub.port, 8443);
	assert_string_equal(room.hub.path, "/a");
}

static void board_has_defaults(void **state)
{
	struct settings_faults faults;
	struct settings_board board;

	(void)state;
	assert_int_equal(settings_text_board("[board]\nname=sim\n", &board, &faults), 0);
	assert_string_equal(board.name, "sim");
	assert_int_equal(board.n_cameras, 1);
	assert_string_equal(board.cameras[0].name, "camera");
	assert_string_equal(board.cameras[0].device, "auto");
	assert_int_equal(board.formats.count, 4);
	assert_string_equal(board.formats.names[0], "nv12");
	assert_int_equal(board.encoders.count, 1);
	assert_string_equal(board.encoders.names[0], "libx264");
	assert_int_equal(board.encoder_threads, 0);
	assert_int_equal(board.decoders.count, 1);
	assert_string_equal(board.decoders.names[0], "h264");
	assert_string_equal(board.microphone, "auto");
	assert_int_equal(board.microphone_pick, 1);
	assert_string_equal(board.geometry, "none");
	assert_int_equal(board.voice, SETTINGS_VOICE_CLEAR);
	assert_int_equal(board.echo, SETTINGS_ECHO_CANCEL);
	assert_int_equal(board.n_sources, 0);
	assert_string_equal(board.speaker, "auto");
	assert_string_equal(board.screen, "kms:auto");
	assert_int_equal(board.screen_width, 1280);
	assert_int_equal(board.screen_height, 720);
}

static void board_is_read(void **state)
{
	struct settings_faults faults;
	struct settings_board board;

	(void)state;
	assert_int_equal(
		settings_text_board("[board]\nname = two cameras\n"
				    "[camera.3]\ndevice = test:7\n"
				    "[camera.2]\nname = wide\ndevice = file:/a.mkv\n"
				    "[camera]\ndevice = /dev/v4l/by-id/x\nformats = mjpeg , yuyv\n"
				    "[encoder]\norder = h264_v4l2m2m,libx264\nthreads = 16\n"
				    "device = vh264-encoder\nrate = variable\nprofile = high\n"
				    "qp_min = 10\nqp_max = 40\nlayers = 3\n"
				    "[microphone]\ndevice = hw:CARD=Array,DEV=0\npick = 16\n"
				    "geometry = circle 8 45\nvoice = raw\necho = done\n"
				    "[source.2]\ndevice = hw:CARD=Desk\nkind = line\n"
				    "[source.3]\ndevice = none\n"
				    "[source]\ndevice = hw:CARD=Radio\npick = 2\n"
				    "[speaker]\ndevice = file:/out.wav\n"
				    "[screen]\nkind = memory\nwidth = 64\n",
				    &board, &faults),
		0);
	assert_int_equal(board.n_cameras, 3);
	assert_string_equal(board.cameras[0].name, "camera");
	assert_string_equal(board.cameras[0].device, "/dev/v4l/by-id/x");
	assert_string_equal(board.cameras[1].name, "wide");
	assert_string_equal(board.cameras[1].device, "file:/a.mkv");
	assert_string_equal(board.cameras[2].name, "camera.3");
	assert_string_equal(board.cameras[2].device, "test:7");
	assert_int_equal(board.formats.count, 2);
	assert_string_equal(board.formats.names[0], "mjpeg");
	assert_string_equal(board.formats.names[1], "yuyv");
	assert_int_equal(board.encoders.count, 2);
	assert_string_equal(board.encoders.names[1], "libx264");
	assert_string_equal(board.encoder_device, "vh264-encoder");
	assert_int_equal(board.encoder_rate, 1);
	assert_int_equal(board.encoder_profile, 1);
	assert_int_equal(board.encoder_qp_min, 10);
	assert_int_equal(board.encoder_qp_max, 40);
	assert_int_equal(board.encoder_layers, 3);
	assert_string_equal(board.microphone, "hw:CARD=Array,DEV=0");
	assert_int_equal(board.microphone_pick, 16);
	assert_string_equal(board.geometry, "circle 8 45");
	assert_int_equal(board.voice, SETTINGS_VOICE_RAW);
	assert_int_equal(board.echo, SETTINGS_ECHO_DONE);
	assert_int_equal(board.n_sources, 2);
	assert_string_equal(board.sources[0].device, "hw:CARD=Radio");
	assert_int_equal(board.sources[0].pick, 2);
	assert_int_equal(board.sources[0].kind, SETTINGS_KIND_MICROPHONE);
	assert_string_equal(board.sources[1].device, "hw:CARD=Desk");
	assert_int_equal(board.sources[1].pick, 1);
	assert_int_equal(board.sources[1].kind, SETTINGS_KIND_LINE);
	assert_string_equal(board.speaker, "file:/out.wav");
	assert_string_equal(board.screen, "memory");
	assert_int_equal(board.screen_width, 64);
}

static void absent_cameras_do_not_count(void **state)
{
	struct settings_faults faults;
	struct settings_board board;

	(void)state;
	assert_int_equal(settings_text_board("[board]\nname=x\n[camera]\ndevice=none\n", &board,
					     &faults),
			 0);
	assert_int_equal(board.n_cameras, 0);
	assert_int_equal(settings_text_board("[board]\nname=x\n[camera]\ndevice=none\n"
					     "[camera.8]\ndevice=test:\n",
					     &board, &faults),
			 0);
	assert_int_equal(board.n_cameras, 1);
	assert_string_equal(board.cameras[0].name, "camera.8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_has_defaults),
		cmocka_unit_test(room_is_read),
		cmocka_unit_test(policy_is_read),
		cmocka_unit_test(the_stricter_wins_but_that_off_is_the_centres),
		cmocka_unit_test(secrecy_is_whole),
		cmocka_unit_test(hub_is_read_as_ipv6),
		cmocka_unit_test(board_has_defaults),
		cmocka_unit_test(board_is_read),
		cmocka_unit_test(absent_cameras_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
