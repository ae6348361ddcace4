/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/custodian/custodian.h"

#include <string.h>
#include <sys/stat.h>

#include "asn1/ber.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/status.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "crypto/unwrap.h"
#include "keys/custodian/record.h"
#include "keys/custodian/tries.h"
#include "keys/proto/requests.h"
#include "profile/profile.h"

#define TICKETS_MAX 4096
#define TICKET_LIFE (30 * 60 * 1000) /* ms */
#define OPEN_MAX    2000
#define POOL_MAX    8
#define LIST_MAX    1000
#define WORD_MIN    8

typedef struct {
	uint32_t handle;
	WaxSealedKey *key; /* of the cache */
} TicketKey;

typedef struct {
	uint8_t id[WAX_TICKET_SIZE];
	GArray *keys;
	uint32_t signs, unwraps;
	int64_t expires;
} Ticket;

static const struct {
	unsigned times;
	int64_t ms;
} rates[] = {
#define X(id, times, ms) { times, ms },
	WAX_KEY_RATES(X)
#undef X
};

#define RATE_COUNT G_N_ELEMENTS(rates)

/* how much of a rate is used in the time that began then */
typedef struct {
	int64_t began;
	unsigned times;
} Spent;

struct WaxCustodian {
	char *kek_path;
	WaxSecret *kek; /* NULL: locked */
	GHashTable *tickets;
	GHashTable *open; /* hex of the record's hash -> WaxSealedKey, counted by tickets */
	GQueue *pool;	  /* WaxKey, RSA-2048 */
	Spent spent[RATE_COUNT];
	WaxTries tries;
};

/* what a handler works on */
typedef struct {
	WaxCustodian *c;
	Ticket *ticket; /* where the row says that one is shown */
} Ask;

typedef bool (*Handler)(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error);

static void shared_free(void *key)
{
	wax_sealed_key_clear(key);
}

static void shared_unref(WaxSealedKey *key)
{
	g_atomic_rc_box_release_full(key, shared_free);
}

static void ticket_free(Ticket *ticket)
{
	for (guint i = 0; i < ticket->keys->len; i++)
		shared_unref(g_array_index(ticket->keys, TicketKey, i).key);
	g_array_unref(ticket->keys);
	g_free(ticket);
}

static guint ticket_hash(gconstpointer id)
{
	guint value;

	memcpy(&value, id, sizeof value);
	return value;
}

static gboolean ticket_equal(gconstpointer a, gconstpointer b)
{
	return wax_same_secret(WAX_SPAN(a, WAX_TICKET_SIZE), WAX_SPAN(b, WAX_TICKET_SIZE));
}

bool wax_custodian_new(const char *folder, WaxCustodian **ret_custodian, GError **error)
{
	WaxCustodian *c = g_new0(WaxCustodian, 1);

	c->kek_path = g_build_filename(folder, "kek", NULL);
	c->tickets =
		g_hash_table_new_full(ticket_hash, ticket_equal, NULL, (GDestroyNotify)ticket_free);
	c->open = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)shared_unref);
	c->pool = g_queue_new();
	if (!wax_tries_init(&c->tries, folder, error) ||
		!wax_kek_load(c->kek_path, &c->kek, error)) {
		wax_custodian_free(c);
		return false;
	}
	*ret_custodian = c;
	return true;
}

void wax_custodian_free(WaxCustodian *c)
{
	if (!c)
		return;
	g_hash_table_unref(c->tickets);
	g_hash_table_unref(c->open);
	g_queue_free_full(c->pool, (GDestroyNotify)wax_key_unref);
	wax_secret_free(c->kek);
	wax_tries_done(&c->tries);
	g_free(c->kek_path);
	g_free(c);
}

/* open_record - from the cache, or unsealed */
static WaxSealedKey *open_record(WaxCustodian *c, WaxSpan record, GError **error)
{
	g_autofree char *name = NULL;
	uint8_t sha256[32];
	WaxSealedKey *key;

	wax_sha256(record, sha256);
	name = wax_hex(WAX_SPAN(sha256, 32));
	key = g_hash_table_lookup(c->open, name);
	if (!key) {
		WaxSealedKey fresh;

		if (!wax_record_open(c->kek, record, &fresh, error))
			return NULL;
		if (g_hash_table_size(c->open) >= OPEN_MAX)
			g_hash_table_remove_all(c->open);
		key = g_atomic_rc_box_new0(WaxSealedKey);
		*key = fresh;
		g_hash_table_insert(c->open, g_steal_pointer(&name), key);
	}
	return g_atomic_rc_box_acquire(key);
}

