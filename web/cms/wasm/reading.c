/* SPDX-License-Identifier: Apache-2.0 */
/* A CMS object taken apart for JavaScript: cms/reader, cms/open and cms/verify by name. */
#include "asn1/der.h"
#include "cms/open.h"
#include "cms/verify.h"
#include "exchange.h"

static struct {
	WaxCmsReader reader;
	WaxOpenPlan open;
	WaxRecipients recipients;
	WaxVerifyPlan signers;
	WaxBer certificate_list, signer_list;
	WaxBuffer signer_room;
	WaxSigner signer;
} reading;

void web_forget_reading(void)
{
	wax_wipe(&reading, sizeof reading);
}

/* reader: head, tail (rooms) */
WEB_EXPORT(reader)
{
	wax_cms_reader_init(&reading.reader, web_input_room("head"), web_input_room("tail"));
	return true;
}

/*
 * feed: piece -> content: how many octets of content the piece held.  They are moved
 * to its front: what they overwrite has been read.
 */
WEB_EXPORT(feed)
{
	WaxBuffer piece = web_input_room("piece");
	WaxSpan in = { piece.p, piece.room }, content;
	WaxCmsEvent event;
	WaxFault fault;
	size_t n = 0;

	do {
		if (!wax_cms_reader_step(&reading.reader, &in, &event, &content, &fault))
			return web_refuse(&fault);
		if (content.n)
			__builtin_memmove(piece.p + n, content.p, content.n);
		n += content.n;
	} while (event != WAX_CMS_NEED_INPUT && event != WAX_CMS_END);
	/* END comes again and again; what follows it is refused by the next step */
	if (in.n && !wax_cms_reader_step(&reading.reader, &in, &event, &content, &fault))
		return web_refuse(&fault);
	web_put_number("content", n);
	return true;
}

static const char *type_word(WaxCmsType type)
{
	switch (type) {
	case WAX_CMS_SIGNED:
		return "signed-data";
	case WAX_CMS_ENVELOPED:
		return "enveloped-data";
	case WAX_CMS_AUTH_ENVELOPED:
		return "authEnveloped-data";
	case WAX_CMS_COMPRESSED:
		return "compressed-data";
	default:
		return "unknown";
	}
}

/* end -> type, has_content, content_octets, head_octets, tail_octets */
WEB_EXPORT(end)
{
	WaxFault fault;

	if (!wax_cms_reader_finish(&reading.reader, &fault))
		return web_refuse(&fault);
	web_put_text("type", type_word(reading.reader.type));
	web_put_flag("has_content", reading.reader.has_content);
	web_put_number("content_octets", reading.reader.content_octets);
	web_put_number("head_octets", reading.reader.head.n);
	web_put_number("tail_octets", reading.reader.tail.n);
	return true;
}

/* open_plan -> what decrypts the content, once a recipient's key has given the content key */
WEB_EXPORT(open_plan)
{
	size_t room = reading.reader.tail.n * 2 + 64;
	WaxBuffer aad = { web_take(room), 0, room };
	WaxOpenPlan *plan = &reading.open;
	WaxFault fault = { WAX_R_CMS_TOO_LARGE, 0 };

	if (!aad.p || !wax_cms_open_plan(&reading.reader, plan, &fault) ||
		!wax_cms_open_finish(&reading.reader, plan, &aad, &fault))
		return web_refuse(&fault);
	reading.recipients = wax_cms_recipients(plan);
	web_put_text("cipher", wax_cipher_word(plan->cipher));
	web_put_octets("cipher_oid", plan->cipher_oid);
	web_put_flag("aead", wax_cipher_is_aead(plan->cipher));
	web_put_number("key_octets", wax_cipher_key_size(plan->cipher));
	web_put_octets("content_type", plan->content_type);
	web_put_octets("iv", plan->iv);
	web_put_octets("cek_info", plan->cek_info);
	web_put_octets("tag", plan->tag);
	web_put_octets("aad", plan->auth_attributes);
	return true;
}

static const char *kind_word(WaxRecipientKind kind)
{
	static const char *const words[] = { "none", "ktri", "kari", "kekri", "pwri", "kem" };

	return (size_t)kind < sizeof words / sizeof *words ? words[kind] : "other";
}

static void put_id(const WaxCmsId *id)
{
	web_put_octets("issuer", id->issuer);
	web_put_octets("serial", id->serial);
	web_put_octets("key_id", id->key_id);
}

static const char *scheme_word(WaxKdfScheme scheme)
{
	static const char *const words[WAX_KDF_COUNT_] = { "none", "x963", "kdf3", "hkdf" };

	return words[scheme];
}

static bool put_agreement(const WaxRecipient *r, WaxFault *fault)
{
	size_t room = r->wrap_identifier.n + r->ukm.n + 64;
	WaxBuffer info = { web_take(room), 0, room };

	if (!info.p)
		return wax_fault(fault, WAX_R_CMS_TOO_LARGE, 0);
	if (!wax_cms_kdf_info(r, &info, fault))
		return false;
	web_put_octets("originator", r->originator);
	web_put_text("scheme", scheme_word(r->kdf.scheme));
	web_put_text("kdf", wax_digest_word(r->kdf.digest));
	web_put_octets("salt", wax_cms_kdf_salt(r));
	web_put_octets("info", (WaxSpan){ info.p, info.n });
	return true;
}

static void put_password(const WaxPasswordParameters *p)
{
	web_put_octets("salt", p->salt);
	web_put_number("iterations", p->iterations);
	web_put_text("prf", wax_digest_word(p->prf));
	web_put_text("kek_cipher", wax_cipher_word(p->cipher));
	web_put_octets("iv", p->iv);
}

