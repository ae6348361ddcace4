/* SPDX-License-Identifier: Apache-2.0 */
/* An element lies inside its input or nothing has moved; what became DER reads as DER and stays so. */
#include <string.h>

#include "asn1/ber.h"
#include "must.h"

#define ROOM 65536

static void check_der(WaxSpan whole)
{
	static uint8_t first[ROOM], second[ROOM];
	WaxBuffer a = { first, 0, ROOM }, b = { second, 0, ROOM };
	WaxElement element;
	WaxBer in;

	if (!wax_ber_to_der(whole, &a, NULL))
		return;
	must(a.n <= whole.n + 8 * whole.n); /* a length may grow, never without bound */
	in = wax_ber((WaxSpan){ a.p, a.n });
	must(wax_ber_next(&in, &element, NULL) && element.strict && wax_ber_at_end(&in));
	must(wax_ber_to_der((WaxSpan){ a.p, a.n }, &b, NULL));
	must(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
}

static void check_readers(WaxSpan whole)
{
	static uint8_t joined[ROOM];
	WaxBuffer room = { joined, 0, ROOM };
	WaxSpan oid, parameters, octets;
	WaxBer in = wax_ber(whole);
	uint32_t small;
	WaxCivil time;

	if (wax_ber_take_small(&in, &small, NULL))
		must(small < UINT32_C(1) << 31);
	in = wax_ber(whole);
	if (wax_ber_take_octets(&in, &room, &octets, NULL))
		must(octets.n <= whole.n);
	if (wax_ber_algorithm(whole, &oid, &parameters, NULL))
		must(oid.p >= whole.p && oid.p + oid.n <= whole.p + whole.n);
	if (whole.n && wax_ber_time(WAX_TAG_UTC_TIME, whole, &time))
		must(time.year >= 1950 && time.year < 2050 && time.month >= 1 && time.month <= 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WaxBer in = { data, size, 0 };

	check_readers((WaxSpan){ data, size });
	while (!wax_ber_at_end(&in)) {
		size_t before = in.at;
		WaxElement element = { .tag = 0xee };
		WaxFault fault = { WAX_R_NONE, 0 };

		if (!wax_ber_next(&in, &element, &fault)) {
			must(fault.reason != WAX_R_NONE && fault.at <= size);
			must(in.at == before && element.tag == 0xee);
			break;
		}
		must(in.at > before && in.at <= size);
		must(element.whole.p == data + before && element.whole.n == in.at - before);
		must(element.body.p >= element.whole.p &&
			element.body.p + element.body.n <= element.whole.p + element.whole.n);
		check_der(element.whole);
	}
	return 0;
}
