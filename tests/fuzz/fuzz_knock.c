/*
 * What comes to the door: a knock that was not sealed to its key is refused whatever it is, and what was
 * sealed to it is a key package or refused.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/hpke.h"
#include "e2ee/knock.h"
#include "tests/fake/mls_party.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mls_bytes meeting = {(const uint8_t *)"meeting", 7};

/* Seals what need not be a key package and its padding, as one who means ill may. */
static int seal(const struct mls_key_pair *door, struct mls_bytes plaintext,
		struct mls_writer *sealed)
{
	struct mls_key_pair ephemeral;
	struct hpke_context context;
	uint8_t *room;

	if (mls_key_pair_generate(&ephemeral) < 0 ||
	    hpke_setup_sender(door->public_key, &ephemeral, "balai.1 knockmeeting", 20, &context) <
		    0)
		abort();
	mls_write(sealed, ephemeral.public_key, MLS_PUBLIC_KEY_BYTES);
	room = mls_write_room(sealed, plaintext.length + MLS_TAG_BYTES);
	if (!room)
		return -1;
	return mls_aead_seal(context.key, context.base_nonce, NULL, 0, plaintext.data,
			     plaintext.length, room);
}

static void open_sealed(const struct mls_key_pair *door, const struct mls_party *party,
			struct mls_bytes sealed)
{
	struct mls_key_package package;
	struct mls_reader reader;
	struct mls_writer opened;

	mls_writer_init(&opened, KNOCK_BYTES_MAX);
	if (knock_open(door, meeting, sealed, &opened) == 0) {
		mls_reader_init(&reader, mls_writer_bytes(&opened));
		mls_key_package_read(&reader, &package);
		if (mls_reader_close(&reader) == 0)
			(void)!mls_key_package_check(&package, &party->member.owner);
	}
	mls_writer_finish(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mls_party party;
	static struct mls_key_pair door;
	uint8_t plaintext[KNOCK_STEP_BYTES] = {0};
	struct mls_writer sealed;

	if (!party.package) {
		if (mls_crypto_init() < 0 || mls_key_pair_generate(&door) < 0)
			abort();
		mls_party_init(&party, 1);
	}
	mls_writer_init(&sealed, KNOCK_BYTES_MAX);
	assert(knock_open(&door, meeting, (struct mls_bytes){data, size}, &sealed) < 0);
	memcpy(plaintext, data, size < sizeof(plaintext) ? size : sizeof(plaintext));
	if (seal(&door, (struct mls_bytes){plaintext, sizeof(plaintext)}, &sealed) == 0)
		open_sealed(&door, &party, mls_writer_bytes(&sealed));
	mls_writer_finish(&sealed);
	return 0;
}
