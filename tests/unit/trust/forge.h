/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of our own making, well-formed or not, for the tests of this room. */
#ifndef WAX_TEST_FORGE_H
#define WAX_TEST_FORGE_H

#include <openssl/evp.h>

#include "crypto/cert.h"

#define AT 1800000000

/* one certificate to be made; extensions as openssl writes them, ended by NULL */
typedef struct {
	const char *subject, *issuer;
	long serial;
	EVP_PKEY *key, *signer;
	const char *extensions[10][2];
	bool dated_before, without_parameters;
	bool version_1;
	const char *digest;    /* NULL: SHA-256 */
	const char *algorithm; /* dotted; NULL: as libcrypto names key and digest */
	bool pss;
} Recipe;

#define FORGE_CA { "basicConstraints", "critical,CA:TRUE" }, { "keyUsage", "keyCertSign,cRLSign" }

EVP_PKEY *forge_new_key(void);

/* forge_octets - the certificate as DER, to g_byte_array_unref */
GByteArray *forge_octets(const Recipe *recipe);
WaxCert *forge(const Recipe *recipe);

WaxCert *forge_authority(
	const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *signer, long serial);
WaxCert *forge_person(EVP_PKEY *key, const char *issuer, EVP_PKEY *signer, const char *names);

#endif
