/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of a message lie, and what their headers say of S/MIME: mime/split by name. */
#include "exchange.h"
#include "mime/split.h"

#define DEPTH_MAX  8 /* L-11 */
#define PARTS_MAX  1000
#define HEADER_MAX (256 * 1024)
#define VALUE_MAX  1024

static struct {
	WaxSplit split;
} mail;

void web_forget_mail(void)
{
	wax_wipe(&mail, sizeof mail);
}

/* split_begin */
WEB_EXPORT(split_begin)
{
	static const WaxSplitLimits limits = { DEPTH_MAX, HEADER_MAX };
	WaxPart *parts = (void *)web_take(PARTS_MAX * sizeof *parts);
	WaxBuffer header = { web_take(HEADER_MAX), 0, HEADER_MAX };
	WaxFault fault = { WAX_R_TOO_LARGE, 0 };

	if (!parts || !header.p)
		return web_refuse(&fault);
	wax_split_init(&mail.split, parts, PARTS_MAX, header, &limits);
	return true;
}

/* split_feed: piece */
WEB_EXPORT(split_feed)
{
	WaxFault fault;

	return wax_split_feed(&mail.split, web_input("piece"), &fault) || web_refuse(&fault);
}

/* split_end -> parts */
WEB_EXPORT(split_end)
{
	WaxFault fault;

	if (!wax_split_finish(&mail.split, &fault))
		return web_refuse(&fault);
	web_put_number("parts", mail.split.count);
	return true;
}

/* part: number -> where it lies, what it holds */
WEB_EXPORT(part)
{
	int64_t number = web_input_number("number");
	WaxFault fault = { WAX_R_USAGE, 0 };
	const WaxPart *part;

	if (number < 0 || number >= mail.split.count)
		return web_refuse(&fault);
	part = &mail.split.parts[number];
	web_put_number("start", part->start);
	web_put_number("body", part->body);
	web_put_number("end", part->end);
	web_put_number("depth", part->depth);
	web_put_number("children", part->children);
	web_put_flag("multipart", part->multipart);
	web_put_flag("closed", part->closed);
	web_put_flag("has_preamble", part->has_preamble);
	web_put_flag("has_epilogue", part->has_epilogue);
	if (part->parent != WAX_PART_NONE)
		web_put_number("parent", part->parent);
	return true;
}

static void put_parameter(WaxSpan value, const char *parameter, const char *answer, bool *twice)
{
	WaxBuffer out = { web_take(VALUE_MAX), 0, VALUE_MAX };
	bool this_twice;

	if (out.p && wax_param(value, parameter, &out, &this_twice)) {
		*twice = *twice || this_twice;
		web_put_octets(answer, (WaxSpan){ out.p, out.n });
	}
}

static void put_content_type(WaxSpan value, bool *twice)
{
	WaxBuffer type = { web_take(VALUE_MAX), 0, VALUE_MAX };

	if (!type.p)
		return;
	wax_media_type(value, &type);
	web_put_octets("type", (WaxSpan){ type.p, type.n });
	put_parameter(value, "protocol", "protocol", twice);
	put_parameter(value, "smime-type", "smime_type", twice);
	put_parameter(value, "name", "name", twice);
}

/*
 * header: block -> type, protocol, smime_type, name, file_name, encoding, date; ambiguous
 * when a field or a parameter that decides stands twice (T-25)
 */
WEB_EXPORT(header)
{
	WaxSpan block = web_input("block");
	unsigned types = 0, encodings = 0, dispositions = 0, dates = 0;
	bool twice = false;
	WaxField field;

	while (wax_field_next(&block, &field)) {
		if (wax_field_is(&field, "content-type")) {
			if (types++ == 0)
				put_content_type(field.value, &twice);
		} else if (wax_field_is(&field, "content-transfer-encoding")) {
			if (encodings++ == 0)
				web_put_octets("encoding", field.value);
		} else if (wax_field_is(&field, "content-disposition")) {
			if (dispositions++ == 0)
				put_parameter(field.value, "filename", "file_name", &twice);
		} else if (wax_field_is(&field, "date")) {
			if (dates++ == 0)
				web_put_octets("date", field.value);
		}
	}
	web_put_flag("ambiguous", twice || types > 1 || encodings > 1);
	return true;
}
