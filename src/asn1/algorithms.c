/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/algorithms.h"

#define NIST(...)                                                                                  \
	{                                                                                          \
		0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, __VA_ARGS__                              \
	}
#define PKCS1(n)                                                                                   \
	{                                                                                          \
		0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n                                  \
	}
#define SECG(a, b)                                                                                 \
	{                                                                                          \
		0x2b, 0x81, 0x04, 0x01, a, b                                                       \
	}
#define X963(n)                                                                                    \
	{                                                                                          \
		0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x3f, 0x00, n                                  \
	}

#define SMIME(n)                                                                                   \
	{                                                                                          \
		WAX_OID_SMIME(3, n)                                                                \
	}
#define RC2_CBC                                                                                    \
	{                                                                                          \
		8,                                                                                 \
		{                                                                                  \
			0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x02                             \
		}                                                                                  \
	}

#define ROW_OID 12

typedef struct {
	uint8_t length;
	uint8_t bytes[ROW_OID];
} Oid;

static const struct {
	Oid oid;
	size_t size;
	const char *word, *micalg;
} digests[WAX_DIGEST_COUNT_] = {
	[WAX_DIGEST_NONE] = { { 0, { 0 } }, 0, "unknown", "unknown" },
	[WAX_DIGEST_MD5] = { { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05 } }, 16, "md5",
		"md5" },
	[WAX_DIGEST_SHA1] = { { 5, { 0x2b, 0x0e, 0x03, 0x02, 0x1a } }, 20, "sha1", "sha-1" },
	[WAX_DIGEST_SHA224] = { { 9, NIST(2, 4) }, 28, "sha224", "sha-224" },
	[WAX_DIGEST_SHA256] = { { 9, NIST(2, 1) }, 32, "sha256", "sha-256" },
	[WAX_DIGEST_SHA384] = { { 9, NIST(2, 2) }, 48, "sha384", "sha-384" },
	[WAX_DIGEST_SHA512] = { { 9, NIST(2, 3) }, 64, "sha512", "sha-512" },
	[WAX_DIGEST_SHAKE256] = { { 9, NIST(2, 12) }, 64, "shake256", "shake256" },
};

static const struct {
	Oid oid;
	size_t key, block;
	bool aead, weak;
	const char *word;
} ciphers[WAX_CIPHER_COUNT_] = {
	[WAX_CIPHER_NONE] = { { 0, { 0 } }, 0, 0, false, true, "unknown" },
	[WAX_CIPHER_AES128_CBC] = { { 9, NIST(1, 2) }, 16, 16, false, false, "aes128-cbc" },
	[WAX_CIPHER_AES192_CBC] = { { 9, NIST(1, 22) }, 24, 16, false, false, "aes192-cbc" },
	[WAX_CIPHER_AES256_CBC] = { { 9, NIST(1, 42) }, 32, 16, false, false, "aes256-cbc" },
	[WAX_CIPHER_AES128_GCM] = { { 9, NIST(1, 6) }, 16, 1, true, false, "aes128-gcm" },
	[WAX_CIPHER_AES192_GCM] = { { 9, NIST(1, 26) }, 24, 1, true, false, "aes192-gcm" },
	[WAX_CIPHER_AES256_GCM] = { { 9, NIST(1, 46) }, 32, 1, true, false, "aes256-gcm" },
	[WAX_CIPHER_AES128_CCM] = { { 9, NIST(1, 7) }, 16, 1, true, false, "aes128-ccm" },
	[WAX_CIPHER_AES192_CCM] = { { 9, NIST(1, 27) }, 24, 1, true, false, "aes192-ccm" },
	[WAX_CIPHER_AES256_CCM] = { { 9, NIST(1, 47) }, 32, 1, true, false, "aes256-ccm" },
	[WAX_CIPHER_CHACHA20_POLY1305] = { { 11, SMIME(18) }, 32, 1, true, false,
		"chacha20-poly1305" },
	[WAX_CIPHER_3DES_CBC] = { { 8, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07 } }, 24, 8,
		false, true, "3des-cbc" },
	[WAX_CIPHER_RC2_40_CBC] = { RC2_CBC, 5, 8, false, true, "rc2-40-cbc" },
	[WAX_CIPHER_RC2_64_CBC] = { RC2_CBC, 8, 8, false, true, "rc2-64-cbc" },
	[WAX_CIPHER_RC2_128_CBC] = { RC2_CBC, 16, 8, false, true, "rc2-128-cbc" },
};

