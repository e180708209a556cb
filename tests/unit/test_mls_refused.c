/* What a member or the hub may make up, and why each is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "e2ee/mls_signed.h"
#include "tests/fake/mls_party.h"

#define PARTIES 4

/* Members 0, 1 and 2 of a group, and one who waits outside. */
struct scene {
	struct mls_party parties[PARTIES];
	struct mls_writer commit, welcome;
};

static int set_up(void **state)
{
	static struct scene scene;
	struct mls_proposal adds[2];

	if (mls_crypto_init() < 0)
		return -1;
	for (unsigned int i = 0; i < PARTIES; i++)
		mls_party_init(&scene.parties[i], i);
	mls_party_create(&scene.parties[0]);
	mls_writer_init(&scene.commit, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&scene.welcome, MLS_WELCOME_BYTES_MAX);
	for (size_t i = 0; i < 2; i++)
		adds[i] = mls_party_add(&scene.parties[i + 1]);
	if (mls_group_commit(scene.parties[0].group, adds, 2, &scene.commit, &scene.welcome) < 0 ||
	    mls_group_advance(scene.parties[0].group) < 0)
		return -1;
	for (size_t i = 1; i < 3; i++) {
		struct mls_party *party = &scene.parties[i];

		if (mls_group_join(&party->member, party->package, mls_writer_bytes(&scene.welcome),
				   (struct mls_bytes){0}, &party->group) < 0)
			return -1;
	}
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	for (size_t i = 0; i < PARTIES; i++)
		mls_party_finish(&scene->parties[i]);
	mls_writer_finish(&scene->commit);
	mls_writer_finish(&scene->welcome);
	return 0;
}

/* Member 0 commits these without a path; what member 1 says to it. */
static int commit_of(struct scene *scene, const struct mls_proposal *proposals, size_t n)
{
	struct mls_content content = {.type = MLS_CONTENT_COMMIT};
	struct mls_received received;
	struct mls_writer message;
	uint8_t before[MLS_HASH_BYTES];
	int r;

	memcpy(before, mls_group_authenticator(scene->parties[1].group), sizeof(before));
	for (size_t i = 0; i < n; i++)
		content.commit.proposals[i].proposal = proposals[i];
	content.commit.n_proposals = n;
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	mls_party_forge(&scene->parties[0], &content, &message);
	r = mls_group_process(scene->parties[1].group, mls_writer_bytes(&message), &received);
	mls_writer_finish(&message);
	assert_memory_equal(before, mls_group_authenticator(scene->parties[1].group),
			    sizeof(before));
	return r;
}

static const struct mls_proposal remove_self = {.type = MLS_PROPOSAL_REMOVE, .removed = 0};
static const struct mls_proposal remove_other = {.type = MLS_PROPOSAL_REMOVE, .removed = 2};
static const struct mls_proposal remove_nobody = {.type = MLS_PROPOSAL_REMOVE, .removed = 3};
static const struct mls_proposal remove_beyond = {.type = MLS_PROPOSAL_REMOVE, .removed = 4000};
static const struct mls_proposal reinit = {.type = MLS_PROPOSAL_REINIT};
static const struct mls_proposal external_init = {.type = MLS_PROPOSAL_EXTERNAL_INIT};
static const struct mls_proposal no_extensions = {.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS};

