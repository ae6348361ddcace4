/* SPDX-License-Identifier: Apache-2.0 */
/* A CMS object reads the same whole and in single octets; plans never fault; spans stay inside. */
#include <stdlib.h>
#include <string.h>

#include "cms/open.h"
#include "cms/verify.h"
#include "must.h"

#define ROOM 65536

typedef struct {
	uint8_t head[ROOM], tail[ROOM];
	WaxCmsReader reader;
	uint64_t content;
	bool ok;
} Run;

static void run(Run *r, const uint8_t *data, size_t size, size_t piece)
{
	wax_cms_reader_init(&r->reader, (WaxBuffer){ r->head, 0, ROOM }, (WaxBuffer){ r->tail, 0, ROOM });
	r->content = 0;
	r->ok = true;
	for (size_t at = 0; r->ok && at < size; at += piece) {
		WaxSpan in = { data + at, size - at < piece ? size - at : piece }, out;
		WaxCmsEvent event;

		do {
			r->ok = wax_cms_reader_step(&r->reader, &in, &event, &out, NULL);
			if (r->ok && out.n)
				must(out.p >= data && out.p + out.n <= data + size);
			r->content += r->ok ? out.n : 0;
		} while (r->ok && event != WAX_CMS_NEED_INPUT && !(event == WAX_CMS_END && in.n == 0));
	}
	r->ok = r->ok && wax_cms_reader_finish(&r->reader, NULL);
}

static void plan(Run *r)
{
	static uint8_t room[2 * ROOM];
	WaxBuffer buffer = { room, 0, sizeof room };
	WaxRecipient recipient;
	WaxVerifyPlan verify;
	WaxSigner signer;
	WaxOpenPlan open;
	bool more;

	if (wax_cms_open_plan(&r->reader, &open, NULL)) {
		WaxRecipients list = wax_cms_recipients(&open);

		while (wax_cms_next_recipient(&list, &recipient, &more, NULL) && more)
			must(list.count <= WAX_CMS_RECIPIENTS_MAX);
		if (wax_cms_open_finish(&r->reader, &open, &buffer, NULL) && open.cipher && wax_cipher_is_aead(open.cipher))
			must(open.tag.n >= 12 && open.tag.n <= 16);
	}
	if (wax_cms_signed_head(&r->reader, &verify, NULL) && wax_cms_signed_tail(&r->reader, &verify, NULL)) {
		WaxBer list = wax_ber(verify.signer_infos);

		while (wax_cms_next_signer(&verify, &list, &buffer, &signer, &more, NULL) && more)
			must(wax_cms_verify_finish(&signer, WAX_SPAN_NONE, false) != WAX_R_NONE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static Run whole, cut;

	run(&whole, data, size, size ? size : 1);
	run(&cut, data, size, 1);
	must(whole.ok == cut.ok);
	if (whole.ok) {
		must(whole.content == cut.content && whole.reader.head.n == cut.reader.head.n &&
			whole.reader.tail.n == cut.reader.tail.n);
		must(memcmp(whole.head, cut.head, whole.reader.head.n) == 0);
		must(memcmp(whole.tail, cut.tail, whole.reader.tail.n) == 0);
		plan(&whole);
	}
	(void)wax_cms_looks_like_attributes((WaxSpan){ data, size / 2 }, size);
	return 0;
}
