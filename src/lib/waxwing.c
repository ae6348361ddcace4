/* SPDX-License-Identifier: Apache-2.0 */
#include <waxwing/waxwing.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/io.h"
#include "core/status.h"
#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "smime/open.h"
#include "smime/seal.h"
#include "trust/path.h"

struct waxwing {
	WaxKeyring *keyring, *signer;
	GPtrArray *recipients, *anchors, *crls, *ocsps;
	WaxCipherAlg cipher;
	unsigned flags;
	int64_t at; /* 0: now */
	GError *error;
};

struct waxwing_message {
	WaxOpened *opened;
	WaxUnwrapper keys;
	WaxOpenOptions options;
	WaxSource source;
	WaxSpool *spool;
	char *json;
};

const char *waxwing_version(void)
{
	return "0.1.0";
}

waxwing *waxwing_new(void)
{
	waxwing *w = g_new0(waxwing, 1);

	w->keyring = wax_keyring_new();
	w->signer = wax_keyring_new();
	w->recipients = g_ptr_array_new_with_free_func((GDestroyNotify)wax_cert_unref);
	w->anchors = g_ptr_array_new_with_free_func((GDestroyNotify)wax_anchor_free);
	w->crls = g_ptr_array_new_with_free_func((GDestroyNotify)wax_crl_free);
	w->ocsps = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ocsp_free);
	return w;
}

void waxwing_free(waxwing *w)
{
	if (!w)
		return;
	wax_keyring_free(w->keyring);
	wax_keyring_free(w->signer);
	g_ptr_array_unref(w->recipients);
	g_ptr_array_unref(w->anchors);
	g_ptr_array_unref(w->crls);
	g_ptr_array_unref(w->ocsps);
	g_clear_error(&w->error);
	g_free(w);
}

/* done - remembers the failure; the exit code of it, or 0 */
static int done(waxwing *w, GError *error)
{
	g_clear_error(&w->error);
	w->error = error;
	return error ? wax_reason_info(wax_reason_of(error))->exit_code : 0;
}

const char *waxwing_error(const waxwing *w)
{
	return w->error ? w->error->message : "";
}

const char *waxwing_error_label(const waxwing *w)
{
	return w->error ? wax_reason_info(wax_reason_of(w->error))->label : "";
}

static int load_keys(waxwing *w, WaxKeyring *keyring, const char *spec, const char *password)
{
	g_autoptr(WaxSecret) secret =
		password ? wax_secret_dup(WAX_SPAN(password, strlen(password))) : NULL;
	GError *error = NULL;

	return wax_keyring_load(keyring, spec, secret, &error) ? done(w, NULL) : done(w, error);
}

int waxwing_add_identity(waxwing *w, const char *spec, const char *password)
{
	return load_keys(w, w->keyring, spec, password);
}

int waxwing_set_signer(waxwing *w, const char *spec, const char *password)
{
	WaxKeyring *fresh = wax_keyring_new();
	int code = load_keys(w, fresh, spec, password);

	if (code == 0) {
		WaxKeyring *old = w->signer;

		w->signer = fresh;
		fresh = old;
	}
	wax_keyring_free(fresh);
	return code;
}

int waxwing_add_recipient(waxwing *w, const char *path)
{
	g_autoptr(GPtrArray) found = NULL;
	GError *error = NULL;

	if (!wax_certs_load(path, &found, &error))
		return done(w, error);
	g_ptr_array_add(w->recipients, wax_cert_ref(found->pdata[0]));
	return done(w, NULL);
}

int waxwing_add_anchor(waxwing *w, const char *path)
{
	g_autoptr(GPtrArray) found = NULL;
	GError *error = NULL;

	if (!wax_certs_load(path, &found, &error))
		return done(w, error);
	for (unsigned i = 0; i < found->len; i++)
		g_ptr_array_add(
			w->anchors, wax_anchor_new(found->pdata[i], NULL, /* forbidden= */ false));
	return done(w, NULL);
}

