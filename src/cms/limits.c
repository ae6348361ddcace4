/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/limits.h"

#define CRLS_MAX	  16 /* L-08 */
#define CRLS_OCTETS	  (4 * 1024 * 1024)
#define ATTRIBUTES_MAX	  64 /* L-09 */
#define VALUES_MAX	  64
#define ATTRIBUTES_OCTETS (64 * 1024)

/* count - how many elements lie side by side; one more than `max` is enough to know */
static bool count(WaxSpan list, unsigned max, unsigned *ret_count, WaxFault *fault)
{
	WaxBer in = wax_ber(list);
	WaxElement ignored;

	for (*ret_count = 0; *ret_count <= max && !wax_ber_at_end(&in); (*ret_count)++)
		if (!wax_ber_next(&in, &ignored, fault))
			return false;
	return true;
}

bool wax_cms_lists_bounded(WaxSpan crls, WaxFault *fault)
{
	unsigned n;

	if (!count(crls, CRLS_MAX, &n, fault))
		return false;
	if (n > CRLS_MAX || crls.n > CRLS_OCTETS)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_CRLS, 0);
	return true;
}

static bool attribute_bounded(WaxSpan attribute, WaxFault *fault)
{
	WaxBer in = wax_ber(attribute);
	WaxSpan oid, values;
	unsigned n;

	if (!wax_ber_take(&in, WAX_TAG_OID, &oid, fault) ||
		!wax_ber_take(&in, WAX_TAG_SET, &values, fault) ||
		!count(values, VALUES_MAX, &n, fault))
		return false;
	return n <= VALUES_MAX || wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, in.at);
}

static bool set_bounded(WaxElement set, WaxFault *fault)
{
	WaxBer in = wax_ber(set.body);
	WaxSpan attribute;
	unsigned n;

	if (set.whole.n > ATTRIBUTES_OCTETS)
		return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, 0);
	for (n = 0; !wax_ber_at_end(&in); n++) {
		if (n == ATTRIBUTES_MAX)
			return wax_fault(fault, WAX_R_CMS_TOO_MANY_ATTRS, in.at);
		if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &attribute, fault) ||
			!attribute_bounded(attribute, fault))
			return false;
	}
	return true;
}

bool wax_cms_signer_bounded(WaxSpan body, WaxFault *fault)
{
	const uint8_t first = WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED;
	WaxBer in = wax_ber(body);
	WaxElement element;

	while (!wax_ber_at_end(&in)) {
		if (!wax_ber_next(&in, &element, fault))
			return false;
		/* [0] and [1]; a key identifier in place of a name is [0] as well, but not constructed */
		if ((element.tag == first || element.tag == (first | 1)) &&
			!set_bounded(element, fault))
			return false;
	}
	return true;
}
