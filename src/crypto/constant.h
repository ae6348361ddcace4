/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	crypto/constant - choices that leave no trace in time
 *
 * DESCRIPTION
 *	What somebody who can send messages and watch the clock would like to
 *	learn: is the padding right?  No branch and no address here depends on
 *	the octets given; tests/timing shows it with the secrets marked
 *	undefined.
 *
 * OWNERSHIP
 *	Everything is the caller's.
 *
 * ERRORS
 *	None: a wrong block gives the other key, in the same time.
 */
#ifndef WAX_CRYPTO_CONSTANT_H
#define WAX_CRYPTO_CONSTANT_H

#include <stddef.h>
#include <stdint.h>

/*
 * wax_constant_pkcs1 - the key at the end of a well-formed block of EME-PKCS1-v1_5 (RFC 8017
 * 7.2.2) whose message has exactly this length, or the other one.
 */
void wax_constant_pkcs1(
	const uint8_t *block, size_t n, const uint8_t *other, size_t expected, uint8_t *out);

/*
 * wax_constant_pwri - the key in a block of PWRI-KEK (RFC 3211 2.3.2) that has exactly this length,
 * or the other one; n is at least expected + 4.
 */
void wax_constant_pwri(
	const uint8_t *block, size_t n, const uint8_t *other, size_t expected, uint8_t *out);

/* wax_constant_unpad - octets of PKCS #7 padding at the end of the last block; 0 when it is none */
uint32_t wax_constant_unpad(const uint8_t *block, size_t n);

/* wax_constant_is_zero - 1 when all octets are zero, else 0 */
uint32_t wax_constant_is_zero(const uint8_t *bytes, size_t n);

#endif
