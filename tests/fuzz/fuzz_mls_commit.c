/*
 * What a member of the group makes up: the fuzzer's bytes are the proposal or commit of one who signs
 * them as it should. The other refuses it and goes on, or keeps a proposal; nothing takes it into an
 * epoch whose confirmation tag is not right.
 */
#include <assert.h>
#include <stdlib.h>

#include "tests/fake/mls_party.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mls_party parties[2];

static void must(int r)
{
	if (r < 0)
		abort();
}

/* Both in a group. */
static void set_up(void)
{
	struct mls_proposal add;
	struct mls_writer commit, welcome;

	must(mls_crypto_init());
	for (unsigned int i = 0; i < 2; i++) {
		mls_party_finish(&parties[i]);
		mls_party_init(&parties[i], i);
	}
	mls_writer_init(&commit, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	mls_party_create(&parties[0]);
	add = mls_party_add(&parties[1]);
	must(mls_group_commit(parties[0].group, &add, 1, &commit, &welcome));
	must(mls_group_advance(parties[0].group));
	must(mls_group_join(&parties[1].member, parties[1].package, mls_writer_bytes(&welcome),
			    (struct mls_bytes){0}, &parties[1].group));
	mls_writer_finish(&commit);
	mls_writer_finish(&welcome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mls_content message;
	struct mls_received received;
	struct mls_reader reader;
	struct mls_writer sealed;
	bool is_commit = size > 0 && data[0] == 3;
	int r;

	if (size == 0 || size > MLS_MESSAGE_BYTES_MAX / 2)
		return 0;
	if (!parties[0].group)
		set_up();
	message.type = is_commit ? MLS_CONTENT_COMMIT : MLS_CONTENT_PROPOSAL;
	mls_reader_init(&reader, (struct mls_bytes){data + 1, size - 1});
	mls_content_read_body(&reader, &message);
	if (mls_reader_close(&reader) < 0)
		return 0;
	mls_writer_init(&sealed, MLS_MESSAGE_BYTES_MAX);
	mls_party_forge(&parties[0], &message, &sealed);
	r = mls_group_process(parties[1].group, mls_writer_bytes(&sealed), &received);
	mls_writer_finish(&sealed);
	if (r < 0)
		return 0;
	assert(received.kind == (is_commit ? MLS_RECEIVED_REMOVED : MLS_RECEIVED_PROPOSAL));
	mls_received_finish(&received);
	set_up();
	return 0;
}