static bool answer_status(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	bool has;

	if (!wax_frame_done(request, error) || !wax_kek_has_passphrase(c->kek_path, &has, error))
		return false;
	wax_frame_put_bool(reply, c->kek == NULL);
	wax_frame_put_u32(reply, g_hash_table_size(c->open));
	wax_frame_put_u32(reply, g_hash_table_size(c->tickets));
	wax_frame_put_bool(reply, has);
	return true;
}

static bool answer_unlock(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	g_autoptr(WaxSecret) kek = NULL;
	g_autoptr(GError) wrong = NULL;
	WaxSpan passphrase;
	bool has;

	(void)reply; /* nothing to say */
	if (!wax_frame_get_span(request, &passphrase, error) || !wax_frame_done(request, error) ||
		!wax_kek_has_passphrase(c->kek_path, &has, error))
		return false;
	if (!has)
		return true;
	if (!wax_tries_check(&c->tries, error))
		return false;
	if (!wax_kek_unlock(c->kek_path, passphrase, &kek, &wrong)) {
		if (wax_reason_of(wrong) != WAX_R_PASSWORD_WRONG ||
			wax_tries_wrong(&c->tries, error))
			g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	wax_tries_right(&c->tries);
	if (!c->kek)
		c->kek = g_steal_pointer(&kek);
	return true;
}

/* answer_lock - forgets every opened key; messages under way get 451 */
static bool answer_lock(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	bool has;

	(void)reply; /* nothing to say */
	if (!wax_frame_done(request, error) || !wax_kek_has_passphrase(c->kek_path, &has, error))
		return false;
	if (!has)
		return wax_fail(error, WAX_R_REQUEST_REFUSED,
			"the keys lie under a host key, which opens them again at every start; "
			"give them a passphrase first: waxwing keys protect");
	g_hash_table_remove_all(c->tickets);
	g_hash_table_remove_all(c->open);
	g_clear_pointer(&c->kek, wax_secret_free);
	return true;
}

static bool answer_protect(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	WaxSpan passphrase;

	(void)reply; /* nothing to say */
	if (!wax_frame_get_span(request, &passphrase, error) || !wax_frame_done(request, error))
		return false;
	if (!c->kek)
		return wax_fail(
			error, WAX_R_CUSTODY_LOCKED, "the key custody is locked; unlock it first");
	if (passphrase.n && passphrase.n < WORD_MIN)
		return wax_fail(error, WAX_R_VALUE_INVALID,
			"a passphrase has at least %d characters", WORD_MIN);
	return wax_kek_protect(c->kek_path, c->kek, passphrase, error);
}

static gboolean is_over(gpointer id, gpointer value, gpointer now)
{
	const Ticket *ticket = value;

	(void)id; /* the time alone decides */
	return ticket->expires < *(int64_t *)now;
}

/* make_place - there are never so many messages under way: the oldest is one that nobody will end */
static void make_place(WaxCustodian *c, int64_t now)
{
	const Ticket *oldest = NULL;
	GHashTableIter tickets;
	void *ticket;

	if (g_hash_table_size(c->tickets) >= TICKETS_MAX)
		g_hash_table_foreach_remove(c->tickets, is_over, &now);
	if (g_hash_table_size(c->tickets) < TICKETS_MAX)
		return;
	g_hash_table_iter_init(&tickets, c->tickets);
	while (g_hash_table_iter_next(&tickets, NULL, &ticket))
		if (!oldest || ((const Ticket *)ticket)->expires < oldest->expires)
			oldest = ticket;
	g_hash_table_remove(c->tickets, oldest->id);
}

static bool read_ticket_keys(WaxCustodian *c, WaxFrame *request, Ticket *ticket, GError **error)
{
	uint32_t n;

	if (!wax_frame_get_u32(request, &n, error))
		return false;
	if (n > LIST_MAX)
		return wax_fail(
			error, WAX_R_REQUEST_REFUSED, "a ticket names at most %d keys", LIST_MAX);
	for (; n; n--) {
		TicketKey key;
		WaxSpan record;

		if (!wax_frame_get_u32(request, &key.handle, error) ||
			!wax_frame_get_span(request, &record, error))
			return false;
		key.key = open_record(c, record, error);
		if (!key.key)
			return false;
		g_array_append_val(ticket->keys, key);
	}
	return wax_frame_done(request, error);
}

static bool answer_ticket_open(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	int64_t now = wax_clock_monotonic();
	Ticket *ticket;
	WaxSpan id;

	(void)reply; /* nothing to say */
	if (!wax_frame_get_span(request, &id, error))
		return false;
	if (id.n != WAX_TICKET_SIZE || g_hash_table_contains(c->tickets, id.p))
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "a ticket is %d octets, and new",
			WAX_TICKET_SIZE);
	ticket = g_new0(Ticket, 1);
	memcpy(ticket->id, id.p, id.n);
	ticket->keys = g_array_new(false, false, sizeof(TicketKey));
	ticket->expires = now + TICKET_LIFE;
	if (!wax_frame_get_u32(request, &ticket->signs, error) ||
		!wax_frame_get_u32(request, &ticket->unwraps, error) ||
		!read_ticket_keys(c, request, ticket, error)) {
		ticket_free(ticket);
		return false;
	}
	make_place(c, now);
	g_hash_table_insert(c->tickets, ticket->id, ticket);
	return true;
}

