/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/arena - one locked, wiped place for the private numbers of keys
 *
 * DESCRIPTION
 *	Makes libcrypto keep private key material in its secure heap: locked,
 *	left out of core files, between guard pages, wiped when freed.
 *
 * OWNERSHIP
 *	For the life of the process.
 *
 * ERRORS
 *	Without room for locked memory the heap is there all the same, unlocked.
 */
#ifndef WAX_CRYPTO_ARENA_H
#define WAX_CRYPTO_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* wax_crypto_arena - once, before the first key; true when it is locked */
bool wax_crypto_arena(size_t octets);

/* wax_crypto_warm_up - fetch what libcrypto would otherwise open later, when nothing can be opened */
void wax_crypto_warm_up(void);

#endif
