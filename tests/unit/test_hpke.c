/* RFC 9180, Appendix A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/hpke.h"
#include "tests/fake/hex.h"

static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char ephemeral_ikm[] =
	"4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e";
static const char ephemeral_private[] =
	"4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb";
static const char ephemeral_public[] =
	"04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9"
	"8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4";
static const char receiver_ikm[] =
	"668b37171f1072f3cf12ea8a236a45df23fc13b82af3609ad1e354f6ef817550";
static const char receiver_private[] =
	"f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2";
static const char receiver_public[] =
	"04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82"
	"6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0";

static void assert_hex(const void *bytes, size_t length, const char *hex)
{
	uint8_t expected[128];

	assert_int_equal(hex_read(hex, expected, sizeof(expected)), length);
	assert_memory_equal(bytes, expected, length);
}

static void derive(const char *ikm_hex, struct mls_key_pair *ret_pair)
{
	uint8_t ikm[32];

	assert_int_equal(hex_read(ikm_hex, ikm, sizeof(ikm)), sizeof(ikm));
	assert_int_equal(mls_derive_key_pair(ikm, sizeof(ikm), ret_pair), 0);
}

static void test_derive_key_pair(void **state)
{
	struct mls_key_pair pair;

	(void)state;
	derive(ephemeral_ikm, &pair);
	assert_hex(pair.private_key, sizeof(pair.private_key), ephemeral_private);
	assert_hex(pair.public_key, sizeof(pair.public_key), ephemeral_public);
	derive(receiver_ikm, &pair);
	assert_hex(pair.private_key, sizeof(pair.private_key), receiver_private);
	assert_hex(pair.public_key, sizeof(pair.public_key), receiver_public);
}

static void assert_context(const struct hpke_context *context)
{
	uint8_t exported[32];

	assert_hex(context->key, sizeof(context->key), "868c066ef58aae6dc589b6cfdd18f97e");
	assert_hex(context->base_nonce, sizeof(context->base_nonce), "4e0bc5018beba4bf004cca59");
	assert_hex(context->exporter_secret, sizeof(context->exporter_secret),
		   "14ad94af484a7ad3ef40e9f3be99ecc6fa9036df9d4920548424df127ee0d99f");
	assert_int_equal(hpke_export(context, NULL, 0, exported, sizeof(exported)), 0);
	assert_hex(exported, sizeof(exported),
		   "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d");
	assert_int_equal(hpke_export(context, "\0", 1, exported, sizeof(exported)), 0);
	assert_hex(exported, sizeof(exported),
		   "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796");
	assert_int_equal(hpke_export(context, "TestContext", 11, exported, sizeof(exported)), 0);
	assert_hex(exported, sizeof(exported),
		   "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a");
}

static void test_both_ends_agree(void **state)
{
	struct mls_key_pair ephemeral;
	struct mls_key_pair receiver;
	struct hpke_context context;
	uint8_t info[20];

	(void)state;
	assert_int_equal(hex_read(info_hex, info, sizeof(info)), sizeof(info));
	derive(ephemeral_ikm, &ephemeral);
	derive(receiver_ikm, &receiver);
	assert_int_equal(hpke_setup_sender(receiver.public_key, &ephemeral, info, sizeof(info),
					   &context),
			 0);
	assert_context(&context);
	hpke_wipe(&context);
	assert_int_equal(hpke_setup_receiver(ephemeral.public_key, &receiver, info, sizeof(info),
					     &context),
			 0);
	assert_context(&context);
}

static void test_first_message(void **state)
{
	static const char plaintext[] = "Beauty is truth, truth beauty";
	static const char ciphertext[] =
		"5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f"
		"9076ac232e3ab2523f39513434";
	uint8_t key[16];
	uint8_t nonce[12];
	uint8_t sealed[sizeof(plaintext) - 1 + MLS_TAG_BYTES];

	(void)state;
	assert_int_equal(hex_read("868c066ef58aae6dc589b6cfdd18f97e", key, 16), 16);
	assert_int_equal(hex_read("4e0bc5018beba4bf004cca59", nonce, 12), 12);
	assert_int_equal(mls_aead_seal(key, nonce, "Count-0", 7, plaintext, sizeof(plaintext) - 1,
				       sealed),
			 0);
	assert_hex(sealed, sizeof(sealed), ciphertext);
}

/* Points that are not on the curve, at infinity, compressed. */
static void test_bad_points(void **state)
{
	static const struct {
		uint8_t first;
		uint8_t last;
	} rows[] = {{4, 0xa1}, {2, 0xa0}, {0, 0xa0}, {6, 0xa0}};
	struct mls_key_pair pair;
	struct hpke_context context = {.key = {7}};
	uint8_t point[MLS_PUBLIC_KEY_BYTES];

	(void)state;
	derive(receiver_ikm, &pair);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(point, pair.public_key, sizeof(point));
		point[0] = rows[i].first;
		point[sizeof(point) - 1] = rows[i].last;
		assert_int_equal(hpke_setup_sender(point, &pair, NULL, 0, &context), -EINVAL);
		assert_int_equal(hpke_setup_receiver(point, &pair, NULL, 0, &context), -EBADMSG);
	}
	memset(point, 0, sizeof(point));
	point[0] = 4;
	assert_int_equal(hpke_setup_receiver(point, &pair, NULL, 0, &context), -EBADMSG);
	assert_int_equal(context.key[0], 7);
}

static int set_up(void **state)
{
	(void)state;
	return mls_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_derive_key_pair),
		cmocka_unit_test(test_both_ends_agree),
		cmocka_unit_test(test_first_message),
		cmocka_unit_test(test_bad_points),
	};

	return cmocka_run_group_tests_name("hpke", tests, set_up, NULL);
}