static const struct {
	Oid oid;
	size_t key;
} wraps[WAX_WRAP_COUNT_] = {
	[WAX_WRAP_AES128] = { { 9, NIST(1, 5) }, 16 },
	[WAX_WRAP_AES192] = { { 9, NIST(1, 25) }, 24 },
	[WAX_WRAP_AES256] = { { 9, NIST(1, 45) }, 32 },
	[WAX_WRAP_3DES] = { { 11, SMIME(6) }, 24 },
	[WAX_WRAP_RC2] = { { 11, SMIME(7) }, 16 },
};

/* the first row of a pair is the one that we write */
static const struct {
	Oid oid;
	WaxSigAlg alg;
	WaxDigestAlg digest;
} signatures[] = {
	{ { 9, PKCS1(1) }, WAX_SIG_RSA, WAX_DIGEST_NONE },
	{ { 9, PKCS1(4) }, WAX_SIG_RSA, WAX_DIGEST_MD5 },
	{ { 9, PKCS1(5) }, WAX_SIG_RSA, WAX_DIGEST_SHA1 },
	{ { 9, PKCS1(14) }, WAX_SIG_RSA, WAX_DIGEST_SHA224 },
	{ { 9, PKCS1(11) }, WAX_SIG_RSA, WAX_DIGEST_SHA256 },
	{ { 9, PKCS1(12) }, WAX_SIG_RSA, WAX_DIGEST_SHA384 },
	{ { 9, PKCS1(13) }, WAX_SIG_RSA, WAX_DIGEST_SHA512 },
	{ { 5, { 0x2b, 0x0e, 0x03, 0x02, 0x1d } }, WAX_SIG_RSA, WAX_DIGEST_SHA1 },
	{ { 9, PKCS1(10) }, WAX_SIG_PSS, WAX_DIGEST_NONE },
	{ { 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 } }, WAX_SIG_ECDSA, WAX_DIGEST_NONE },
	{ { 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01 } }, WAX_SIG_ECDSA, WAX_DIGEST_SHA1 },
	{ { 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01 } }, WAX_SIG_ECDSA,
		WAX_DIGEST_SHA224 },
	{ { 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 } }, WAX_SIG_ECDSA,
		WAX_DIGEST_SHA256 },
	{ { 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 } }, WAX_SIG_ECDSA,
		WAX_DIGEST_SHA384 },
	{ { 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04 } }, WAX_SIG_ECDSA,
		WAX_DIGEST_SHA512 },
	/* RFC 3370 3.1 and RFC 5758 3.1; the key's own identifier is met, too */
	{ { 7, { 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01 } }, WAX_SIG_DSA, WAX_DIGEST_NONE },
	{ { 7, { 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03 } }, WAX_SIG_DSA, WAX_DIGEST_SHA1 },
	{ { 9, NIST(3, 1) }, WAX_SIG_DSA, WAX_DIGEST_SHA224 },
	{ { 9, NIST(3, 2) }, WAX_SIG_DSA, WAX_DIGEST_SHA256 },
	{ { 3, { 0x2b, 0x65, 0x70 } }, WAX_SIG_ED25519, WAX_DIGEST_NONE },
	{ { 3, { 0x2b, 0x65, 0x71 } }, WAX_SIG_ED448, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 17) }, WAX_SIG_ML_DSA_44, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 18) }, WAX_SIG_ML_DSA_65, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 19) }, WAX_SIG_ML_DSA_87, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 20) }, WAX_SIG_SLH_DSA_SHA2_128S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 21) }, WAX_SIG_SLH_DSA_SHA2_128F, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 22) }, WAX_SIG_SLH_DSA_SHA2_192S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 23) }, WAX_SIG_SLH_DSA_SHA2_192F, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 24) }, WAX_SIG_SLH_DSA_SHA2_256S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 25) }, WAX_SIG_SLH_DSA_SHA2_256F, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 26) }, WAX_SIG_SLH_DSA_SHAKE_128S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 27) }, WAX_SIG_SLH_DSA_SHAKE_128F, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 28) }, WAX_SIG_SLH_DSA_SHAKE_192S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 29) }, WAX_SIG_SLH_DSA_SHAKE_192F, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 30) }, WAX_SIG_SLH_DSA_SHAKE_256S, WAX_DIGEST_NONE },
	{ { 9, NIST(3, 31) }, WAX_SIG_SLH_DSA_SHAKE_256F, WAX_DIGEST_NONE },
};