static bool answer_ticket_close(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	WaxSpan id;

	(void)reply; /* nothing to say */
	if (!wax_frame_get_span(request, &id, error) || !wax_frame_done(request, error))
		return false;
	if (id.n == WAX_TICKET_SIZE)
		g_hash_table_remove(c->tickets, id.p);
	return true;
}

/* show - the ticket that the request names first; NULL when there is no such */
static Ticket *show(WaxCustodian *c, WaxFrame *request, GError **error)
{
	Ticket *ticket = NULL;
	WaxSpan id;

	if (!wax_frame_get_span(request, &id, error))
		return NULL;
	if (id.n == WAX_TICKET_SIZE)
		ticket = g_hash_table_lookup(c->tickets, id.p);
	if (ticket && ticket->expires >= wax_clock_monotonic())
		return ticket;
	wax_set_error(error, WAX_R_TICKET_UNKNOWN, "there is no such ticket, or it is used up");
	return NULL;
}

/* use - the key of a ticket, for one act of its kind */
static WaxKey *use(Ticket *ticket, uint32_t handle, bool sign, GError **error)
{
	uint32_t *budget;

	for (guint i = 0; i < ticket->keys->len; i++) {
		const TicketKey *key = &g_array_index(ticket->keys, TicketKey, i);
		const char *purpose = key->key->purpose;

		if (key->handle != handle)
			continue;
		if (strcmp(purpose, "both") != 0 && strcmp(purpose, sign ? "sign" : "encrypt") != 0)
			break;
		budget = sign ? &ticket->signs : &ticket->unwraps;
		if (*budget == 0) {
			wax_set_error(error, WAX_R_TICKET_SPENT, "the ticket is used up");
			return NULL;
		}
		(*budget)--;
		return key->key->key;
	}
	wax_set_error(error, WAX_R_REQUEST_REFUSED, "the ticket has no such key for this purpose");
	return NULL;
}

static bool read_oaep(WaxFrame *request, WaxUnwrap *u, GError **error)
{
	uint32_t digest, mgf_digest;

	if (!wax_frame_get_u32(request, &digest, error) ||
		!wax_frame_get_u32(request, &mgf_digest, error) ||
		!wax_frame_get_span(request, &u->oaep.label, error))
		return false;
	if (digest >= WAX_DIGEST_COUNT_ || mgf_digest >= WAX_DIGEST_COUNT_)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "a digest that there is not");
	u->oaep.digest = (WaxDigestAlg)digest;
	u->oaep.mgf_digest = (WaxDigestAlg)mgf_digest;
	return true;
}

