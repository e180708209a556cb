/*
 * mls-peer: one member of an MLS group for tests against another implementation. Takes commands from
 * standard input and answers each in a line; bytes are in hexadecimal, `-` is none of them.
 *
 *     new NUMBER                    a key package, in an MLSMessage
 *     create
 *     join WELCOME
 *     propose PROPOSAL              a message
 *     commit [PROPOSAL…]            a message and the Welcome
 *     advance | withdraw            the commit has won, or lost
 *     seal DATA                     a message
 *     process MESSAGE               application DATA | proposal | commit | removed
 *     state                         epoch, own leaf, epoch authenticator
 *
 * PROPOSAL is add:KEYPACKAGE, remove:LEAF, update (only to propose) or psk. What fails is answered
 * with "error" and why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "e2ee/mls_frame.h"
#include "tests/fake/hex.h"
#include "tests/fake/mls_party.h"

#define PROPOSALS_MAX 4

struct peer {
	struct mls_party party;
	bool made;
};

/* The words of a command, and the bytes that were read from them. */
struct command {
	char *rest;
	uint8_t *bytes[PROPOSALS_MAX]; /* owned */
	size_t n_bytes;
};

static struct mls_bytes take_bytes(struct command *command, const char *hex)
{
	size_t size = hex ? strlen(hex) / 2 : 0;
	uint8_t *bytes = malloc(size + 1);
	long length;

	if (!bytes || command->n_bytes == PROPOSALS_MAX)
		abort();
	command->bytes[command->n_bytes++] = bytes;
	length = hex ? hex_read(hex, bytes, size) : 0;
	return (struct mls_bytes){bytes, length < 0 ? 0 : (size_t)length};
}

static void say_hex(struct mls_bytes bytes)
{
	putchar(' ');
	if (bytes.length == 0)
		putchar('-');
	for (size_t i = 0; i < bytes.length; i++)
		printf("%02x", bytes.data[i]);
}

static int read_key_package(struct mls_bytes bytes, struct mls_proposal *proposal)
{
	struct mls_message message = {0};
	struct mls_reader reader;
	int r;

	mls_reader_init(&reader, bytes);
	mls_message_read(&reader, &message);
	r = mls_reader_close(&reader);
	if (r == 0 && message.wire_format != MLS_KEY_PACKAGE)
		r = -EINVAL;
	if (r == 0)
		proposal->add = message.key_package;
	return r;
}

static int read_proposal(struct command *command, const char *word, struct mls_proposal *proposal)
{
	*proposal = (struct mls_proposal){0};
	if (strncmp(word, "add:", 4) == 0) {
		proposal->type = MLS_PROPOSAL_ADD;
		return read_key_package(take_bytes(command, word + 4), proposal);
	}
	if (strncmp(word, "remove:", 7) == 0) {
		proposal->type = MLS_PROPOSAL_REMOVE;
		proposal->removed = (uint32_t)strtoul(word + 7, NULL, 10);
		return 0;
	}
	if (strcmp(word, "psk") == 0) {
		proposal->type = MLS_PROPOSAL_PSK;
		proposal->psk.type = MLS_PSK_EXTERNAL;
		proposal->psk.id = (struct mls_bytes){(const uint8_t *)"office", 6};
		return 0;
	}
	return -EINVAL;
}

static int do_new(struct peer *peer, struct command *command)
{
	struct mls_message message = {.wire_format = MLS_KEY_PACKAGE};
	struct mls_writer writer;

	if (peer->made)
		mls_party_finish(&peer->party);
	mls_party_init(&peer->party, (unsigned int)strtoul(command->rest, NULL, 10));
	peer->made = true;
	message.key_package = *mls_own_package_public(peer->party.package);
	mls_writer_init(&writer, MLS_MESSAGE_BYTES_MAX);
	mls_message_write(&writer, &message);
	printf("ok");
	say_hex(mls_writer_bytes(&writer));
	mls_writer_finish(&writer);
	return 0;
}

static int do_create(struct peer *peer, struct command *command)
{
	(void)command;
	mls_party_create(&peer->party);
	printf("ok");
	return 0;
}

static int do_join(struct peer *peer, struct command *command)
{
	struct mls_party *party = &peer->party;
	int r = mls_group_join(&party->member, party->package, take_bytes(command, command->rest),
			       (struct mls_bytes){0}, &party->group);

	if (r == 0)
		printf("ok");
	return r;
}