static const struct {
	Oid oid;
	WaxKdf kdf;
	bool cofactor;
} agreements[] = {
	{ { 9, X963(2) }, { WAX_KDF_X963, WAX_DIGEST_SHA1 }, false },
	{ { 6, SECG(11, 0) }, { WAX_KDF_X963, WAX_DIGEST_SHA224 }, false },
	{ { 6, SECG(11, 1) }, { WAX_KDF_X963, WAX_DIGEST_SHA256 }, false },
	{ { 6, SECG(11, 2) }, { WAX_KDF_X963, WAX_DIGEST_SHA384 }, false },
	{ { 6, SECG(11, 3) }, { WAX_KDF_X963, WAX_DIGEST_SHA512 }, false },
	{ { 9, X963(3) }, { WAX_KDF_X963, WAX_DIGEST_SHA1 }, true },
	{ { 6, SECG(14, 0) }, { WAX_KDF_X963, WAX_DIGEST_SHA224 }, true },
	{ { 6, SECG(14, 1) }, { WAX_KDF_X963, WAX_DIGEST_SHA256 }, true },
	{ { 6, SECG(14, 2) }, { WAX_KDF_X963, WAX_DIGEST_SHA384 }, true },
	{ { 6, SECG(14, 3) }, { WAX_KDF_X963, WAX_DIGEST_SHA512 }, true },
	{ { 11, SMIME(19) }, { WAX_KDF_HKDF, WAX_DIGEST_SHA256 }, false },
	{ { 11, SMIME(20) }, { WAX_KDF_HKDF, WAX_DIGEST_SHA384 }, false },
	{ { 11, SMIME(21) }, { WAX_KDF_HKDF, WAX_DIGEST_SHA512 }, false },
};

static const struct {
	Oid oid;
	WaxDigestAlg digest;
} hkdfs[] = {
	{ { 11, SMIME(28) }, WAX_DIGEST_SHA256 },
	{ { 11, SMIME(29) }, WAX_DIGEST_SHA384 },
	{ { 11, SMIME(30) }, WAX_DIGEST_SHA512 },
};

static const Oid keyencs[WAX_KEYENC_COUNT_] = {
	[WAX_KEYENC_ECDH] = { 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 } },
	[WAX_KEYENC_X25519] = { 3, { 0x2b, 0x65, 0x6e } },
	[WAX_KEYENC_X448] = { 3, { 0x2b, 0x65, 0x6f } },
	[WAX_KEYENC_RSA_KEM] = { 7, { 0x28, 0x81, 0x8c, 0x71, 0x02, 0x02, 0x04 } },
	[WAX_KEYENC_ML_KEM_512] = { 9, NIST(4, 1) },
	[WAX_KEYENC_ML_KEM_768] = { 9, NIST(4, 2) },
	[WAX_KEYENC_ML_KEM_1024] = { 9, NIST(4, 3) },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static WaxSpan span_of(const Oid *oid)
{
	return (WaxSpan){ oid->bytes, oid->length };
}

static bool is(const Oid *oid, WaxSpan span)
{
	return oid->length && wax_span_equal(span_of(oid), span);
}

WaxSpan wax_digest_oid(WaxDigestAlg alg)
{
	return span_of(&digests[alg].oid);
}

WaxSpan wax_cipher_oid(WaxCipherAlg alg)
{
	return span_of(&ciphers[alg].oid);
}

WaxSpan wax_wrap_oid(WaxWrapAlg alg)
{
	return span_of(&wraps[alg].oid);
}

WaxSpan wax_agreement_oid(WaxKdf kdf)
{
	for (size_t i = 0; i < COUNT(agreements); i++)
		if (agreements[i].kdf.scheme == kdf.scheme &&
			agreements[i].kdf.digest == kdf.digest && !agreements[i].cofactor)
			return span_of(&agreements[i].oid);
	return WAX_SPAN_NONE;
}

WaxSpan wax_hkdf_oid(WaxDigestAlg digest)
{
	for (size_t i = 0; i < COUNT(hkdfs); i++)
		if (hkdfs[i].digest == digest)
			return span_of(&hkdfs[i].oid);
	return WAX_SPAN_NONE;
}

WaxSpan wax_keyenc_oid(WaxKeyEncAlg alg)
{
	return span_of(&keyencs[alg]);
}

WaxDigestAlg wax_digest_from_oid(WaxSpan oid)
{
	for (unsigned i = 1; i < WAX_DIGEST_COUNT_; i++)
		if (is(&digests[i].oid, oid))
			return (WaxDigestAlg)i;
	return WAX_DIGEST_NONE;
}

