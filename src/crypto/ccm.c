/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ccm.h"

#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#define BLOCK 16
#define CHUNK 4096 /* of the MAC's chain, of which only the last block is of use */

struct WaxCcm {
	EVP_CIPHER_CTX *counter, *mac;
	WaxSpan nonce;
	uint8_t nonce_room[13];
	uint8_t first[BLOCK];	/* the counter's block 0, which hides the tag */
	uint8_t partial[BLOCK]; /* of the MAC's input */
	size_t partial_n;
	uint8_t chain[BLOCK]; /* the MAC so far */
	uint8_t scratch[CHUNK];
	uint64_t octets, left;
	size_t tag_size;
	bool encrypt, announced, begun;
};

static const EVP_CIPHER *method(size_t key_size, bool counter)
{
	static EVP_CIPHER *methods[3][2];
	static const char *const names[3][2] = { { "AES-128-CBC", "AES-128-CTR" },
		{ "AES-192-CBC", "AES-192-CTR" }, { "AES-256-CBC", "AES-256-CTR" } };
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (unsigned i = 0; i < 6; i++)
			methods[i / 2][i % 2] = EVP_CIPHER_fetch(NULL, names[i / 2][i % 2], NULL);
		g_once_init_leave(&once, 1);
	}
	return methods[key_size / 8 - 2][counter];
}

static EVP_CIPHER_CTX *begin(WaxSpan key, bool counter, const uint8_t iv[BLOCK])
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	/* counter mode is the same in both directions, and the MAC encrypts always */
	if (context && EVP_EncryptInit_ex2(context, method(key.n, counter), key.p, iv, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(context, 0) == 1)
		return context;
	EVP_CIPHER_CTX_free(context);
	return NULL;
}

WaxCcm *wax_ccm_new(WaxSpan key, WaxSpan nonce, bool encrypt)
{
	static const uint8_t zero[BLOCK] = { 0 };
	uint8_t start[BLOCK] = { 0 };
	WaxCcm *ccm;
	int n;

	if ((key.n != 16 && key.n != 24 && key.n != 32) || nonce.n < 7 || nonce.n > 13)
		return NULL;
	ccm = g_new0(WaxCcm, 1);
	memcpy(ccm->nonce_room, nonce.p, nonce.n);
	ccm->nonce = WAX_SPAN(ccm->nonce_room, nonce.n);
	ccm->encrypt = encrypt;
	start[0] = (uint8_t)(14 - nonce.n);
	memcpy(start + 1, nonce.p, nonce.n);
	ccm->counter = begin(key, true, start);
	ccm->mac = begin(key, false, zero);
	if (ccm->counter && ccm->mac &&
		EVP_EncryptUpdate(ccm->counter, ccm->first, &n, zero, BLOCK) == 1 && n == BLOCK)
		return ccm;
	wax_ccm_free(ccm);
	return NULL;
}

void wax_ccm_free(WaxCcm *ccm)
{
	if (!ccm)
		return;
	EVP_CIPHER_CTX_free(ccm->counter);
	EVP_CIPHER_CTX_free(ccm->mac);
	wax_wipe(ccm, sizeof *ccm);
	g_free(ccm);
}

bool wax_ccm_announce(WaxCcm *ccm, uint64_t octets, size_t tag_size)
{
	size_t length_size = 15 - ccm->nonce.n;

	if (ccm->begun || tag_size < 4 || tag_size > BLOCK || tag_size % 2 ||
		(length_size < 8 && octets >> (8 * length_size)))
		return false;
	ccm->octets = ccm->left = octets;
	ccm->tag_size = tag_size;
	ccm->announced = true;
	return true;
}

/* chain - whole blocks into the MAC */
static bool chain(WaxCcm *ccm, const uint8_t *p, size_t n)
{
	while (n) {
		size_t take = MIN(n, (size_t)CHUNK);
		int got;

		if (EVP_EncryptUpdate(ccm->mac, ccm->scratch, &got, p, (int)take) != 1 ||
			(size_t)got != take)
			return false;
		memcpy(ccm->chain, ccm->scratch + take - BLOCK, BLOCK);
		p += take;
		n -= take;
	}
	return true;
}

