/* SPDX-License-Identifier: Apache-2.0 */
/* Keys come in and go out as PKCS #12. */
#include "ca/internal.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"
#include "directory/change.h"
#include "keys/proto/requests.h"

#define P12_MAX (1024 * 1024)

static const char *purpose_of(const WaxCert *cert)
{
	if (wax_cert_can_sign(cert) && wax_cert_can_encrypt(cert))
		return "both";
	return wax_cert_can_sign(cert) ? "sign" : "encrypt";
}

/* import_key - keyd opens the file; two passes, since the purpose is in the certificate that is inside */
static bool import_key(WaxCa *ca, const char *identity, const GByteArray *p12, const char *password,
	WaxCaKey *key, uint32_t *ret_keys, GError **error)
{
	for (int pass = 0; pass < 2; pass++) {
		g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_IMPORT), reply = NULL;
		WaxSpan record, spki, der;
		uint32_t n;

		wax_frame_put_str(request, identity);
		wax_frame_put_str(request, key->purpose);
		wax_frame_put_u64(request, (uint64_t)key->number);
		wax_frame_put_span(request, WAX_SPAN(p12->data, p12->len));
		wax_frame_put_span(request, WAX_SPAN(password, strlen(password)));
		if (!wax_ca_ask(ca->keyd, request, &reply, error) ||
			!wax_frame_get_span(reply, &record, error) ||
			!wax_frame_get_span(reply, &spki, error) ||
			!wax_frame_get_span(reply, &der, error) ||
			!wax_frame_get_u32(reply, &n, error))
			return false;
		wax_ca_made_clear(&key->made);
		g_clear_pointer(&key->chain, g_ptr_array_unref);
		key->made.record = wax_ca_copy(record);
		key->made.spki = wax_ca_copy(spki);
		key->made.cert = wax_cert_parse(der, error);
		key->chain = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
		if (!key->made.cert)
			return false;
		for (; n; n--) {
			WaxCert *cert;

			if (!wax_frame_get_span(reply, &der, error))
				return false;
			cert = wax_cert_parse(der, NULL);
			if (cert && wax_cert_info(cert)->is_ca)
				g_ptr_array_add(key->chain, cert);
			else
				wax_cert_unref(cert);
		}
		if (!wax_frame_get_u32(reply, ret_keys, error))
			return false;
		if (strcmp(key->purpose, purpose_of(key->made.cert)) == 0)
			break;
		key->purpose = purpose_of(key->made.cert);
	}
	return true;
}

static WaxCaKey *add_key(GPtrArray *keys, const char *purpose, int64_t number)
{
	WaxCaKey *key = g_new0(WaxCaKey, 1);

	key->purpose = purpose;
	key->number = number;
	g_ptr_array_add(keys, key);
	return key;
}

/* import_keys - one, or a person's two */
static bool import_keys(WaxCa *ca, const char *identity, bool of_domain, int64_t number,
	const GByteArray *p12, const char *password, GPtrArray *keys, GError **error)
{
	uint32_t count = 0;

	if (!import_key(ca, identity, p12, password, add_key(keys, "both", number), &count, error))
		return false;
	if (count == 1)
		return true;
	if (of_domain)
		return wax_fail(error, WAX_R_KEY_UNSUPPORTED,
			"this PKCS #12 file holds several private keys, and a domain has one for "
			"everything; export that one into a file of its own");
	return import_key(
		ca, identity, p12, password, add_key(keys, "encrypt", number + 1), &count, error);
}

/* check_owner - it must name the person, and be good enough to be stored */
static bool check_owner(WaxCa *ca, const WaxCaOwner *owner, WaxCaKey *key, GError **error)
{
	const char *addresses[] = { owner->key, NULL };
	WaxCertImport import = { .kind = "user", .source = "own", .addresses = addresses };

	if (owner->of_domain)
		return true;
	if (!wax_cert_has_address(key->made.cert, owner->key))
		return wax_fail(error, WAX_R_ADDRESS_NOT_OWNED,
			"the certificate of %s does not name %s",
			wax_cert_info(key->made.cert)->subject_text, owner->key);
	key->addresses = g_strdupv((char **)(uintptr_t)addresses);
	return wax_directory_check_import(
		ca->store, key->made.cert, &import, wax_clock_now(), error);
}

static bool lacks_chain(const WaxCaKey *key)
{
	return key->chain->len == 0 && !wax_cert_info(key->made.cert)->self_issued;
}