WaxCipherAlg wax_cipher_from_oid(WaxSpan oid)
{
	for (unsigned i = 1; i < WAX_CIPHER_COUNT_; i++)
		if (is(&ciphers[i].oid, oid))
			return (WaxCipherAlg)i;
	return WAX_CIPHER_NONE;
}

WaxWrapAlg wax_wrap_from_oid(WaxSpan oid)
{
	for (unsigned i = 1; i < WAX_WRAP_COUNT_; i++)
		if (is(&wraps[i].oid, oid))
			return (WaxWrapAlg)i;
	return WAX_WRAP_NONE;
}

WaxSigAlg wax_sig_from_oid(WaxSpan oid, WaxDigestAlg *ret_digest)
{
	for (size_t i = 0; i < COUNT(signatures); i++)
		if (is(&signatures[i].oid, oid)) {
			*ret_digest = signatures[i].digest;
			return signatures[i].alg;
		}
	*ret_digest = WAX_DIGEST_NONE;
	return WAX_SIG_ALG_NONE;
}

WaxSpan wax_sig_oid(WaxSigAlg alg, WaxDigestAlg digest)
{
	/* RSA is named by its key type, as every reader of CMS expects (RFC 3370 3.2) */
	WaxDigestAlg named = alg == WAX_SIG_ECDSA ? digest : WAX_DIGEST_NONE;

	for (size_t i = 0; i < COUNT(signatures); i++)
		if (signatures[i].alg == alg && signatures[i].digest == named)
			return span_of(&signatures[i].oid);
	return WAX_SPAN_NONE;
}

WaxKdf wax_agreement_from_oid(WaxSpan oid, bool *ret_cofactor)
{
	for (size_t i = 0; i < COUNT(agreements); i++)
		if (is(&agreements[i].oid, oid)) {
			*ret_cofactor = agreements[i].cofactor;
			return agreements[i].kdf;
		}
	*ret_cofactor = false;
	return (WaxKdf){ WAX_KDF_NONE, WAX_DIGEST_NONE };
}

WaxDigestAlg wax_hkdf_from_oid(WaxSpan oid)
{
	for (size_t i = 0; i < COUNT(hkdfs); i++)
		if (is(&hkdfs[i].oid, oid))
			return hkdfs[i].digest;
	return WAX_DIGEST_NONE;
}

WaxKeyEncAlg wax_keyenc_from_oid(WaxSpan oid)
{
	for (unsigned i = 1; i < WAX_KEYENC_COUNT_; i++)
		if (is(&keyencs[i], oid))
			return (WaxKeyEncAlg)i;
	return WAX_KEYENC_NONE;
}

size_t wax_digest_size(WaxDigestAlg alg)
{
	return digests[alg].size;
}

size_t wax_cipher_key_size(WaxCipherAlg alg)
{
	return ciphers[alg].key;
}

size_t wax_wrap_key_size(WaxWrapAlg alg)
{
	return wraps[alg].key;
}

size_t wax_cipher_block_size(WaxCipherAlg alg)
{
	return ciphers[alg].block;
}

bool wax_cipher_is_aead(WaxCipherAlg alg)
{
	return ciphers[alg].aead;
}

bool wax_cipher_is_ccm(WaxCipherAlg alg)
{
	return alg >= WAX_CIPHER_AES128_CCM && alg <= WAX_CIPHER_AES256_CCM;
}

bool wax_cipher_is_rc2(WaxCipherAlg alg)
{
	return alg >= WAX_CIPHER_RC2_40_CBC && alg <= WAX_CIPHER_RC2_128_CBC;
}

bool wax_keyenc_is_kem(WaxKeyEncAlg alg)
{
	return alg >= WAX_KEYENC_RSA_KEM && alg <= WAX_KEYENC_ML_KEM_1024;
}

bool wax_keyenc_is_agreement(WaxKeyEncAlg alg)
{
	return alg >= WAX_KEYENC_ECDH && alg <= WAX_KEYENC_X448;
}

bool wax_digest_is_weak(WaxDigestAlg alg)
{
	return alg <= WAX_DIGEST_SHA1;
}

bool wax_cipher_is_weak(WaxCipherAlg alg)
{
	return ciphers[alg].weak;
}

bool wax_wrap_is_weak(WaxWrapAlg alg)
{
	return alg == WAX_WRAP_NONE || alg == WAX_WRAP_3DES || alg == WAX_WRAP_RC2;
}

const char *wax_digest_word(WaxDigestAlg alg)
{
	return digests[alg].word;
}

const char *wax_cipher_word(WaxCipherAlg alg)
{
	return ciphers[alg].word;
}

