#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 256 };

struct fixture {
	char folder[64];
};

/* Runs a program without a word of it; returns its exit code. */
static int run(const char *const *arguments)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	assert_int_equal(posix_spawn(&pid, arguments[0], &actions, NULL, (char *const *)arguments,
				     environ),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define PKI(...) run((const char *[]){"tools/pki/pki", __VA_ARGS__, NULL})

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->folder, sizeof(f->folder), "/tmp/balai-pki.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(PKI("ca", f->folder, "Kementerian A"), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run((const char *[]){"/bin/rm", "-r", f->folder, NULL}), 0);
	free(f);
	return 0;
}

static void path_of(const struct fixture *f, const char *file, char path[static PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", f->folder, file);
}

static X509 *read_certificate(const struct fixture *f, const char *file)
{
	char path[PATH_BYTES];
	X509 *certificate;
	FILE *stream;

	path_of(f, file, path);
	stream = fopen(path, "re");
	if (!stream)
		fail();
	certificate = PEM_read_X509(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(certificate);
	return certificate;
}

/* X509_V_OK, or why the certificate is no good for `purpose`. */
static int verify(const struct fixture *f, X509 *certificate, int purpose)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_STORE *store = X509_STORE_new();
	char path[PATH_BYTES];
	int error;

	path_of(f, "ca.crt", path);
	assert_int_equal(X509_STORE_load_file(store, path), 1);
	assert_int_equal(X509_STORE_CTX_init(context, store, certificate, NULL), 1);
	X509_STORE_CTX_set_purpose(context, purpose);
	X509_verify_cert(context);
	error = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return error;
}

static void expect_name(const X509 *certificate, const char *name)
{
	X509_NAME_ENTRY *entry;
	unsigned char *text;

	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(certificate)), 1);
	entry = X509_NAME_get_entry(X509_get_subject_name(certificate), 0);
	assert_true(ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry)) > 0);
	assert_string_equal((const char *)text, name);
	OPENSSL_free(text);
}

static void a_key_is_readable_by_its_owner_alone(void **state)
{
	const struct fixture *f = *state;
	char path[PATH_BYTES];
	struct stat status;

	assert_int_equal(PKI("room", f->folder, "Ruang Rapat 1"), 0);
	path_of(f, "ruang-rapat-1.key", path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	path_of(f, "ca.key", path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void expect_member(X509 *certificate)
{
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE);
	assert_non_null(X509_get0_subject_key_id(certificate));
	assert_non_null(X509_get0_authority_key_id(certificate));
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(certificate)), 256);
}

