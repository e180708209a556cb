/* What the rogue hub does to rosters and to the group's messages. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/rogue/rogue.h"
#include "tools/hub/outbox.h"
#include "tools/hub/session.h"

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the linker's, by --wrap
void __real_session_text(struct session *session, const char *text, size_t length);
void __real_outbox_text(struct outbox *outbox, struct packet *packet);
void __real_outbox_roster(struct outbox *outbox, struct packet *packet);
void __wrap_session_text(struct session *session, const char *text, size_t length);
void __wrap_outbox_text(struct outbox *outbox, struct packet *packet);
void __wrap_outbox_roster(struct outbox *outbox, struct packet *packet);

/* What came first. */
static struct packet *commit;
static json_t *package;

static void swap_members(json_t *members)
{
	json_t *first = json_array_get(members, 0), *second = json_array_get(members, 1);
	json_t *tracks = json_incref(json_object_get(first, "tracks"));

	if (!second) {
		json_decref(tracks);
		return;
	}
	json_object_set(first, "tracks", json_object_get(second, "tracks"));
	json_object_set_new(second, "tracks", tracks);
}

static void rename_members(json_t *members)
{
	json_t *member;
	size_t i;

	json_array_foreach (members, i, member) {
		json_object_set_new(member, "name", json_string("Ruang Palsu"));
	}
}

/* The roster as it is to be told; with a reference. */
static struct packet *forge_roster(enum rogue_deed deed, struct packet *packet)
{
	json_t *roster = json_loadb((const char *)packet_message(packet), packet->length, 0, NULL);
	json_t *members = json_object_get(json_object_get(roster, "params"), "members");
	struct packet *forged = NULL;
	char *text;

	if (deed == ROGUE_SWAP_MEMBERS)
		swap_members(members);
	else if (deed == ROGUE_SAY_LEFT)
		json_array_remove(members, 1);
	else
		rename_members(members);
	text = json_dumps(roster, JSON_COMPACT);
	if (text)
		forged = rogue_text(packet->pool, text);
	free(text);
	json_decref(roster);
	return forged ? forged : packet_ref(packet);
}

/* A knock with the package that came first, or the packet itself; with a reference. */
static struct packet *forge_knock(struct packet *packet)
{
	json_t *knock = json_loadb((const char *)packet_message(packet), packet->length, 0, NULL);
	json_t *params = json_object_get(knock, "params");
	struct packet *forged = NULL;
	char *text;

	if (!package)
		package = json_incref(json_object_get(params, "package"));
	json_object_set(params, "package", package);
	text = json_dumps(knock, JSON_COMPACT);
	if (text)
		forged = rogue_text(packet->pool, text);
	free(text);
	json_decref(knock);
	return forged ? forged : packet_ref(packet);
}

static bool is_of(struct packet *packet, const char *method)
{
	json_t *text = json_loadb((const char *)packet_message(packet), packet->length, 0, NULL);
	const char *found = json_string_value(json_object_get(text, "method"));
	bool is = found && strcmp(found, method) == 0;

	json_decref(text);
	return is;
}

static void send_commit(enum rogue_deed deed, struct outbox *outbox, struct packet *packet)
{
	if (!commit)
		commit = packet_ref(packet);
	if (deed == ROGUE_DROP_COMMITS)
		return;
	__real_outbox_text(outbox, packet);
	if (deed != ROGUE_REPLAY_COMMITS)
		return;
	__real_outbox_text(outbox, packet);
	__real_outbox_text(outbox, commit);
}

void __wrap_session_text(struct session *session, const char *text, size_t length)
{
	rogue_record(text, length);
	__real_session_text(session, text, length);
}

void __wrap_outbox_text(struct outbox *outbox, struct packet *packet)
{
	enum rogue_deed deed = rogue_order();
	struct packet *forged;

	rogue_record(packet_message(packet), packet->length);
	if (is_of(packet, "commit")) {
		send_commit(deed, outbox, packet);
	} else if (deed == ROGUE_FOREIGN_PACKAGES && is_of(packet, "knock")) {
		forged = forge_knock(packet);
		__real_outbox_text(outbox, forged);
		packet_unref(forged);
	} else {
		__real_outbox_text(outbox, packet);
	}
}

void __wrap_outbox_roster(struct outbox *outbox, struct packet *packet)
{
	enum rogue_deed deed = rogue_order();
	struct packet *forged;

	rogue_record(packet_message(packet), packet->length);
	if (deed != ROGUE_SWAP_MEMBERS && deed != ROGUE_SAY_LEFT && deed != ROGUE_RENAME) {
		__real_outbox_roster(outbox, packet);
		return;
	}
	forged = forge_roster(deed, packet);
	__real_outbox_roster(outbox, forged);
	packet_unref(forged);
}
// NOLINTEND(bugprone-reserved-identifier): as above
