/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/bounds - how much of anything is read from outside
 *
 * DESCRIPTION
 *	Defaults of SMIME's limits table; the hard maxima are compiled into the
 *	rooms that enforce them.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	Exceeding one is the error of the room that counts it.
 */
#ifndef WAX_CORE_BOUNDS_H
#define WAX_CORE_BOUNDS_H

#define WAX_LIMIT_MIME_DEPTH	8
#define WAX_LIMIT_MIME_PARTS	1000
#define WAX_LIMIT_HEADER_OCTETS (256 * 1024)
#define WAX_LIMIT_CMS_HEAD	(4 * 1024 * 1024) /* L-03 */
#define WAX_LIMIT_CMS_TAIL	(4 * 1024 * 1024)
#define WAX_LIMIT_LAYERS	6     /* L-10 */
#define WAX_LIMIT_SIGNERS	16    /* L-06 */
#define WAX_LIMIT_CERTS		64    /* L-07 */
#define WAX_LIMIT_RECIPIENTS	10000 /* L-05 */

#endif
