/* SPDX-License-Identifier: Apache-2.0 */
/* an encrypted object: which recipient is ours, and does the content stand? */
#include "core/status.h"
#include "crypto/kdf.h"
#include "smime/open_internal.h"

#define RECIPIENTS_SHOWN 100

static const char *kind_word(WaxRecipientKind kind)
{
	static const char *const words[] = { "none", "ktri", "kari", "kekri", "pwri", "kemri",
		"ori" };

	return words[kind];
}

static void show_recipient(WaxVerdictLayer *layer, const WaxRecipient *recipient)
{
	WaxVerdictRecipient *shown;

	layer->recipient_count++;
	if (layer->recipients->len >= RECIPIENTS_SHOWN)
		return;
	shown = wax_verdict_add_recipient(layer);
	shown->kind = kind_word(recipient->kind);
	shown->algorithm = recipient->alg ? wax_keyenc_word(recipient->alg) : NULL;
	if (recipient->id.issuer.n) {
		shown->issuer = wax_hex(recipient->id.issuer);
		shown->serial = wax_hex(recipient->id.serial);
	} else if (recipient->id.key_id.n) {
		shown->key_id = wax_hex(recipient->id.key_id);
	}
}

static WaxReason unanswered(WaxObject *object)
{
	wax_set_error(&object->o->unanswered, WAX_R_CUSTODY_DOWN,
		"whose key opens the message could not be asked");
	return WAX_R_CMS_DECRYPT_FAILED;
}

/* every recipient is read; the first one that is ours is chosen (one attempt, R-46) */
static WaxReason choose_recipient(WaxObject *object, WaxRecipient *ret_chosen, int *ret_handle)
{
	const WaxUnwrapper *keys = object->o->options->keys;
	WaxRecipients list = wax_cms_recipients(&object->plan);
	WaxRecipient recipient, last = { 0 };
	bool more;
	WaxFault fault;

	*ret_handle = -1;
	for (;;) {
		if (!wax_cms_next_recipient(&list, &recipient, &more, &fault))
			return fault.reason;
		if (!more)
			break;
		show_recipient(object->layer, &recipient);
		last = recipient;
		if (*ret_handle >= 0 || !keys)
			continue;
		*ret_handle = keys->find(keys->data, &recipient, /* alone= */ false);
		if (*ret_handle == WAX_FIND_UNANSWERED)
			return unanswered(object);
		if (*ret_handle < 0)
			continue;
		*ret_chosen = recipient;
		if (object->layer->recipients->len == object->layer->recipient_count)
			((WaxVerdictRecipient *)object->layer->recipients
					->pdata[object->layer->recipients->len - 1])
				->opened = true;
	}
	if (*ret_handle < 0 && keys && object->layer->recipient_count == 1) {
		*ret_handle = keys->find(keys->data, &last, /* alone= */ true);
		if (*ret_handle == WAX_FIND_UNANSWERED)
			return unanswered(object);
		*ret_chosen = last;
	}
	return WAX_R_NONE;
}

/* is_of_the_moment - it says nothing of the message: the custodian is away, locked, or began anew */
static bool is_of_the_moment(const GError *error)
{
	WaxReason reason = wax_reason_of(error);

	return wax_class_of_reason(reason) == WAX_CLASS_TEMP || reason == WAX_R_TICKET_UNKNOWN ||
	       reason == WAX_R_TICKET_SPENT;
}

/* is_acceptable - RC2 is for those alone who ask for old mail */
static bool is_acceptable(const WaxObject *object, const WaxRecipient *chosen)
{
	bool rc2 = wax_cipher_is_rc2(object->plan.cipher) || chosen->wrap == WAX_WRAP_RC2;

	return object->plan.cipher && (!rc2 || object->o->options->historic);
}

/* unwrap - the key for the cipher; a content key of another length is no key */
static bool unwrap(WaxObject *object, const WaxRecipient *chosen, int handle)
{
	const WaxUnwrapper *keys = object->o->options->keys;
	size_t key_size = wax_cipher_key_size(object->plan.cipher);
	g_autoptr(WaxSecret) cek = NULL;
	g_autoptr(GError) why = NULL;

	if (!keys->unwrap(keys->data, handle, chosen, key_size, &cek, &why)) {
		if (why && is_of_the_moment(why) && !object->o->unanswered)
			object->o->unanswered = g_steal_pointer(&why);
		return false;
	}
	if (cek->n != key_size)
		return false;
	if (object->plan.cek_info.n)
		return wax_kdf_cek(wax_secret_span(cek), object->plan.cek_info, &object->key, NULL);
	object->key = g_steal_pointer(&cek);
	return true;
}

