/* deserialization, messages: what is read is written back as the same bytes (RFC 9420, section 2.1). */
#include "e2ee/mls_frame.h"
#include "e2ee/mls_tree.h"
#include "tests/vectors/vectors.h"

static void check_deserialization(struct vector_case *test, const json_t *json)
{
	struct mls_bytes header = vector_bytes(test, json, "vlbytes_header");
	uint64_t length = vector_number(test, json, "length");
	struct mls_writer writer;
	struct mls_reader reader;

	mls_reader_init(&reader, header);
	if (mls_read_length(&reader) != length)
		vector_fail(test, "another length");
	vector_done(test, "reading", mls_reader_close(&reader));
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_write_length(&writer, length);
	vector_done(test, "writing", writer.fault);
	vector_same(test, "header", writer.data, writer.length, header);
	mls_writer_finish(&writer);
}

static void copy_message(struct mls_reader *reader, struct mls_writer *writer)
{
	struct mls_message message;

	mls_message_read(reader, &message);
	if (reader->fault == 0)
		mls_message_write(writer, &message);
}

static void copy_tree(struct mls_reader *reader, struct mls_writer *writer)
{
	struct mls_bytes encoded = {reader->data, reader->end};
	struct mls_tree *tree;

	writer->fault = mls_tree_read(encoded, &tree);
	if (writer->fault != 0)
		return;
	mls_tree_write(writer, tree);
	mls_tree_destroy(tree);
	reader->at = reader->end;
}

static void copy_secrets(struct mls_reader *reader, struct mls_writer *writer)
{
	struct mls_group_secrets secrets;

	mls_group_secrets_read(reader, &secrets);
	if (reader->fault == 0)
		mls_group_secrets_write(writer, &secrets);
}

static void copy_proposal(struct mls_reader *reader, struct mls_writer *writer, uint16_t type)
{
	struct mls_proposal proposal = {.type = type};

	mls_proposal_read_content(reader, &proposal);
	if (reader->fault == 0)
		mls_proposal_write_content(writer, &proposal);
}

static void copy_commit(struct mls_reader *reader, struct mls_writer *writer)
{
	struct mls_commit commit;

	mls_commit_read(reader, &commit);
	if (reader->fault == 0)
		mls_commit_write(writer, &commit);
}

static const struct {
	const char *key;
	void (*copy)(struct mls_reader *reader, struct mls_writer *writer);
	uint16_t proposal; /* or this, where there is no copy() */
} parts[] = {
	{"mls_welcome", copy_message, 0},
	{"mls_group_info", copy_message, 0},
	{"mls_key_package", copy_message, 0},
	{"ratchet_tree", copy_tree, 0},
	{"group_secrets", copy_secrets, 0},
	{"add_proposal", NULL, MLS_PROPOSAL_ADD},
	{"update_proposal", NULL, MLS_PROPOSAL_UPDATE},
	{"remove_proposal", NULL, MLS_PROPOSAL_REMOVE},
	{"pre_shared_key_proposal", NULL, MLS_PROPOSAL_PSK},
	{"re_init_proposal", NULL, MLS_PROPOSAL_REINIT},
	{"external_init_proposal", NULL, MLS_PROPOSAL_EXTERNAL_INIT},
	{"group_context_extensions_proposal", NULL, MLS_PROPOSAL_CONTEXT_EXTENSIONS},
	{"commit", copy_commit, 0},
	{"public_message_application", copy_message, 0},
	{"public_message_proposal", copy_message, 0},
	{"public_message_commit", copy_message, 0},
	{"private_message", copy_message, 0},
};

static void check_messages(struct vector_case *test, const json_t *json)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct mls_bytes encoded = vector_bytes(test, json, parts[i].key);
		struct mls_writer writer;
		struct mls_reader reader;

		mls_reader_init(&reader, encoded);
		mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
		if (parts[i].copy)
			parts[i].copy(&reader, &writer);
		else
			copy_proposal(&reader, &writer, parts[i].proposal);
		vector_done(test, parts[i].key, mls_reader_close(&reader));
		vector_done(test, parts[i].key, writer.fault);
		vector_same(test, parts[i].key, writer.data, writer.length, encoded);
		mls_writer_finish(&writer);
	}
}

const struct vector_format vector_formats_messages[] = {
	{"deserialization", "vlbytes_header", check_deserialization},
	{"messages", "mls_group_info", check_messages},
	{0},
};