int waxwing_add_crl(waxwing *w, const char *path)
{
	GError *error = NULL;
	WaxCrl *crl = wax_crl_load(path, &error);

	if (crl)
		g_ptr_array_add(w->crls, crl);
	return done(w, error);
}

int waxwing_add_ocsp(waxwing *w, const char *path)
{
	GError *error = NULL;
	WaxOcsp *ocsp = wax_ocsp_load(path, &error);

	if (ocsp)
		g_ptr_array_add(w->ocsps, ocsp);
	return done(w, error);
}

int waxwing_set_cipher(waxwing *w, const char *name)
{
	static const WaxCipherAlg sent[] = { WAX_CIPHER_AES256_GCM, WAX_CIPHER_AES128_GCM,
		WAX_CIPHER_AES256_CBC, WAX_CIPHER_AES128_CBC };
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
		if (strcmp(name, wax_cipher_word(sent[i])) == 0) {
			w->cipher = sent[i];
			return done(w, NULL);
		}
	wax_set_error(&error, WAX_R_USAGE, "there is no cipher '%s' to encrypt with", name);
	return done(w, error);
}

void waxwing_set_flags(waxwing *w, unsigned flags)
{
	w->flags = flags;
}

void waxwing_set_time(waxwing *w, int64_t seconds)
{
	w->at = seconds;
}

/* a regular file is read where it lies; anything else goes through a sealed spool */
static bool make_seekable(int fd, WaxSource *ret_source, WaxSpool **ret_spool, GError **error)
{
	g_autoptr(WaxSpool) spool = NULL;
	g_autofree uint8_t *chunk = NULL;
	struct stat found;
	size_t got = 1;

	if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
		return wax_source_fd(fd, ret_source, error);
	chunk = g_malloc(64 * 1024);
	spool = wax_spool_new(wax_spool_folder());
	while (got)
		if (!wax_io_read(fd, chunk, 64 * 1024, &got, error) ||
			!wax_spool_append(spool, WAX_SPAN(chunk, got), error))
			return false;
	*ret_source = wax_source_spool(spool);
	*ret_spool = g_steal_pointer(&spool);
	return true;
}

static bool write_fd(void *data, WaxSpan bytes, GError **error)
{
	return wax_io_write(*(int *)data, bytes, error);
}

static bool make_signer(const waxwing *w, WaxSealSigner *ret_signer, GError **error)
{
	const WaxIdentityKey *identity = w->signer->keys->pdata[0];

	if (!identity->cert)
		return wax_fail(error, WAX_R_KEY_MISMATCH,
			"the signer has no certificate: give KEY.pem,CERT.pem");
	*ret_signer = (WaxSealSigner){ .cert = identity->cert,
		.chain = identity->chain,
		.data = identity->key,
		.sign = wax_seal_local_sign };
	return true;
}

static WaxHcp hcp_of(unsigned flags)
{
	return flags & WAXWING_SHY_HEADERS	 ? WAX_HCP_SHY
	       : flags & WAXWING_PROTECT_HEADERS ? WAX_HCP_BASELINE
						 : WAX_HCP_NONE;
}

static bool seal(waxwing *w, int in, int out, GError **error)
{
	g_autoptr(WaxSpool) spool = NULL;
	WaxSealSigner signer;
	WaxSource source;
	WaxSink sink = { write_fd, &out };
	WaxSealOptions options = {
		.recipients = w->recipients->len ? w->recipients : NULL,
		.cipher = w->cipher,
		.oaep = w->flags & WAXWING_OAEP,
		.opaque = w->flags & WAXWING_OPAQUE,
		.hcp = hcp_of(w->flags),
		.legacy_display = w->flags & WAXWING_LEGACY_DISPLAY,
		.now = wax_clock_now(),
	};

	if (w->signer->keys->len == 0 && w->recipients->len == 0)
		return wax_fail(error, WAX_R_USAGE, "there is neither a signer nor a recipient");
	if (w->signer->keys->len) {
		if (!make_signer(w, &signer, error))
			return false;
		options.signer = &signer;
	}
	return (options.cipher || wax_seal_cipher(&options, &options.cipher, error)) &&
	       make_seekable(in, &source, &spool, error) &&
	       wax_seal(&source, &options, &sink, error);
}