static int do_propose(struct peer *peer, struct command *command)
{
	struct mls_proposal proposal;
	struct mls_writer message;
	int r;

	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	if (strcmp(command->rest, "update") == 0) {
		r = mls_group_propose_update(peer->party.group, &message);
	} else {
		r = read_proposal(command, command->rest, &proposal);
		if (r == 0)
			r = mls_group_propose(peer->party.group, &proposal, &message);
	}
	if (r == 0) {
		printf("ok");
		say_hex(mls_writer_bytes(&message));
	}
	mls_writer_finish(&message);
	return r;
}

static int do_commit(struct peer *peer, struct command *command)
{
	struct mls_proposal proposals[PROPOSALS_MAX];
	struct mls_writer message;
	struct mls_writer welcome;
	size_t n = 0;
	char *word;
	int r = 0;

	while (r == 0 && n < PROPOSALS_MAX && (word = strsep(&command->rest, " ")))
		if (*word)
			r = read_proposal(command, word, &proposals[n++]);
	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	mls_writer_init(&welcome, MLS_WELCOME_BYTES_MAX);
	if (r == 0)
		r = mls_group_commit(peer->party.group, proposals, n, &message, &welcome);
	if (r == 0) {
		printf("ok");
		say_hex(mls_writer_bytes(&message));
		say_hex(mls_writer_bytes(&welcome));
	}
	mls_writer_finish(&message);
	mls_writer_finish(&welcome);
	return r;
}

static int do_advance(struct peer *peer, struct command *command)
{
	int r = mls_group_advance(peer->party.group);

	(void)command;
	if (r == 0)
		printf("ok");
	return r;
}

static int do_withdraw(struct peer *peer, struct command *command)
{
	(void)command;
	mls_group_withdraw(peer->party.group);
	printf("ok");
	return 0;
}

static int do_seal(struct peer *peer, struct command *command)
{
	struct mls_writer message;
	int r;

	mls_writer_init(&message, MLS_MESSAGE_BYTES_MAX);
	r = mls_group_seal(peer->party.group, take_bytes(command, command->rest), &message);
	if (r == 0) {
		printf("ok");
		say_hex(mls_writer_bytes(&message));
	}
	mls_writer_finish(&message);
	return r;
}

static int do_process(struct peer *peer, struct command *command)
{
	static const char *const kinds[] = {
		[MLS_RECEIVED_APPLICATION] = "application",
		[MLS_RECEIVED_PROPOSAL] = "proposal",
		[MLS_RECEIVED_COMMIT] = "commit",
		[MLS_RECEIVED_REMOVED] = "removed",
	};
	struct mls_received received;
	int r = mls_group_process(peer->party.group, take_bytes(command, command->rest), &received);

	if (r < 0)
		return r;
	printf("ok %s", kinds[received.kind]);
	if (received.kind == MLS_RECEIVED_APPLICATION)
		say_hex(mls_writer_bytes(&received.plaintext));
	mls_received_finish(&received);
	return 0;
}

static int do_state(struct peer *peer, struct command *command)
{
	const struct mls_group *group = peer->party.group;

	(void)command;
	printf("ok %" PRIu64 " %u", mls_group_epoch(group), mls_group_own_leaf(group));
	say_hex((struct mls_bytes){mls_group_authenticator(group), MLS_HASH_BYTES});
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct peer *peer, struct command *command);
	bool needs_group;
} commands[] = {
	{"new", do_new, false},          {"create", do_create, false},
	{"join", do_join, false},        {"propose", do_propose, true},
	{"commit", do_commit, true},     {"advance", do_advance, true},
	{"withdraw", do_withdraw, true}, {"seal", do_seal, true},
	{"process", do_process, true},   {"state", do_state, true},
};

static int run(struct peer *peer, const char *name, struct command *command)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (!peer->made && commands[i].run != do_new)
			return -EINVAL;
		if (commands[i].needs_group != (peer->party.group != NULL) &&
		    commands[i].run != do_new)
			return -EINVAL;
		return commands[i].run(peer, command);
	}
	return -EINVAL;
}

static void answer(struct peer *peer, char *line)
{
	struct command command = {.rest = line};
	const char *name;
	int r;

	line[strcspn(line, "\n")] = '\0';
	name = strsep(&command.rest, " ");
	if (!command.rest)
		command.rest = line + strlen(line);
	r = run(peer, name, &command);
	if (r < 0)
		printf("error %s", mls_error_text(r));
	putchar('\n');
	fflush(stdout);
	for (size_t i = 0; i < command.n_bytes; i++)
		free(command.bytes[i]);
}

int main(void)
{
	struct peer peer = {0};
	char *line = NULL;
	size_t size = 0;

	if (mls_crypto_init() < 0)
		return 1;
	while (getline(&line, &size, stdin) > 0)
		answer(&peer, line);
	free(line);
	if (peer.made)
		mls_party_finish(&peer.party);
	return 0;
}
