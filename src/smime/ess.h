/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	smime/ess - what a signer's attributes ask for and claim, as JSON
 *
 * DESCRIPTION
 *	Reported, never acted upon: receipt request, security label and its
 *	equivalents, list history, content hints and reference, secure header
 *	fields.  A label's policy is told by its identifier; Waxwing knows
 *	none.
 *
 * OWNERSHIP
 *	The object is the caller's.
 *
 * ERRORS
 *	An attribute that cannot be read is null.
 */
#ifndef WAX_SMIME_ESS_H
#define WAX_SMIME_ESS_H

#include <jansson.h>

#include "smime/verdict.h"

/* wax_ess_json - NULL when there is none of these attributes */
json_t *wax_ess_json(const WaxVerdictSigner *signer);

#endif
