#include "screen/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *const texts[WORDS_IDS][WORDS_LANGUAGES] = {
	[WORDS_STARTING] = {"Memulai…", "Starting…"},
	[WORDS_WAITING_HUB] = {"Menghubungi server rapat…", "Contacting the meeting server…"},
	[WORDS_HUB_NOT_FOUND] = {"Server rapat {} tidak ditemukan",
				 "Meeting server {} cannot be found"},
	[WORDS_HUB_UNTRUSTED] = {"Sertifikat server rapat ditolak: {}",
				 "The meeting server's certificate is refused: {}"},
	[WORDS_ROOM_UNTRUSTED] = {"Server rapat menolak sertifikat ruangan ini",
				  "The meeting server refuses this room's certificate"},
	[WORDS_CONNECTION_LOST] = {"Sambungan terputus, mencoba lagi dalam {} detik",
				   "Connection lost, trying again in {} s"},
	[WORDS_JOINING] = {"Bergabung ke rapat {}…", "Joining the meeting {}…"},
	[WORDS_MEETING_FULL] = {"Rapat sudah penuh", "The meeting is full"},
	[WORDS_HUB_FULL] = {"Server rapat sudah penuh", "The meeting server is full"},
	[WORDS_WAITING_OTHERS] = {"Menunggu peserta lain", "Waiting for others to join"},
	[WORDS_AWAY] = {"Menyambung kembali…", "Reconnecting…"},
	[WORDS_NO_PICTURE] = {"Tanpa gambar", "No picture"},
	[WORDS_MORE_MEMBERS] = {"+{} peserta", "+{} more"},
	[WORDS_OWN] = {"Ruangan ini", "This room"},
	[WORDS_CAMERA_STARTING] = {"Kamera sedang dinyalakan", "The camera is starting"},
	[WORDS_CAMERA_ABSENT] = {"Kamera tidak terpasang", "No camera is connected"},
	[WORDS_CAMERA_BUSY] = {"Kamera dipakai program lain",
			       "The camera is used by another program"},
	[WORDS_CAMERA_UNPLUGGED] = {"Kamera dicabut", "The camera was unplugged"},
	[WORDS_CAMERA_NO_SIGNAL] = {"Kamera tidak mengirim gambar", "The camera sends no picture"},
	[WORDS_CAMERA_FAILED] = {"Kamera rusak", "The camera has a fault"},
	[WORDS_MICROPHONE_ABSENT] = {"Mikrofon tidak terpasang", "No microphone is connected"},
	[WORDS_SPEAKER_ABSENT] = {"Pengeras suara tidak terpasang", "No loudspeaker is connected"},
};

const char *words_text(enum words_language language, enum words_id id)
{
	return texts[id][language];
}

static bool continues_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/*
 * Appends what fits of `from`, whole characters only. Returns the new length; after a cut that of a
 * full text, so that nothing is appended behind the cut.
 */
static size_t append(char *text, size_t size, size_t length, const char *from, size_t from_length)
{
	size_t n = from_length;

	if (n > size - 1 - length) {
		n = size - 1 - length;
		while (n > 0 && continues_character(from[n]))
			n--;
	}
	memcpy(text + length, from, n);
	text[length + n] = '\0';
	return n < from_length ? size - 1 : length + n;
}

void words_format(enum words_language language, enum words_id id, const char *argument, char *text,
		  size_t size)
{
	const char *pattern = words_text(language, id);
	const char *place = strstr(pattern, "{}");
	size_t head = place ? (size_t)(place - pattern) : strlen(pattern);
	size_t length = append(text, size, 0, pattern, head);

	if (!place)
		return;
	if (argument)
		length = append(text, size, length, argument, strlen(argument));
	append(text, size, length, place + 2, strlen(place + 2));
}

int words_language_parse(const char *name, enum words_language *ret_language)
{
	static const char *const names[WORDS_LANGUAGES] = {"id", "en"};

	for (int i = 0; i < WORDS_LANGUAGES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_language = (enum words_language)i;
			return 0;
		}
	}
	return -EINVAL;
}
