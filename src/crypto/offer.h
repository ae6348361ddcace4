/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/offer - which algorithms does the libcrypto that runs here have?
 *
 * DESCRIPTION
 *	Asked at run time: Debian 12 and 13 differ (ML-DSA, SLH-DSA, ML-KEM).
 *
 * OWNERSHIP
 *	The array is the caller's, the words in it are constants.
 *
 * ERRORS
 *	None: what is not there is not listed.
 */
#ifndef WAX_CRYPTO_OFFER_H
#define WAX_CRYPTO_OFFER_H

#include <glib.h>

typedef enum {
	WAX_OFFER_SIGNATURES,
	WAX_OFFER_RECIPIENTS, /* how the key of the content reaches one */
	WAX_OFFER_DIGESTS,
	WAX_OFFER_CIPHERS,
	WAX_OFFER_COUNT_
} WaxOffer;

/* wax_offer_word - "signatures" */
const char *wax_offer_word(WaxOffer offer);

/* wax_offer_list - const char *, as verdicts and options write them */
GPtrArray *wax_offer_list(WaxOffer offer);

/* wax_offer_library - "OpenSSL 3.0.15 3 Sep 2024" */
const char *wax_offer_library(void);

#endif