bool wax_ca_act_identity_import(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "owner", error),
		   *password = wax_ca_text(args, "password");
	g_autoptr(GByteArray) p12 = given ? wax_ca_need_bytes(args, "p12", error) : NULL;
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ca_key_free);
	g_autofree char *fresh = wax_store_new_id();
	g_auto(WaxCaOwner) owner = { NULL };
	int64_t number = 1;
	bool lacks = false;
	const char *id;

	(void)actor; /* the audit event names it */
	if (p12 && p12->len > P12_MAX)
		return wax_fail(error, WAX_R_TOO_LARGE, "a PKCS #12 file of %u octets is too large",
			p12->len);
	if (!p12 || !wax_ca_owner_of(ca, given, &owner, error) ||
		!wax_store_identity_find(ca->store, owner.key, &known, error))
		return false;
	id = known ? known->id : fresh;
	if (known && !wax_ca_next_number(ca, id, &number, error))
		return false;
	if (!import_keys(
		    ca, id, owner.of_domain, number, p12, password ? password : "", keys, error))
		return false;
	for (guint i = 0; i < keys->len; i++) {
		if (!check_owner(ca, &owner, keys->pdata[i], error))
			return false;
		lacks = lacks || lacks_chain(keys->pdata[i]);
	}
	if (!wax_store_begin(ca->store, error) ||
		(!known && !wax_ca_store_identity(ca, &owner, id, owner.key, error)) ||
		!wax_ca_store_keys(ca, id, owner.of_domain, owner.domain, keys, ret_result, error))
		return false;
	if (lacks)
		json_object_set_new(*ret_result, "warning", json_string("chain_incomplete"));
	*ret_object = g_strdup_printf("identity %s", id);
	return true;
}

static bool export_one(
	WaxCa *ca, const WaxEpoch *epoch, const char *password, json_t *into, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_EXPORT), reply = NULL;
	g_autoptr(WaxStoredCert) cert = NULL;
	g_autoptr(GPtrArray) cas = NULL;
	g_autofree char *text = NULL;
	uint32_t n = 0;
	WaxSpan p12;

	if (!wax_store_cert_get(ca->store, epoch->certificate, &cert, error) ||
		!wax_store_cert_list_kind(ca->store, "ca", &cas, error))
		return false;
	if (!cert)
		return wax_fail(error, WAX_R_NOT_FOUND, "the certificate of epoch %d was deleted",
			(int)epoch->number);
	wax_frame_put_span(request, WAX_SPAN(epoch->record->data, epoch->record->len));
	wax_frame_put_span(request, WAX_SPAN(cert->der->data, cert->der->len));
	for (guint i = 0; i < cas->len; i++)
		n += strcmp(((const WaxStoredCert *)cas->pdata[i])->subject, cert->issuer) == 0;
	wax_frame_put_u32(request, n);
	for (guint i = 0; i < cas->len; i++) {
		const WaxStoredCert *issuer = cas->pdata[i];

		if (strcmp(issuer->subject, cert->issuer) == 0)
			wax_frame_put_span(request, WAX_SPAN(issuer->der->data, issuer->der->len));
	}
	wax_frame_put_str(request,
		cert->addresses && cert->addresses[0] ? cert->addresses[0] : cert->subject);
	wax_frame_put_span(request, WAX_SPAN(password, strlen(password)));
	if (!wax_ca_ask(ca->keyd, request, &reply, error) ||
		!wax_frame_get_span(reply, &p12, error))
		return false;
	text = g_base64_encode(p12.p, p12.n);
	json_object_set_new(
		into, strcmp(epoch->purpose, "sign") == 0 ? "p12_sign" : "p12", json_string(text));
	return true;
}

bool wax_ca_act_identity_export(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *given = wax_ca_need(args, "identity", error),
		   *password = given ? wax_ca_need(args, "password", error) : NULL;
	g_autoptr(WaxStoredIdentity) known = NULL;
	g_autoptr(GPtrArray) epochs = NULL;
	json_t *result;

	(void)actor; /* the audit event names it */
	if (!password || !wax_store_identity_find(ca->store, given, &known, error))
		return false;
	if (!known)
		return wax_fail(error, WAX_R_NOT_FOUND, "%s has no identity", given);
	if (!wax_store_epoch_list(ca->store, known->id, &epochs, error))
		return false;
	result = json_pack("{s:s}", "identity", known->id);
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = epochs->pdata[i];

		if (strcmp(epoch->state, "active") == 0 &&
			!export_one(ca, epoch, password, result, error)) {
			json_decref(result);
			return false;
		}
	}
	*ret_result = result;
	*ret_object = g_strdup_printf("identity %s", known->id);
	return wax_store_begin(ca->store, error);
}