/* begin_cipher - CCM must wait until the content has been measured */
static bool begin_cipher(WaxObject *object)
{
	if (wax_cipher_is_ccm(object->plan.cipher))
		return true;
	object->cipher = wax_cipher_new(object->plan.cipher, /* encrypt= */ false,
		wax_secret_span(object->key), object->plan.iv, NULL);
	object->plain = g_malloc(object->o->levels.chunk + WAX_CIPHER_SLACK);
	return object->cipher != NULL;
}

/* rate - R-07: what is old is read, and labelled when it was read */
static void rate(WaxObject *object, const WaxRecipient *chosen)
{
	bool wraps = chosen->kind == WAX_RECIPIENT_KARI || chosen->kind == WAX_RECIPIENT_KEM ||
		     chosen->kind == WAX_RECIPIENT_KEKRI;

	if (wax_cipher_is_weak(object->plan.cipher) || (wraps && wax_wrap_is_weak(chosen->wrap)) ||
		(chosen->kind == WAX_RECIPIENT_PWRI && wax_cipher_is_weak(chosen->password.cipher)))
		wax_reasons_add(&object->weaknesses, WAX_R_WEAK_CIPHER);
	if (chosen->kdf.scheme && wax_digest_is_weak(chosen->kdf.digest))
		wax_reasons_add(&object->weaknesses, WAX_R_WEAK_KDF);
}

void wax_object_begin_encrypted(WaxObject *object)
{
	WaxVerdictLayer *layer = object->layer;
	WaxRecipient chosen;
	WaxReason reason;
	WaxFault fault;
	int handle;

	layer->encryption = WAX_ENCRYPTION_FAILED;
	if (!wax_cms_open_plan(&object->reader, &object->plan, &fault)) {
		wax_object_give_up(object, fault.reason);
		return;
	}
	layer->cipher = object->plan.cipher;
	reason = choose_recipient(object, &chosen, &handle);
	if (reason) {
		wax_object_give_up(object, reason);
		return;
	}
	if (handle < 0) {
		layer->encryption = WAX_ENCRYPTION_UNDECRYPTABLE;
		wax_reasons_add(&layer->reasons, WAX_R_CMS_NO_RECIPIENT);
		object->o->levels.enough = true;
		return;
	}
	if (!is_acceptable(object, &chosen)) {
		wax_object_give_up(object, WAX_R_CMS_ALGORITHM_UNSUPPORTED);
		return;
	}
	rate(object, &chosen);
	if (!unwrap(object, &chosen, handle) || !begin_cipher(object))
		wax_object_give_up(object, WAX_R_CMS_DECRYPT_FAILED);
}

typedef struct {
	uint64_t size;
} Count;

static bool count_octets(void *data, WaxSpan bytes, GError **error)
{
	Count *count = data;
	(void)error;

	count->size += bytes.n;
	return true;
}

void wax_object_end_encrypted(WaxObject *object, const char *part, uint64_t from, uint64_t to)
{
	uint8_t attributes[64 * 1024];
	WaxBuffer room = { attributes, 0, sizeof attributes };
	unsigned n = object->o->levels.levels->len;
	Count count = { 0 };
	WaxFault fault;
	WaxLevel *level;
	size_t last;
	bool good;

	if (object->plan.type == WAX_CMS_AUTH_ENVELOPED &&
		!wax_cms_open_finish(&object->reader, &object->plan, &room, &fault)) {
		wax_object_give_up(object, fault.reason);
		return;
	}
	if (object->plan.auth_attributes.n || !object->cipher) {
		wax_object_forget(object);
		wax_object_make_level(object, part, from, to);
		good = wax_opened_run(object->o, n, 0, UINT64_MAX, count_octets, &count, NULL);
		wax_level(&object->o->levels, n)->size = count.size;
	} else {
		good = wax_cipher_finish(
			object->cipher, object->plan.tag, object->plain, &last, NULL, NULL);
		if (good) {
			wax_object_keep(object, WAX_SPAN(object->plain, last));
			wax_object_make_level(object, part, from, to);
		}
	}
	if (!good) {
		g_ptr_array_set_size(object->o->levels.levels, (int)n);
		wax_object_give_up(object, WAX_R_CMS_DECRYPT_FAILED);
		return;
	}
	level = wax_level(&object->o->levels, n);
	wax_reasons_join(&object->layer->reasons, &object->weaknesses);
	object->layer->encryption = wax_cipher_is_aead(level->cipher)
					    ? WAX_ENCRYPTION_AUTHENTICATED
					    : WAX_ENCRYPTION_UNAUTHENTICATED;
}