static const struct {
	const char *word;
	WaxDigestAlg digest; /* that we write beside it */
	uint8_t least;	     /* octets of a digest as strong as it */
} schemes[WAX_SIG_ALG_COUNT_] = {
	[WAX_SIG_ALG_NONE] = { "unknown", WAX_DIGEST_NONE, 0 },
	[WAX_SIG_RSA] = { "rsa", WAX_DIGEST_NONE, 0 },
	[WAX_SIG_PSS] = { "rsa-pss", WAX_DIGEST_NONE, 0 },
	[WAX_SIG_ECDSA] = { "ecdsa", WAX_DIGEST_NONE, 0 },
	[WAX_SIG_DSA] = { "dsa", WAX_DIGEST_NONE, 0 },
	[WAX_SIG_ED25519] = { "ed25519", WAX_DIGEST_SHA512, 64 },
	[WAX_SIG_ED448] = { "ed448", WAX_DIGEST_SHAKE256, 64 },
	[WAX_SIG_ML_DSA_44] = { "ml-dsa-44", WAX_DIGEST_SHA512, 32 },
	[WAX_SIG_ML_DSA_65] = { "ml-dsa-65", WAX_DIGEST_SHA512, 48 },
	[WAX_SIG_ML_DSA_87] = { "ml-dsa-87", WAX_DIGEST_SHA512, 64 },
	[WAX_SIG_SLH_DSA_SHA2_128S] = { "slh-dsa-sha2-128s", WAX_DIGEST_SHA256, 32 },
	[WAX_SIG_SLH_DSA_SHA2_128F] = { "slh-dsa-sha2-128f", WAX_DIGEST_SHA256, 32 },
	[WAX_SIG_SLH_DSA_SHA2_192S] = { "slh-dsa-sha2-192s", WAX_DIGEST_SHA512, 48 },
	[WAX_SIG_SLH_DSA_SHA2_192F] = { "slh-dsa-sha2-192f", WAX_DIGEST_SHA512, 48 },
	[WAX_SIG_SLH_DSA_SHA2_256S] = { "slh-dsa-sha2-256s", WAX_DIGEST_SHA512, 64 },
	[WAX_SIG_SLH_DSA_SHA2_256F] = { "slh-dsa-sha2-256f", WAX_DIGEST_SHA512, 64 },
	[WAX_SIG_SLH_DSA_SHAKE_128S] = { "slh-dsa-shake-128s", WAX_DIGEST_SHA512, 32 },
	[WAX_SIG_SLH_DSA_SHAKE_128F] = { "slh-dsa-shake-128f", WAX_DIGEST_SHA512, 32 },
	[WAX_SIG_SLH_DSA_SHAKE_192S] = { "slh-dsa-shake-192s", WAX_DIGEST_SHA512, 48 },
	[WAX_SIG_SLH_DSA_SHAKE_192F] = { "slh-dsa-shake-192f", WAX_DIGEST_SHA512, 48 },
	[WAX_SIG_SLH_DSA_SHAKE_256S] = { "slh-dsa-shake-256s", WAX_DIGEST_SHA512, 64 },
	[WAX_SIG_SLH_DSA_SHAKE_256F] = { "slh-dsa-shake-256f", WAX_DIGEST_SHA512, 64 },
};

const char *wax_sig_word(WaxSigAlg alg)
{
	return schemes[alg].word;
}

bool wax_sig_is_pure(WaxSigAlg alg)
{
	return schemes[alg].digest != WAX_DIGEST_NONE;
}

WaxDigestAlg wax_sig_digest(WaxSigAlg alg)
{
	return schemes[alg].digest;
}

WaxReason wax_sig_digest_fits(WaxSigAlg alg, WaxDigestAlg digest)
{
	if (alg == WAX_SIG_ED25519 || alg == WAX_SIG_ED448)
		return digest == schemes[alg].digest ? WAX_R_NONE : WAX_R_CMS_ALGORITHM_MISMATCH;
	return wax_digest_size(digest) >= schemes[alg].least ? WAX_R_NONE : WAX_R_SIG_WEAK_DIGEST;
}

const char *wax_keyenc_word(WaxKeyEncAlg alg)
{
	static const char *const words[WAX_KEYENC_COUNT_] = { "unknown", "rsa", "rsa-oaep", "ecdh",
		"x25519", "x448", "kek", "password", "rsa-kem", "ml-kem-512", "ml-kem-768",
		"ml-kem-1024" };

	return words[alg];
}

const char *wax_digest_micalg(WaxDigestAlg alg)
{
	return digests[alg].micalg;
}