static void test_lists(void **state)
{
	static const uint8_t nonce[MLS_HASH_BYTES];
	static const struct mls_psk_id office = {.type = MLS_PSK_EXTERNAL,
						 .id = {(const uint8_t *)"office", 6},
						 .nonce = {nonce, sizeof(nonce)}};
	const struct mls_proposal psk = {.type = MLS_PROPOSAL_PSK, .psk = office};
	const struct mls_proposal unknown_psk = {
		.type = MLS_PROPOSAL_PSK,
		.psk = {.type = MLS_PSK_EXTERNAL, .nonce = {nonce, sizeof(nonce)}},
	};
	const struct mls_proposal short_nonce = {
		.type = MLS_PROPOSAL_PSK,
		.psk = {.type = MLS_PSK_EXTERNAL, .id = office.id, .nonce = {nonce, 8}},
	};
	const struct mls_proposal branch_psk = {.type = MLS_PROPOSAL_PSK,
						.psk = {.type = MLS_PSK_RESUMPTION,
							.usage = MLS_PSK_FOR_BRANCH,
							.nonce = {nonce, sizeof(nonce)}}};
	struct scene *scene = *state;
	const struct mls_proposal add = mls_party_add(&scene->parties[3]);
	const struct mls_proposal add_member = mls_party_add(&scene->parties[2]);
	const struct {
		struct mls_proposal list[2];
		size_t n;
		int error;
	} rows[] = {
		{{{0}}, 0, MLS_ERROR_PATH},
		{{remove_other}, 1, MLS_ERROR_PATH},
		{{no_extensions}, 1, MLS_ERROR_PATH},
		{{remove_self}, 1, MLS_ERROR_PROPOSALS},
		{{remove_nobody}, 1, MLS_ERROR_PROPOSALS},
		{{remove_beyond}, 1, MLS_ERROR_PROPOSALS},
		{{remove_other, remove_other}, 2, MLS_ERROR_PROPOSALS},
		{{no_extensions, no_extensions}, 2, MLS_ERROR_PROPOSALS},
		{{reinit}, 1, MLS_ERROR_UNSUPPORTED},
		{{external_init}, 1, MLS_ERROR_UNSUPPORTED},
		{{add, add}, 2, MLS_ERROR_PROPOSALS},
		{{add_member}, 1, MLS_ERROR_PROPOSALS},
		{{add}, 1, MLS_ERROR_TAG},
		{{psk, psk}, 2, MLS_ERROR_PROPOSALS},
		{{psk}, 1, MLS_ERROR_TAG},
		{{short_nonce}, 1, MLS_ERROR_PROPOSALS},
		{{unknown_psk}, 1, MLS_ERROR_PSK_UNKNOWN},
		{{branch_psk}, 1, MLS_ERROR_PROPOSALS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(commit_of(scene, rows[i].list, rows[i].n), -rows[i].error);
}

/* A key package as member 3 would make it, but for one thing. */
static int add_with(struct scene *scene, void (*spoil)(struct mls_key_package *package))
{
	struct mls_party *joiner = &scene->parties[3];
	struct mls_proposal add = mls_party_add(joiner);
	struct mls_writer leaf, package;
	struct mls_reader reader;
	int r;

	spoil(&add.add);
	mls_writer_init(&leaf, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&package, MLS_MESSAGE_BYTES_MAX);
	assert_int_equal(mls_leaf_node_sign(&leaf, &add.add.leaf, (struct mls_bytes){0}, 0,
					    &joiner->signer),
			 0);
	mls_reader_init(&reader, mls_writer_bytes(&leaf));
	mls_leaf_node_read(&reader, &add.add.leaf);
	assert_int_equal(mls_key_package_sign(&package, &add.add, &joiner->signer), 0);
	mls_reader_init(&reader, mls_writer_bytes(&package));
	mls_key_package_read(&reader, &add.add);
	assert_int_equal(mls_reader_close(&reader), 0);
	r = commit_of(scene, &add, 1);
	mls_writer_finish(&leaf);
	mls_writer_finish(&package);
	return r;
}

static void spoil_nothing(struct mls_key_package *package)
{
	(void)package;
}

static void spoil_version(struct mls_key_package *package)
{
	package->version = 2;
}

static void spoil_suite(struct mls_key_package *package)
{
	package->cipher_suite = 1;
}

static void spoil_init_key(struct mls_key_package *package)
{
	package->init_key = package->leaf.encryption_key;
}

static void spoil_end(struct mls_key_package *package)
{
	package->leaf.not_after_s = MLS_PARTY_NOW_S - 1;
}

static void spoil_begin(struct mls_key_package *package)
{
	package->leaf.not_before_s = MLS_PARTY_NOW_S + 1;
}

static void spoil_capabilities(struct mls_key_package *package)
{
	package->leaf.capabilities.credentials = (struct mls_bytes){0};
}

static void spoil_source(struct mls_key_package *package)
{
	package->leaf.source = MLS_LEAF_UPDATE;
}

static void spoil_extension(struct mls_key_package *package)
{
	static const uint8_t unknown[] = {0xf0, 0x00, 0x00};

	package->leaf.extensions = (struct mls_bytes){unknown, sizeof(unknown)};
}

static void spoil_signature_key(struct mls_key_package *package)
{
	package->leaf.signature_key = package->leaf.encryption_key;
}

static void spoil_size(struct mls_key_package *package)
{
	static const uint8_t name[MLS_LEAF_BYTES_MAX];

	package->leaf.credential.identity = (struct mls_bytes){name, sizeof(name)};
}

static void test_key_packages(void **state)
{
	static const struct {
		void (*spoil)(struct mls_key_package *package);
		int error;
	} rows[] = {
		{spoil_nothing, MLS_ERROR_TAG},       {spoil_version, MLS_ERROR_VERSION},
		{spoil_suite, MLS_ERROR_SUITE},       {spoil_init_key, MLS_ERROR_KEY_PACKAGE},
		{spoil_end, MLS_ERROR_EXPIRED},       {spoil_begin, MLS_ERROR_EXPIRED},
		{spoil_capabilities, MLS_ERROR_LEAF}, {spoil_source, MLS_ERROR_LEAF},
		{spoil_extension, MLS_ERROR_LEAF},    {spoil_signature_key, MLS_ERROR_SIGNATURE},
		{spoil_size, MLS_ERROR_LIMIT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(add_with(*state, rows[i].spoil), -rows[i].error);
}

/* A proposal that no commit could take up is not even kept. */
static void test_proposals(void **state)
{
	struct scene *scene = *state;
	const struct {
		struct mls_proposal proposal;
		int error;
	} rows[] = {
		{remove_nobody, MLS_ERROR_PROPOSALS},
		{reinit, MLS_ERROR_UNSUPPORTED},
		{mls_party_add(&scene->parties[2]), MLS_ERROR_PROPOSALS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mls_content content = {.type = MLS_CONTENT_PROPOSAL,
					      .proposal = rows[i].proposal};
		struct mls_received received;
		struct mls_writer message;

		mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
		mls_party_forge(&scene->parties[0], &content, &message);
		assert_int_equal(mls_group_process(scene->parties[1].group,
						   mls_writer_bytes(&message), &received),
				 -rows[i].error);
		mls_writer_finish(&message);
	}
}

/* By a damaged Welcome one gets in nowhere, unless the damage was in what is for others. */
static void test_welcomes(void **state)
{
	struct scene *scene = *state;
	struct mls_party *party = &scene->parties[1];
	struct mls_group *group = NULL;
	struct mls_bytes welcome = mls_writer_bytes(&scene->welcome);
	size_t n_refused = 0;

	for (size_t i = 0; i < welcome.length; i += 29) {
		assert_true(mls_group_join(&party->member, party->package,
					   (struct mls_bytes){welcome.data, i},
					   (struct mls_bytes){0}, &group) < 0);
		assert_null(group);
		scene->welcome.data[i] ^= 4;
		if (mls_group_join(&party->member, party->package, welcome, (struct mls_bytes){0},
				   &group) == 0)
			assert_memory_equal(mls_group_authenticator(group),
					    mls_group_authenticator(party->group), MLS_HASH_BYTES);
		else
			n_refused++;
		scene->welcome.data[i] ^= 4;
		mls_group_destroy(group);
		group = NULL;
	}
	assert_true(n_refused > welcome.length / 29 / 2);
	assert_int_equal(mls_group_join(&scene->parties[3].member, scene->parties[3].package,
					welcome, (struct mls_bytes){0}, &group),
			 -MLS_ERROR_NOT_FOR_US);
	assert_null(group);
}

static int refuse_member(void *context, const struct mls_leaf_node *leaf)
{
	(void)context;
	(void)leaf;
	return -MLS_ERROR_REVOKED;
}

/* Nobody enters a meeting with a member that is not to be trusted. */
static void test_untrusted(void **state)
{
	struct scene *scene = *state;
	struct mls_party *party = &scene->parties[1];
	struct mls_owner_ops ops = *mls_party_ops();
	const struct mls_member wary = {&party->signer, {&ops, NULL}};
	struct mls_group *group = NULL;

	ops.check_member = refuse_member;
	assert_int_equal(mls_group_join(&wary, party->package, mls_writer_bytes(&scene->welcome),
					(struct mls_bytes){0}, &group),
			 -MLS_ERROR_REVOKED);
	assert_int_equal(mls_group_create(&wary, (struct mls_bytes){0}, party->package, &group),
			 -MLS_ERROR_REVOKED);
	assert_null(group);
}

static int process(struct scene *scene, size_t party, const struct mls_writer *message)
{
	struct mls_received received;

	return mls_group_process(scene->parties[party].group, mls_writer_bytes(message), &received);
}

/* Messages of other groups, of epochs that are gone, or of no kind that a group takes. */
static void test_foreign(void **state)
{
	struct scene *scene = *state;
	struct mls_party *other = &scene->parties[3];
	struct mls_writer message;
	struct mls_group *group;

	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	assert_int_equal(mls_group_create(&other->member, (struct mls_bytes){0}, other->package,
					  &group),
			 0);
	assert_int_equal(mls_group_seal(group, (struct mls_bytes){0}, &message), 0);
	assert_int_equal(process(scene, 0, &message), -MLS_ERROR_GROUP);
	assert_int_equal(process(scene, 1, &message), -MLS_ERROR_EPOCH);
	mls_group_destroy(group);

	/* One who founds a group of the same name has none of its keys. */
	mls_writer_finish(&message);
	mls_party_create(other);
	assert_int_equal(mls_group_seal(other->group, (struct mls_bytes){0}, &message), 0);
	assert_int_equal(process(scene, 0, &message), -MLS_ERROR_DECRYPT);
	assert_int_equal(process(scene, 0, &scene->welcome), -MLS_ERROR_VALUE);
	assert_int_equal(process(scene, 1, &scene->commit), -MLS_ERROR_EPOCH);
	mls_writer_finish(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),     cmocka_unit_test(test_key_packages),
		cmocka_unit_test(test_proposals), cmocka_unit_test(test_welcomes),
		cmocka_unit_test(test_untrusted), cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
