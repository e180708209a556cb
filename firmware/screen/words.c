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
	[WORDS_ENCRYPTED] = {"Terenkripsi", "Encrypted"},
	[WORDS_WAITING_KEYS] = {"Menunggu kunci…", "Waiting for keys…"},
	[WORDS_NOT_ENCRYPTED] = {"TIDAK TERENKRIPSI", "NOT ENCRYPTED"},
	[WORDS_REFUSED] = {"Ditolak", "Refused"},
	[WORDS_MEMBERS_CHANGED] = {"Anggota rapat berubah, kode rapat baru",
				   "Members changed, the meeting has a new code"},
	[WORDS_HUB_DECEIVES] = {"Server rapat mengirim data palsu, data itu dibuang",
				"The meeting server sends forged data, which is dropped"},
	[WORDS_IN_CLEAR] = {"Rapat ini tidak terenkripsi: pengelola server dapat menyadap",
			    "This meeting is not encrypted: the server's operator can listen in"},
	[WORDS_OTHER_REFUSED] = {"{} tidak diterima masuk", "{} was not let in"},
	[WORDS_OWN_REFUSED] = {"Ruangan ini tidak ikut rapat", "This room does not take part"},
	[WORDS_CREDENTIALS] = {"Sertifikat rapat ruangan ini tidak dapat dipakai: {}",
			       "This room's meeting certificate cannot be used: {}"},
	[WORDS_GUEST] = {"{} (tamu, tidak diverifikasi)", "{} (guest, not verified)"},
	[WORDS_REASON_CERTIFICATE] = {"sertifikat tidak dikenal", "certificate not recognized"},
	[WORDS_REASON_EXPIRED] = {"sertifikat di luar masa berlaku",
				  "certificate expired or not yet valid"},
	[WORDS_REASON_REVOKED] = {"sertifikat dicabut", "certificate revoked"},
	[WORDS_REASON_GUESTS] = {"tamu tidak diizinkan", "guests are not allowed"},
	[WORDS_REASON_BROKEN] = {"pesan rusak", "broken messages"},
	[WORDS_REASON_FULL] = {"rapat penuh", "the meeting is full"},
	[WORDS_REASON_NO_CERTIFICATE] = {"tidak ada sertifikat", "there is no certificate"},
	[WORDS_REASON_CLOCK] = {"jam ruangan ini salah", "this room's clock is wrong"},
	[WORDS_REASON_TOKEN] = {"kunci tidak menandatangani", "the key does not sign"},
	[WORDS_REASON_KEY_STORE] = {"penyimpanan kunci penuh", "the key store is full"},
	[WORDS_REASON_MEMORY] = {"memori habis", "out of memory"},
	[WORDS_REASON_LIBRARY] = {"kriptografi gagal", "cryptography failed"},
	[WORDS_REASON_PSK] = {"kunci kantor tidak sama", "the office keys differ"},
	[WORDS_REASON_MEMBER] = {"ada anggota yang tidak dipercaya", "a member cannot be trusted"},
	[WORDS_REASON_CLEAR] = {"rapat ini tidak terenkripsi", "the meeting is not encrypted"},
	[WORDS_REASON_SEALED] = {"rapat terenkripsi, tetapi enkripsi dimatikan di sini",
				 "the meeting is encrypted, which is switched off here"},
	[WORDS_REASON_MISSED] = {"perubahan anggota terlewat", "a change of members was missed"},
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