static void a_box_is_a_client_and_no_server(void **state)
{
	const struct fixture *f = *state;
	X509 *box;

	assert_int_equal(PKI("box", f->folder, "box-0007"), 0);
	box = read_certificate(f, "box-0007.crt");
	expect_name(box, "box-0007");
	assert_int_equal(verify(f, box, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_int_equal(verify(f, box, X509_PURPOSE_SSL_SERVER), X509_V_ERR_INVALID_PURPOSE);
	expect_member(box);
	X509_free(box);
}

static void a_room_signs(void **state)
{
	const struct fixture *f = *state;
	X509 *room;

	assert_int_equal(PKI("room", f->folder, "Ruang Rapat 1"), 0);
	room = read_certificate(f, "ruang-rapat-1.crt");
	expect_name(room, "Ruang Rapat 1");
	assert_int_equal(verify(f, room, X509_PURPOSE_ANY), X509_V_OK);
	assert_int_equal(X509_get_ext_by_NID(room, NID_ext_key_usage, -1), -1);
	expect_member(room);
	X509_free(room);
}

static X509_CRL *read_list(const struct fixture *f)
{
	char path[PATH_BYTES];
	X509_CRL *list;
	FILE *stream;

	path_of(f, "revoked.crl", path);
	stream = fopen(path, "re");
	if (!stream)
		fail();
	list = PEM_read_X509_CRL(stream, NULL, NULL, NULL);
	fclose(stream);
	assert_non_null(list);
	return list;
}

/* Who is on the list, which is the authority's and lasts so many days. */
static void expect_list(const struct fixture *f, X509 *one, bool has_one, X509 *two, bool has_two,
			int lasts_days)
{
	X509 *ca = read_certificate(f, "ca.crt");
	X509_CRL *list = read_list(f);
	X509_REVOKED *entry;
	int days, seconds;

	assert_int_equal(X509_CRL_verify(list, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_CRL_get0_by_cert(list, &entry, one), has_one);
	assert_int_equal(X509_CRL_get0_by_cert(list, &entry, two), has_two);
	assert_true(X509_CRL_get_ext_by_NID(list, NID_crl_number, -1) >= 0);
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_CRL_get0_lastUpdate(list),
					X509_CRL_get0_nextUpdate(list)),
			 1);
	assert_int_equal(days, lasts_days);
	X509_CRL_free(list);
	X509_free(ca);
}

static void revoked_stays_revoked(void **state)
{
	const struct fixture *f = *state;
	char one_path[PATH_BYTES], two_path[PATH_BYTES];
	X509 *one, *two;

	assert_int_equal(PKI("room", "--file", "one", f->folder, "Ruang"), 0);
	assert_int_equal(PKI("room", "--file", "two", f->folder, "Ruang"), 0);
	one = read_certificate(f, "one.crt");
	two = read_certificate(f, "two.crt");
	path_of(f, "one.crt", one_path);
	path_of(f, "two.crt", two_path);
	assert_int_equal(PKI("revoke", f->folder), 0);
	expect_list(f, one, false, two, false, 30);
	assert_int_equal(PKI("revoke", f->folder, one_path), 0);
	expect_list(f, one, true, two, false, 30);
	assert_int_equal(PKI("revoke", "--days", "7", f->folder, one_path, two_path), 0);
	expect_list(f, one, true, two, true, 7);
	assert_int_equal(PKI("revoke", "--expired", f->folder), 0);
	expect_list(f, one, true, two, true, 1);
	X509_free(one);
	X509_free(two);
}

static void only_certificates_are_revoked(void **state)
{
	const struct fixture *f = *state;
	char key[PATH_BYTES], list[PATH_BYTES];

	path_of(f, "ca.key", key);
	path_of(f, "revoked.crl", list);
	assert_int_equal(PKI("revoke", f->folder, key), 1);
	assert_int_equal(PKI("revoke", f->folder, "/absent"), 1);
	assert_int_equal(PKI("revoke", "/absent"), 1);
	assert_int_equal(access(list, F_OK), -1);
}

static void a_server_is_known_by_all_its_names(void **state)
{
	const struct fixture *f = *state;
	X509 *server;

	assert_int_equal(PKI("server", f->folder, "hub.example", "192.0.2.7", "2001:db8::7",
			     "b.example"),
			 0);
	server = read_certificate(f, "hub.example.crt");
	assert_int_equal(verify(f, server, X509_PURPOSE_SSL_SERVER), X509_V_OK);
	assert_int_equal(verify(f, server, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_check_host(server, "hub.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(server, "b.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(server, "c.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(server, "192.0.2.7", 0), 1);
	assert_int_equal(X509_check_ip_asc(server, "2001:db8::7", 0), 1);
	X509_free(server);
}

static void the_authority_signs_no_other_authority(void **state)
{
	const struct fixture *f = *state;
	X509 *ca = read_certificate(f, "ca.crt");

	expect_name(ca, "Kementerian A");
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	X509_free(ca);
}

static void serials_are_unique(void **state)
{
	const struct fixture *f = *state;
	X509 *one, *two;

	assert_int_equal(PKI("room", "--file", "one", f->folder, "Ruang"), 0);
	assert_int_equal(PKI("room", "--file", "two", f->folder, "Ruang"), 0);
	one = read_certificate(f, "one.crt");
	two = read_certificate(f, "two.crt");
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(one),
					      X509_get0_serialNumber(two)),
			     0);
	X509_free(one);
	X509_free(two);
}

static void validity_is_as_told(void **state)
{
	const struct fixture *f = *state;
	X509 *expired, *week;
	int days, seconds;

	assert_int_equal(PKI("box", "--expired", "--file", "old", f->folder, "box-1"), 0);
	assert_int_equal(PKI("box", "--days", "7", "--file", "week", f->folder, "box-1"), 0);
	expired = read_certificate(f, "old.crt");
	week = read_certificate(f, "week.crt");
	assert_int_equal(verify(f, expired, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(verify(f, week, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(week),
					X509_get0_notAfter(week)),
			 1);
	assert_int_equal(days, 7);
	X509_free(expired);
	X509_free(week);
}

static void nothing_is_overwritten(void **state)
{
	const struct fixture *f = *state;
	X509 *before, *after;

	assert_int_equal(PKI("room", f->folder, "Ruang"), 0);
	before = read_certificate(f, "ruang.crt");
	assert_int_equal(PKI("room", f->folder, "Ruang"), 1);
	assert_int_equal(PKI("ca", f->folder), 1);
	assert_int_equal(PKI("room", f->folder, "CA"), 1);
	after = read_certificate(f, "ruang.crt");
	assert_int_equal(X509_cmp(before, after), 0);
	X509_free(before);
	X509_free(after);
}

static void names_are_taken_as_they_are_or_refused(void **state)
{
	static const struct {
		const char *name;
		int code;
	} cases[] = {
		{"Ruang/Rapat+1,\\=#$%\"'` x", 0},
		{"会議室", 0},
		{"0123456789012345678901234567890123456789012345678901234567890123", 0},
		{"01234567890123456789012345678901234567890123456789012345678901234", 1},
		{"会議室会議室会議室会議室会議室会議室会議室会", 1},
		{"", 1},
		{"a\nb", 1},
		{"a\x7f"
		 "b",
		 1},
		{"a\xc2\x85"
		 "b",
		 1},
		{"a\xff"
		 "b",
		 1},
	};
	const struct fixture *f = *state;
	char base[16], file[24];
	X509 *room;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(base, sizeof(base), "room%zu", i);
		snprintf(file, sizeof(file), "%s.crt", base);
		assert_int_equal(PKI("room", "--file", base, f->folder, cases[i].name),
				 cases[i].code);
		if (cases[i].code != 0)
			continue;
		room = read_certificate(f, file);
		expect_name(room, cases[i].name);
		X509_free(room);
	}
	assert_int_equal(PKI("room", f->folder, "会議室"), 1);
	assert_int_equal(PKI("server", f->folder, "no host"), 1);
	assert_int_equal(PKI("room", f->folder), 2);
	assert_int_equal(PKI("fly", f->folder), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_key_is_readable_by_its_owner_alone),
		TEST(a_box_is_a_client_and_no_server),
		TEST(a_room_signs),
		TEST(revoked_stays_revoked),
		TEST(only_certificates_are_revoked),
		TEST(a_server_is_known_by_all_its_names),
		TEST(the_authority_signs_no_other_authority),
		TEST(serials_are_unique),
		TEST(validity_is_as_told),
		TEST(nothing_is_overwritten),
		TEST(names_are_taken_as_they_are_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