static bool read_agreement(WaxFrame *request, WaxUnwrap *u, GError **error)
{
	uint32_t scheme, digest, wrap;

	if (!wax_frame_get_span(request, &u->originator, error) ||
		!wax_frame_get_span(request, &u->curve, error) ||
		!wax_frame_get_bool(request, &u->cofactor, error) ||
		!wax_frame_get_u32(request, &scheme, error) ||
		!wax_frame_get_u32(request, &digest, error) ||
		!wax_frame_get_span(request, &u->salt, error) ||
		!wax_frame_get_span(request, &u->info, error) ||
		!wax_frame_get_u32(request, &wrap, error))
		return false;
	if (scheme >= WAX_KDF_COUNT_ || digest >= WAX_DIGEST_COUNT_ || wrap >= WAX_WRAP_COUNT_)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "an algorithm that there is not");
	u->kdf = (WaxKdf){ (WaxKdfScheme)scheme, (WaxDigestAlg)digest };
	u->wrap = (WaxWrapAlg)wrap;
	return true;
}

static bool read_unwrap(WaxFrame *request, WaxUnwrap *u, GError **error)
{
	uint32_t alg, key_size;

	if (!wax_frame_get_u32(request, &alg, error) ||
		!wax_frame_get_span(request, &u->wrapped, error) ||
		!wax_frame_get_u32(request, &key_size, error) || !read_oaep(request, u, error) ||
		!read_agreement(request, u, error) || !wax_frame_done(request, error))
		return false;
	/* what needs no private key is not unwrapped here */
	if (alg == WAX_KEYENC_NONE || alg >= WAX_KEYENC_COUNT_ || alg == WAX_KEYENC_KEK ||
		alg == WAX_KEYENC_PASSWORD || key_size > WAX_CEK_MAX)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "no such way to unwrap a key");
	u->alg = (WaxKeyEncAlg)alg;
	u->key_size = key_size;
	return true;
}

static bool answer_unwrap(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	g_autoptr(WaxSecret) out = NULL;
	WaxUnwrap unwrap = { WAX_KEYENC_NONE };
	uint32_t handle;
	WaxKey *key;

	if (!wax_frame_get_u32(request, &handle, error) || !read_unwrap(request, &unwrap, error))
		return false;
	key = use(ask->ticket, handle, false, error);
	if (!key || !wax_unwrap(key, &unwrap, &out, error))
		return false;
	wax_frame_put_span(reply, wax_secret_span(out));
	return true;
}

/* is_signed_attributes - a blind signer would be worse than none: these are attributes of mail, or nothing */
static bool is_signed_attributes(WaxSpan bytes)
{
	WAX_OID(content_type, WAX_OID_PKCS9(3));
	WAX_OID(message_digest, WAX_OID_PKCS9(4));
	WAX_OID(data, WAX_OID_PKCS7(1));
	bool typed = false, digested = false;
	WaxSpan set, attribute, oid, values, value;
	WaxBer in, inner;

	if (!wax_ber_only(bytes, WAX_TAG_SET, &set, NULL))
		return false;
	for (in = wax_ber(set); !wax_ber_at_end(&in);) {
		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &attribute, NULL))
			return false;
		inner = wax_ber(attribute);
		if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL) ||
			!wax_ber_take(&inner, WAX_TAG_SET, &values, NULL) ||
			!wax_ber_at_end(&inner))
			return false;
		if (wax_span_equal(oid, content_type))
			typed = wax_ber_only(values, WAX_TAG_OID, &value, NULL) &&
				wax_span_equal(value, data);
		if (wax_span_equal(oid, message_digest))
			digested = wax_ber_only(values, WAX_TAG_OCTET_STRING, &value, NULL) &&
				   value.n >= 32;
	}
	return typed && digested;
}

static bool answer_sign(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	g_autoptr(GByteArray) signature = NULL;
	uint32_t handle, alg, digest;
	WaxSpan attributes;
	WaxKey *key;

	if (!wax_frame_get_u32(request, &handle, error) ||
		!wax_frame_get_u32(request, &alg, error) ||
		!wax_frame_get_u32(request, &digest, error) ||
		!wax_frame_get_span(request, &attributes, error) || !wax_frame_done(request, error))
		return false;
	if (alg == WAX_SIG_ALG_NONE || alg >= WAX_SIG_ALG_COUNT_ || digest < WAX_DIGEST_SHA256 ||
		digest >= WAX_DIGEST_COUNT_ || !is_signed_attributes(attributes))
		return wax_fail(error, WAX_R_REQUEST_REFUSED,
			"these are not the signed attributes of a message");
	key = use(ask->ticket, handle, true, error);
	if (!key || !wax_key_sign(key, (WaxSigAlg)alg, (WaxDigestAlg)digest, attributes, &signature,
			    error))
		return false;
	wax_frame_put_span(reply, WAX_SPAN(signature->data, signature->len));
	return true;
}

