/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks of the engine share: Ann's keys of both kinds, her certificates, a letter. */
#ifndef WAX_BENCH_PEOPLE_H
#define WAX_BENCH_PEOPLE_H

#include "smime/keyring.h"

typedef struct {
	WaxKeyring *ring;   /* Ann's RSA-2048 and P-256 identities, with their chains */
	GPtrArray *anchors; /* WaxAnchor */
	WaxKey *cas[2];	    /* who issued her certificates, RSA and P-256 */
	WaxCert *ca_certs[2];
	WaxKey *roots[2]; /* and who issued theirs */
	WaxCert *root_certs[2];
} People;

/* people_load - from a folder that bench/work-keys filled; what is wrong ends the program */
void people_load(People *people, const char *folder);

WaxIdentityKey *people_ann(const People *people, bool ec);

/* people_issue - one more certificate for Ann, by this authority; none is the same as another */
WaxCert *people_issue(const People *people, bool ec, WaxCert *ca_cert);

/* people_issue_ca - one more authority with the key of the one above */
WaxCert *people_issue_ca(const People *people, bool ec);

/* people_letter - a mail whose body is base64 text in lines of 76, as bench/floor's content */
GByteArray *people_letter(size_t body);

void must(bool ok, const GError *error, const char *what);

#endif