static bool feed(WaxCcm *ccm, WaxSpan in)
{
	size_t take = MIN(in.n, BLOCK - ccm->partial_n), whole;

	if (!in.n)
		return true;
	if (ccm->partial_n) {
		memcpy(ccm->partial + ccm->partial_n, in.p, take);
		ccm->partial_n += take;
		if (ccm->partial_n < BLOCK)
			return true;
		ccm->partial_n = 0;
		if (!chain(ccm, ccm->partial, BLOCK))
			return false;
		in = WAX_SPAN(in.p + take, in.n - take);
	}
	whole = in.n / BLOCK * BLOCK;
	if (!chain(ccm, in.p, whole))
		return false;
	ccm->partial_n = in.n - whole;
	if (ccm->partial_n)
		memcpy(ccm->partial, in.p + whole, ccm->partial_n);
	return true;
}

/* pad - zeros to the end of the block */
static bool pad(WaxCcm *ccm)
{
	static const uint8_t zero[BLOCK] = { 0 };

	return !ccm->partial_n || feed(ccm, WAX_SPAN(zero, BLOCK - ccm->partial_n));
}

/* start - B0: flags, nonce, number of octets (SP 800-38C A.2.1) */
static bool start(WaxCcm *ccm, bool has_aad)
{
	size_t length_size = 15 - ccm->nonce.n;
	uint8_t block[BLOCK] = { 0 };

	if (!ccm->announced || ccm->begun)
		return false;
	ccm->begun = true;
	block[0] = (uint8_t)((has_aad ? 0x40 : 0) | (((ccm->tag_size - 2) / 2) << 3) |
			     (length_size - 1));
	memcpy(block + 1, ccm->nonce.p, ccm->nonce.n);
	for (size_t i = 0; i < length_size && i < 8; i++)
		block[BLOCK - 1 - i] = (uint8_t)(ccm->octets >> (8 * i));
	return feed(ccm, WAX_SPAN(block, BLOCK));
}

bool wax_ccm_aad(WaxCcm *ccm, WaxSpan aad)
{
	uint8_t prefix[6] = { 0xff, 0xfe };
	size_t n = 2;

	if (!aad.n)
		return true;
	if (aad.n > UINT32_MAX || !start(ccm, true))
		return false;
	if (aad.n < 0xff00) {
		prefix[0] = (uint8_t)(aad.n >> 8);
		prefix[1] = (uint8_t)aad.n;
	} else {
		for (; n < 6; n++)
			prefix[n] = (uint8_t)(aad.n >> (8 * (5 - n)));
	}
	return feed(ccm, WAX_SPAN(prefix, n)) && feed(ccm, aad) && pad(ccm);
}

bool wax_ccm_update(WaxCcm *ccm, WaxSpan in, uint8_t *out)
{
	int n;

	if ((!ccm->begun && !start(ccm, false)) || in.n > ccm->left)
		return false;
	ccm->left -= in.n;
	if (ccm->encrypt && !feed(ccm, in))
		return false;
	if (!in.n)
		return true;
	if (EVP_EncryptUpdate(ccm->counter, out, &n, in.p, (int)in.n) != 1 || (size_t)n != in.n)
		return false;
	return ccm->encrypt || feed(ccm, WAX_SPAN(out, in.n));
}

bool wax_ccm_finish(WaxCcm *ccm, WaxSpan tag, uint8_t *ret_tag)
{
	uint8_t value[BLOCK];

	if ((!ccm->begun && !start(ccm, false)) || ccm->left || !pad(ccm))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		value[i] = ccm->chain[i] ^ ccm->first[i];
	if (!ccm->encrypt)
		return wax_same_secret(WAX_SPAN(value, ccm->tag_size), tag);
	memcpy(ret_tag, value, ccm->tag_size);
	return true;
}
