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

struct bench {
	struct mls_party party;
	struct mls_key_pair door;
	struct mls_key_pair ephemeral;
	struct hpke_context context; /* one for all: nobody is to be kept from reading */
};

static void set_up(struct bench *bench)
{
	if (mls_crypto_init() < 0 || mls_key_pair_generate(&bench->door) < 0 ||
	    mls_key_pair_generate(&bench->ephemeral) < 0 ||
	    hpke_setup_sender(bench->door.public_key, &bench->ephemeral, "balai.1 knockmeeting", 20,
			      &bench->context) < 0)
		abort();
	mls_party_init(&bench->party, 1);
}

/* Seals what need not be a key package and its padding, as one who means ill may. */
static int seal(const struct bench *bench, struct mls_bytes plaintext, struct mls_writer *sealed)
{
	uint8_t *room;

	mls_write(sealed, bench->ephemeral.public_key, MLS_PUBLIC_KEY_BYTES);
	room = mls_write_room(sealed, plaintext.length + MLS_TAG_BYTES);
	if (!room)
		return -1;
	return mls_aead_seal(bench->context.key, bench->context.base_nonce, NULL, 0, plaintext.data,
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
	static struct bench bench;
	uint8_t plaintext[KNOCK_STEP_BYTES] = {0};
	struct mls_writer sealed;

	if (!bench.party.package)
		set_up(&bench);
	mls_writer_init(&sealed, KNOCK_BYTES_MAX);
	assert(knock_open(&bench.door, meeting, (struct mls_bytes){data, size}, &sealed) < 0);
	memcpy(plaintext, data, size < sizeof(plaintext) ? size : sizeof(plaintext));
	if (seal(&bench, (struct mls_bytes){plaintext, sizeof(plaintext)}, &sealed) == 0)
		open_sealed(&bench.door, &bench.party, mls_writer_bytes(&sealed));
	mls_writer_finish(&sealed);
	return 0;
}