int waxwing_seal(waxwing *w, int in, int out)
{
	GError *error = NULL;

	return seal(w, in, out, &error) ? done(w, NULL) : done(w, error);
}

void waxwing_message_free(waxwing_message *m)
{
	if (!m)
		return;
	wax_opened_free(m->opened);
	wax_spool_free(m->spool);
	g_free(m->json);
	g_free(m);
}

int waxwing_open(waxwing *w, int in, waxwing_message **ret_message)
{
	waxwing_message *m = g_new0(waxwing_message, 1);
	GError *error = NULL;

	m->keys = wax_keyring_unwrapper(w->keyring);
	m->options = (WaxOpenOptions){ .keys = &m->keys,
		.anchors = w->anchors,
		.revocation = { .crls = w->crls, .ocsps = w->ocsps },
		.at = w->at ? w->at : wax_clock_now(),
		.historic = w->flags & WAXWING_HISTORIC };
	if (!make_seekable(in, &m->source, &m->spool, &error) ||
		!wax_open_judge(&m->source, &m->options, &m->opened, &error)) {
		waxwing_message_free(m);
		return done(w, error);
	}
	m->json = wax_verdict_format(wax_opened_verdict(m->opened));
	*ret_message = m;
	return done(w, NULL);
}

const char *waxwing_message_signature(const waxwing_message *m)
{
	return wax_signature_word(wax_opened_verdict(m->opened)->signature);
}

const char *waxwing_message_encryption(const waxwing_message *m)
{
	return wax_encryption_word(wax_opened_verdict(m->opened)->encryption);
}

const char *waxwing_message_from(const waxwing_message *m)
{
	const char *from = wax_opened_verdict(m->opened)->from;

	return from ? from : "";
}

size_t waxwing_message_layers(const waxwing_message *m)
{
	return wax_opened_verdict(m->opened)->layers->len;
}

static const WaxVerdictLayer *layer_at(const waxwing_message *m, size_t i)
{
	const GPtrArray *layers = wax_opened_verdict(m->opened)->layers;

	return i < layers->len ? layers->pdata[i] : NULL;
}

static const WaxVerdictSigner *signer_at(const waxwing_message *m, size_t layer, size_t i)
{
	const WaxVerdictLayer *found = layer_at(m, layer);

	return found && i < found->signers->len ? found->signers->pdata[i] : NULL;
}

const char *waxwing_layer_kind(const waxwing_message *m, size_t layer)
{
	const WaxVerdictLayer *found = layer_at(m, layer);

	return found ? wax_layer_word(found->kind) : "";
}

const char *waxwing_layer_part(const waxwing_message *m, size_t layer)
{
	const WaxVerdictLayer *found = layer_at(m, layer);

	return found ? found->part : "";
}

size_t waxwing_layer_signers(const waxwing_message *m, size_t layer)
{
	const WaxVerdictLayer *found = layer_at(m, layer);

	return found ? found->signers->len : 0;
}

const char *waxwing_signer_subject(const waxwing_message *m, size_t layer, size_t signer)
{
	const WaxVerdictSigner *found = signer_at(m, layer, signer);

	return found && found->subject ? found->subject : "";
}

const char *waxwing_signer_verdict(const waxwing_message *m, size_t layer, size_t signer)
{
	const WaxVerdictSigner *found = signer_at(m, layer, signer);

	return found ? wax_signature_word(found->verdict) : "";
}

const char *waxwing_message_json(const waxwing_message *m)
{
	return m->json;
}

int waxwing_message_write(waxwing *w, waxwing_message *m, int out)
{
	WaxSink sink = { write_fd, &out };
	GError *error = NULL;

	return wax_opened_show(m->opened, &sink, &error) ? done(w, NULL) : done(w, error);
}