static bool locked(const WaxCustodian *c, GError **error)
{
	if (!c->kek)
		wax_set_error(
			error, WAX_R_CUSTODY_LOCKED, "the key custody is locked; unlock it first");
	return !c->kek;
}

static void put_record(const WaxCustodian *c, const char *identity, const char *purpose,
	uint64_t epoch, const WaxKey *key, WaxFrame *reply)
{
	g_autoptr(GByteArray) record = wax_record_seal(c->kek, identity, purpose, epoch, key);
	g_autoptr(GByteArray) spki = wax_key_spki(key);

	wax_frame_put_span(reply, WAX_SPAN(record->data, record->len));
	wax_frame_put_span(reply, WAX_SPAN(spki->data, spki->len));
}

static bool answer_generate(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	const char *identity, *purpose, *kind;
	g_autoptr(WaxKey) key = NULL;
	uint64_t epoch;

	if (!wax_frame_get_str(request, &identity, error) ||
		!wax_frame_get_str(request, &purpose, error) ||
		!wax_frame_get_u64(request, &epoch, error) ||
		!wax_frame_get_str(request, &kind, error) || !wax_frame_done(request, error))
		return false;
	if (locked(c, error))
		return false;
	if (!identity || !purpose || !kind)
		return wax_fail(error, WAX_R_REQUEST_REFUSED,
			"a key needs an identity, a purpose and a kind");
	if (strcmp(kind, "rsa-2048") == 0)
		key = g_queue_pop_head(c->pool);
	if (!key)
		key = wax_key_generate(kind, error);
	if (!key)
		return false;
	put_record(c, identity, purpose, epoch, key, reply);
	return true;
}

static bool check_imported(const WaxKey *key, GError **error)
{
	WaxKeyKind kind = wax_key_kind(key);

	if (wax_key_keyenc(key) == WAX_KEYENC_NONE && kind != WAX_KEY_RSA_PSS &&
		kind != WAX_KEY_PURE)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"keys of this kind cannot be kept: RSA, EC, EdDSA, ML-DSA, SLH-DSA, "
			"X25519, "
			"X448 and ML-KEM can");
	if ((kind == WAX_KEY_RSA || kind == WAX_KEY_RSA_PSS) && wax_key_bits(key) < 2048)
		return wax_fail(error, WAX_R_KEY_WEAK,
			"the RSA key has %u bits; 2048 are the least", wax_key_bits(key));
	return true;
}

static bool only_for(const WaxPkcs12 *contents, const char *purpose)
{
	bool signs = wax_cert_can_sign(contents->cert),
	     encrypts = wax_cert_can_encrypt(contents->cert);

	return strcmp(purpose, "encrypt") == 0 ? encrypts && !signs : signs && !encrypts;
}

/* choose - the only one; of a person's two that for encrypting, or for whatever else that for signing */
static bool choose(
	const GPtrArray *all, const char *purpose, const WaxPkcs12 **ret_chosen, GError **error)
{
	const WaxPkcs12 *first = all->pdata[0], *second = all->len == 2 ? all->pdata[1] : NULL;
	const char *use = strcmp(purpose, "encrypt") == 0 ? "encrypt" : "sign";

	if (all->len > 1 &&
		(!second || !((only_for(first, "sign") && only_for(second, "encrypt")) ||
				    (only_for(first, "encrypt") && only_for(second, "sign")))))
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file holds several private keys, and they are not one for "
			"signing and one for encryption; export each into a file of its own");
	*ret_chosen = second && only_for(second, use) ? second : first;
	return true;
}

static bool answer_import(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(WaxSecret) password = NULL;
	const WaxPkcs12 *contents;
	const char *identity, *purpose;
	WaxSpan p12, word;
	uint64_t epoch;

	if (!wax_frame_get_str(request, &identity, error) ||
		!wax_frame_get_str(request, &purpose, error) ||
		!wax_frame_get_u64(request, &epoch, error) ||
		!wax_frame_get_span(request, &p12, error) ||
		!wax_frame_get_span(request, &word, error) || !wax_frame_done(request, error))
		return false;
	if (locked(c, error))
		return false;
	if (!identity || !purpose)
		return wax_fail(
			error, WAX_R_REQUEST_REFUSED, "a key needs an identity and a purpose");
	password = wax_secret_dup(word);
	if (!wax_pkcs12_parse(p12, password, &all, error) ||
		!choose(all, purpose, &contents, error) || !check_imported(contents->key, error))
		return false;
	put_record(c, identity, purpose, epoch, contents->key, reply);
	wax_frame_put_span(reply, wax_cert_info(contents->cert)->der);
	wax_frame_put_u32(reply, contents->chain->len);
	for (guint i = 0; i < contents->chain->len; i++)
		wax_frame_put_span(reply, wax_cert_info(contents->chain->pdata[i])->der);
	wax_frame_put_u32(reply, all->len);
	return true;
}

