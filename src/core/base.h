/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/base - the words that the freestanding and the hosted rooms share
 *
 * DESCRIPTION
 *	Spans (borrowed bytes), buffers (the caller's room to fill), the
 *	table of reasons and the fault that names one of them together with
 *	the byte at which it was met.  Constants and inline functions only,
 *	so that it compiles everywhere, wasm32 included.
 *
 * OWNERSHIP
 *	A WaxSpan never owns.  A WaxBuffer fills memory that its maker owns.
 *
 * ERRORS
 *	None of its own: it is where errors get their names.
 */
#ifndef WAX_CORE_BASE_H
#define WAX_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAX_MUST_USE __attribute__((warn_unused_result))

/* wax_ignore - where losing a result is right; the comment beside it says why */
#define wax_ignore(result)                                                                         \
	do {                                                                                       \
		if (result) {                                                                      \
		}                                                                                  \
	} while (0)

/* borrowed bytes; p may be NULL only when n is 0 */
typedef struct {
	const uint8_t *p;
	size_t n;
} WaxSpan;

#define WAX_SPAN(bytes, count) ((WaxSpan){ (const uint8_t *)(bytes), (count) })
#define WAX_SPAN_LIT(text)     ((WaxSpan){ (const uint8_t *)(text), sizeof(text) - 1 })
#define WAX_SPAN_NONE	       ((WaxSpan){ NULL, 0 })

/* the caller's room: n bytes of `room` are filled */
typedef struct {
	uint8_t *p;
	size_t n;
	size_t room;
} WaxBuffer;

/* what the caller's caller should do; the class gives the default statuses */
typedef enum {
	WAX_CLASS_NONE,
	WAX_CLASS_TEMP,	   /* try again:     SMTP 451, HTTP 503, exit 75 */
	WAX_CLASS_PERM,	   /* never will:    SMTP 550, HTTP 422, exit 65 */
	WAX_CLASS_POLICY,  /* rules forbid:  SMTP 550, HTTP 403, exit 77 */
	WAX_CLASS_HOSTILE, /* malformed:     SMTP 554, HTTP 400, exit 65 */
	WAX_CLASS_USAGE,   /* asked wrongly: SMTP 550, HTTP 400, exit 64 */
	WAX_CLASS_BUG,	   /* ours: alarm    SMTP 451, HTTP 500, exit 70 */
} WaxClass;

#include "core/base/reasons.h"

typedef enum {
	WAX_R_NONE,
#define X(id, class, code, label, smtp) WAX_R_##id,
	WAX_REASONS(X)
#undef X
		WAX_REASON_COUNT_
} WaxReason;

/* which reason, and at which byte of what the caller passed */
typedef struct {
	WaxReason reason;
	uint64_t at;
} WaxFault;

/* wax_fault - record a fault; returns false so that a refusal is one line */
static inline bool wax_fault(WaxFault *fault, WaxReason reason, uint64_t at)
{
	if (fault)
		*fault = (WaxFault){ reason, at };
	return false;
}

/* wax_span_equal - same bytes?  Not for secrets: see wax_same_secret */
static inline bool wax_span_equal(WaxSpan a, WaxSpan b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i])
			return false;
	return true;
}

/* wax_same_secret - same bytes, in time that depends on the length alone */
static inline bool wax_same_secret(WaxSpan a, WaxSpan b)
{
	uint8_t differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ = (uint8_t)(differ | (a.p[i] ^ b.p[i]));
	return differ == 0;
}

/* wax_wipe - overwrite; the compiler may not leave it out */
static inline void wax_wipe(void *bytes, size_t count)
{
	if (count)
		__builtin_memset(bytes, 0, count);
	/* whoever might look at the memory now finds it overwritten */
	__asm__ __volatile__("" : : "r"(bytes) : "memory");
}

#endif