/* recipient -> more, kind, algorithm, who is meant, and what unwraps the key */
WEB_EXPORT(recipient)
{
	WaxRecipient r;
	WaxFault fault;
	bool more;

	if (!wax_cms_next_recipient(&reading.recipients, &r, &more, &fault))
		return web_refuse(&fault);
	web_put_flag("more", more);
	if (!more)
		return true;
	web_put_text("kind", kind_word(r.kind));
	web_put_text("algorithm", wax_keyenc_word(r.alg));
	put_id(&r.id);
	web_put_octets("wrapped_key", r.wrapped_key);
	if (r.alg == WAX_KEYENC_OAEP) {
		web_put_text("oaep_digest", wax_digest_word(r.oaep.digest));
		web_put_text("oaep_mgf_digest", wax_digest_word(r.oaep.mgf_digest));
		web_put_octets("label", r.oaep.label);
	}
	if (r.wrap) {
		web_put_number("wrap_octets", wax_wrap_key_size(r.wrap));
		web_put_flag("wrap_weak", wax_wrap_is_weak(r.wrap));
	}
	if (r.alg == WAX_KEYENC_PASSWORD)
		put_password(&r.password);
	if (wax_keyenc_is_agreement(r.alg) && !put_agreement(&r, &fault))
		return web_refuse(&fault);
	return true;
}

/* verify_plan -> content_type, signers; certificates and signers are then asked for one by one */
WEB_EXPORT(verify_plan)
{
	size_t room = reading.reader.tail.n * 2 + 64;
	WaxVerifyPlan *plan = &reading.signers;
	WaxFault fault = { WAX_R_CMS_TOO_LARGE, 0 };

	reading.signer_room = (WaxBuffer){ web_take(room), 0, room };
	if (!reading.signer_room.p || !wax_cms_signed_head(&reading.reader, plan, &fault) ||
		!wax_cms_signed_tail(&reading.reader, plan, &fault))
		return web_refuse(&fault);
	reading.certificate_list = wax_ber(plan->certificates);
	reading.signer_list = wax_ber(plan->signer_infos);
	web_put_octets("content_type", plan->content_type);
	web_put_number("signers", plan->signer_count);
	return true;
}

/* next_certificate -> more, der */
WEB_EXPORT(next_certificate)
{
	WaxSpan der;
	WaxFault fault;
	bool more;

	if (!wax_cms_next_certificate(&reading.certificate_list, &der, &more, &fault))
		return web_refuse(&fault);
	web_put_flag("more", more);
	if (more)
		web_put_octets("der", der);
	return true;
}

static void put_signature(const WaxSigner *s)
{
	web_put_text("algorithm", wax_sig_word(s->alg));
	web_put_text("digest", wax_digest_word(s->digest));
	web_put_octets("signature", s->signature);
	if (s->alg == WAX_SIG_PSS) {
		web_put_text("pss_mgf_digest", wax_digest_word(s->pss.mgf_digest));
		web_put_number("pss_salt", s->pss.salt);
		web_put_flag("pss_bad_trailer", s->pss.bad_trailer);
	}
}

/* count_countersignatures - those that can be read; whether they are right is not looked at */
static unsigned count_countersignatures(const WaxSigner *signer)
{
	WaxCounterList list = wax_cms_counter_list(signer);
	WaxBuffer room = reading.signer_room;
	unsigned count = 0;
	WaxSigner each;
	bool more;

	while (count < 16 && wax_cms_next_countersignature(&list, &room, &each, &more, NULL) &&
		more)
		count++;
	return count;
}

/* signer -> more, who signed, with what, over which octets, claiming what */
WEB_EXPORT(signer)
{
	WaxSigner *s = &reading.signer;
	WaxFault fault;
	bool more;

	if (!wax_cms_next_signer(
		    &reading.signers, &reading.signer_list, &reading.signer_room, s, &more, &fault))
		return web_refuse(&fault);
	web_put_flag("more", more);
	if (!more)
		return true;
	put_id(&s->id);
	put_signature(s);
	web_put_flag("has_attributes", s->has_attributes);
	web_put_octets("signed_octets", s->signed_octets);
	web_put_octets("received_octets", s->received_octets);
	web_put_octets("ess_hash", s->ess[0].hash);
	web_put_text("ess_digest", wax_digest_word(s->ess[0].digest));
	web_put_octets("ess_v2_hash", s->ess[1].hash);
	web_put_text("ess_v2_digest", wax_digest_word(s->ess[1].digest));
	web_put_flag("pure", wax_sig_is_pure(s->alg));
	web_put_flag("weak_digest", s->weak_digest || wax_digest_is_weak(s->digest));
	web_put_number("countersignatures", count_countersignatures(s));
	web_put_reason("broken_rule", s->reason);
	if (s->has_time)
		web_put_number("signing_time", (uint64_t)s->signing_time);
	return true;
}

/* verify_finish: digest, key_said -> reason; about the signer asked for last */
WEB_EXPORT(verify_finish)
{
	web_put_reason("reason", wax_cms_verify_finish(&reading.signer, web_input("digest"),
					 web_input_number("key_said") == 1));
	return true;
}

/* looks_like_attributes: content -> looks */
WEB_EXPORT(looks_like_attributes)
{
	WaxSpan content = web_input("content");

	web_put_flag("looks", wax_cms_looks_like_attributes(content, content.n));
	return true;
}
