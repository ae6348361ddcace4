/* SPDX-License-Identifier: Apache-2.0 */
/* PBMAC1: the MAC of a PKCS #12 file by PBKDF2 and HMAC (RFC 9579); libcrypto knows it from 3.4 on. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pkcs12.h>

#include "asn1/ber.h"
#include "crypto/internal.h"

#define KEY_MAX 64 /* octets; pbe.c has refused a longer one */

/* content_of - the octets of the data that authSafe is: what the MAC is over */
static bool content_of(WaxSpan file, WaxBuffer *room, WaxSpan *ret_content)
{
	const uint8_t explicit = WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED;
	WaxSpan pfx, safe, oid, body;
	uint32_t version;
	WaxBer in, inner;

	if (!wax_ber_only(file, WAX_TAG_SEQUENCE, &pfx, NULL))
		return false;
	in = wax_ber(pfx);
	if (!wax_ber_take_small(&in, &version, NULL) ||
		!wax_ber_take(&in, WAX_TAG_SEQUENCE, &safe, NULL))
		return false;
	inner = wax_ber(safe);
	if (!wax_ber_take(&inner, WAX_TAG_OID, &oid, NULL) ||
		!wax_ber_take(&inner, explicit, &body, NULL))
		return false;
	inner = wax_ber(body);
	return wax_ber_take_octets(&inner, room, ret_content, NULL);
}

static const EVP_MD *digest_of(const X509_ALGOR *hmac, int if_absent)
{
	int nid = hmac ? OBJ_obj2nid(hmac->algorithm) : if_absent, digest;

	return OBJ_find_sigid_algs(nid, &digest, NULL) ||
			       EVP_PBE_find(EVP_PBE_TYPE_PRF, nid, NULL, &digest, NULL)
		       ? EVP_get_digestbynid(digest)
		       : NULL;
}

/* derive - the password as its UTF-8 octets (RFC 9579 5); the length of the key is written there */
static bool derive(const X509_ALGOR *kdf, WaxSpan password, uint8_t *key, size_t *ret_n)
{
	PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
	const EVP_MD *md = p ? digest_of(p->prf, NID_hmacWithSHA1) : NULL;
	uint64_t iterations = 0, n = 0;
	bool ok = md && p->keylength && p->salt->type == V_ASN1_OCTET_STRING &&
		  ASN1_INTEGER_get_uint64(&iterations, p->iter) &&
		  ASN1_INTEGER_get_uint64(&n, p->keylength) && n > 0 && n <= KEY_MAX &&
		  iterations > 0 && iterations <= WAX_PBE_EACH;

	ok = ok && PKCS5_PBKDF2_HMAC((const char *)password.p, (int)password.n,
			   p->salt->value.octet_string->data, p->salt->value.octet_string->length,
			   (int)iterations, md, (int)n, key) == 1;
	PBKDF2PARAM_free(p);
	*ret_n = (size_t)n;
	return ok;
}

bool wax_crypto_pbmac1_holds(
	WaxSpan file, const X509_ALGOR *alg, const ASN1_OCTET_STRING *mac, WaxSpan password)
{
	PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter);
	const EVP_MD *md = p ? digest_of(p->encryption, NID_undef) : NULL;
	g_autofree uint8_t *joined = g_malloc(file.n);
	WaxBuffer room = { joined, 0, file.n };
	uint8_t key[KEY_MAX], own[EVP_MAX_MD_SIZE];
	unsigned own_n = 0;
	WaxSpan content;
	size_t n;
	bool ok;

	ok = md && OBJ_obj2nid(p->keyfunc->algorithm) == NID_id_pbkdf2 &&
	     content_of(file, &room, &content) && derive(p->keyfunc, password, key, &n) &&
	     HMAC(md, key, (int)n, content.p, content.n, own, &own_n) &&
	     wax_same_secret(WAX_SPAN(own, own_n),
		     WAX_SPAN(ASN1_STRING_get0_data(mac), (size_t)ASN1_STRING_length(mac)));
	wax_wipe(key, sizeof key);
	wax_wipe(own, sizeof own);
	PBE2PARAM_free(p);
	ERR_clear_error();
	return ok;
}
