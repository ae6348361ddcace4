/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	wasm/exchange - questions and answers between JavaScript and the core
 *
 * SYNOPSIS
 *	WEB_EXPORT(certificate)
 *	{
 *		WaxSpan der = web_input("der");
 *		...
 *		web_put_octets("issuer", issuer);
 *		return true;
 *	}
 *
 * DESCRIPTION
 *	Each export takes its inputs by name and leaves its answers by name.
 *	So neither side knows the other's structures, and one more input or
 *	answer is one line on each side.  One instance of the module serves one
 *	operation at a time; web_begin makes it as new.
 *
 * OWNERSHIP
 *	Rooms come from web_take and live until web_begin, which wipes them.
 *
 * ERRORS
 *	An export that returns false has left code, reason and place.
 *
 * LIMITS
 *	24 inputs and 32 answers for one question; memory as the linker was told.
 */
#ifndef WAX_WEB_WASM_EXCHANGE_H
#define WAX_WEB_WASM_EXCHANGE_H

#include "core/base.h"

#define WEB_EXPORT(name)                                                                           \
	bool web_##name(void);                                                                     \
	__attribute__((export_name(#name), used)) bool web_##name(void)

/* web_take - octets of this operation's memory, zero; NULL when the limit is reached */
uint8_t *web_take(size_t n);

WaxSpan web_input(const char *name);

/* web_input_room - the same octets, to be filled */
WaxBuffer web_input_room(const char *name);

/* web_input_number - decimal digits with a sign; 0 when absent */
int64_t web_input_number(const char *name);

/* web_input_word - position among `count` words, 0 when it is none of them */
unsigned web_input_word(const char *name, const char *(*word_of)(unsigned), unsigned count);

void web_put_number(const char *name, uint64_t value);
void web_put_flag(const char *name, bool value);
void web_put_text(const char *name, const char *text);
void web_put_octets(const char *name, WaxSpan octets); /* null where p is NULL */

/* web_put_reason - the label, or null for none */
void web_put_reason(const char *name, WaxReason reason);

/* web_refuse - false, with the fault as the answer */
bool web_refuse(const WaxFault *fault);

/* web_forget - each file that keeps state of the operation clears it */
void web_forget_reading(void);
void web_forget_writing(void);
void web_forget_mail(void);

#endif