static bool answer_export(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	g_auto(WaxPkcs12) contents = { NULL, NULL,
		g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref) };
	g_autoptr(GByteArray) p12 = NULL;
	g_autoptr(WaxSecret) password = NULL;
	WaxSealedKey *sealed;
	WaxSpan record, der, word;
	const char *name;
	uint32_t n;

	if (!wax_frame_get_span(request, &record, error) ||
		!wax_frame_get_span(request, &der, error) || !wax_frame_get_u32(request, &n, error))
		return false;
	contents.cert = wax_cert_parse(der, error);
	if (!contents.cert || n > LIST_MAX)
		return contents.cert
			       ? wax_fail(error, WAX_R_REQUEST_REFUSED, "too many certificates")
			       : false;
	for (; n; n--) {
		WaxCert *cert;

		if (!wax_frame_get_span(request, &der, error))
			return false;
		cert = wax_cert_parse(der, error);
		if (!cert)
			return false;
		g_ptr_array_add(contents.chain, cert);
	}
	if (!wax_frame_get_str(request, &name, error) ||
		!wax_frame_get_span(request, &word, error) || !wax_frame_done(request, error))
		return false;
	if (word.n < 8)
		return wax_fail(error, WAX_R_PASSWORD_WRONG,
			"the password of an exported key has at least 8 characters");
	sealed = open_record(c, record, error);
	if (!sealed)
		return false;
	if (strcmp(sealed->purpose, "certifier") == 0) {
		shared_unref(sealed);
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "a certifier's key is not exported");
	}
	contents.key = wax_key_ref(sealed->key);
	shared_unref(sealed);
	password = wax_secret_dup(word);
	if (!wax_pkcs12_write(&contents, name, password, &p12, error))
		return false;
	wax_frame_put_span(reply, WAX_SPAN(p12->data, p12->len));
	return true;
}

static bool read_texts(WaxFrame *request, GPtrArray *list, GError **error)
{
	uint32_t n;

	if (!wax_frame_get_u32(request, &n, error))
		return false;
	if (n > LIST_MAX)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "a list is too long");
	for (; n; n--) {
		const char *text;

		if (!wax_frame_get_str(request, &text, error))
			return false;
		if (text)
			g_ptr_array_add(list, (void *)(uintptr_t)text);
	}
	g_ptr_array_add(list, NULL);
	return true;
}

static bool answer_issue(const Ask *ask, WaxFrame *request, WaxFrame *reply, GError **error)
{
	WaxCustodian *c = ask->c;
	g_autoptr(GPtrArray) addresses = g_ptr_array_new(), domains = g_ptr_array_new();
	g_autoptr(WaxCert) issuer = NULL, made = NULL;
	WaxCertProfile profile = { 0 };
	WaxSpan record, der;
	const char *name;
	uint64_t from, to;
	WaxSealedKey *sealed;
	bool ok;

	if (!wax_frame_get_span(request, &record, error) ||
		!wax_frame_get_span(request, &der, error) ||
		!wax_frame_get_str(request, &name, error) ||
		!wax_frame_get_str(request, &profile.common_name, error) ||
		!wax_frame_get_str(request, &profile.organisation, error) ||
		!read_texts(request, addresses, error) ||
		!wax_frame_get_span(request, &profile.spki, error) ||
		!wax_frame_get_span(request, &profile.serial, error) ||
		!wax_frame_get_u64(request, &from, error) ||
		!wax_frame_get_u64(request, &to, error) || !read_texts(request, domains, error) ||
		!wax_frame_done(request, error))
		return false;
	if (!name || !profile.common_name)
		return wax_fail(
			error, WAX_R_REQUEST_REFUSED, "a certificate needs a profile and a name");
	profile.addresses = (const char *const *)addresses->pdata;
	profile.permitted_mail_domains = (const char *const *)domains->pdata;
	profile.not_before = (int64_t)from;
	profile.not_after = (int64_t)to;
	if (der.n && !(issuer = wax_cert_parse(der, error)))
		return false;
	if (!wax_profile_apply(name, issuer, &profile, error))
		return false;
	sealed = open_record(c, record, error);
	if (!sealed)
		return false;
	ok = strcmp(sealed->purpose, "certifier") == 0 ||
	     wax_fail(error, WAX_R_REQUEST_REFUSED, "this is not a certifier's key");
	if (ok)
		made = wax_cert_issue(&profile, issuer, sealed->key, error);
	shared_unref(sealed);
	if (!made)
		return false;
	if (issuer && !wax_cert_names_permitted(issuer, made))
		return wax_fail(error, WAX_R_NAME_NOT_PERMITTED,
			"%s is outside the mail domains of this certifier", profile.addresses[0]);
	wax_frame_put_span(reply, wax_cert_info(made)->der);
	return true;
}

