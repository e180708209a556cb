#include "base/text.h"

#include <jansson.h>

/* C0, DEL, and C1 in its two-byte UTF-8 form. */
static bool has_control(const unsigned char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return true;
		if (text[i] == 0xc2 && i + 1 < length && text[i + 1] <= 0x9f)
			return true;
	}
	return false;
}

bool text_is_plain(const char *text, size_t length)
{
	/* jansson takes a string only when it is UTF-8. */
	json_t *utf8 = json_stringn(text, length);
	bool is_utf8 = utf8 != NULL;

	json_decref(utf8);
	return is_utf8 && !has_control((const unsigned char *)text, length);
}