typedef struct {
	uint16_t type;
	unsigned who;
	WaxShow show;
	WaxKeyRate rate;
	size_t most;
	Handler answer;
} Row;

static const Row rows[] = {
#define X(id, name, number, who, show, rate, most)                                                 \
	{ number, who, WAX_SHOW_##show, WAX_RATE_##rate, most, answer_##name },
	WAX_KEY_REQUESTS(X)
#undef X
};

static const Row *find_row(unsigned who, const WaxFrame *request)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].type == wax_frame_type(request))
			return rows[i].who & who && wax_frame_size(request) <= rows[i].most
				       ? &rows[i]
				       : NULL;
	return NULL;
}

/* within_rate - count this one; too many refuse the rest of their time */
static bool within_rate(WaxCustodian *c, WaxKeyRate rate, GError **error)
{
	int64_t now = wax_clock_monotonic();
	Spent *spent = &c->spent[rate];

	if (!rates[rate].times)
		return true;
	if (!spent->times || now - spent->began >= rates[rate].ms)
		*spent = (Spent){ now, 0 };
	if (spent->times >= rates[rate].times)
		return wax_fail(error, WAX_R_KEYS_BUSY,
			"more than %u such requests in %d s; try again later", rates[rate].times,
			(int)(rates[rate].ms / 1000));
	spent->times++;
	return true;
}

static bool answer(
	WaxCustodian *c, unsigned who, WaxFrame *request, WaxFrame *reply, GError **error)
{
	const Row *row = find_row(who, request);
	Ask ask = { c, NULL };
	bool done;

	if (!row)
		return wax_fail(error, WAX_R_REQUEST_REFUSED, "this may not be asked here");
	if (!within_rate(c, row->rate, error))
		return false;
	if (row->show == WAX_SHOW_TICKET && !(ask.ticket = show(c, request, error)))
		return false;
	done = row->answer(&ask, request, reply, error);
	/* a ticket that allows nothing more is over: nobody needs to close it */
	if (ask.ticket && ask.ticket->signs == 0 && ask.ticket->unwraps == 0)
		g_hash_table_remove(c->tickets, ask.ticket->id);
	return done;
}

WaxFrame *wax_custodian_answer(WaxCustodian *c, unsigned who, WaxFrame *request)
{
	g_autoptr(WaxFrame) reply = wax_frame_new(WAX_IPC_OK);
	g_autoptr(GError) error = NULL;

	if (answer(c, who, request, reply, &error))
		return g_steal_pointer(&reply);
	if (wax_reason_of(error) != WAX_R_CMS_DECRYPT_FAILED)
		wax_event(WAX_WARNING, "key-request-refused", WAX_FIELD("peer", WAX_UINT(who)),
			WAX_FIELD("request", WAX_UINT(wax_frame_type(request))),
			WAX_FIELD("code", WAX_STR(wax_reason_info(wax_reason_of(error))->label)));
	return wax_frame_new_error(error);
}

bool wax_custodian_idle(WaxCustodian *c)
{
	WaxKey *key;

	if (g_queue_get_length(c->pool) >= POOL_MAX)
		return false;
	key = wax_key_generate("rsa-2048", NULL);
	if (key)
		g_queue_push_tail(c->pool, key);
	return key != NULL;
}
