/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#define INPUTS_MAX   24
#define ANSWERS_MAX  32
#define PAGE	     65536
#define EXPORT(name) __attribute__((export_name(name), used))

extern uint8_t __heap_base;

static struct {
	size_t taken;
	struct {
		const char *name;
		size_t name_n;
		uint8_t *p;
		size_t n;
	} inputs[INPUTS_MAX];
	unsigned input_count;
	struct {
		uint32_t kind;
		const char *name;
		uint32_t first, second;
	} answers[ANSWERS_MAX];
	uint32_t answer_count;
} web;

uint8_t *web_begin(void);
uint8_t *web_room(uint32_t n);
bool web_set(const char *name, uint32_t name_n, uint8_t *p, uint32_t n);
void web_ask(void);
const void *web_answers(void);
uint32_t web_answer_count(void);

/* web_begin - wipes what the last operation left; returns where rooms begin */
EXPORT("begin") uint8_t *web_begin(void)
{
	wax_wipe(&__heap_base, web.taken);
	wax_wipe(&web, sizeof web);
	web_forget_reading();
	web_forget_writing();
	web_forget_mail();
	return &__heap_base;
}

uint8_t *web_take(size_t n)
{
	uintptr_t base = (uintptr_t)&__heap_base;
	uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
	uint64_t end = (uint64_t)base + web.taken + n + 15;

	end &= ~(uint64_t)15;
	if (end > UINT32_MAX)
		return NULL;
	if (end > have &&
		__builtin_wasm_memory_grow(0, (size_t)((end - have + PAGE - 1) / PAGE)) == SIZE_MAX)
		return NULL;
	base += web.taken;
	web.taken = (size_t)end - (uintptr_t)&__heap_base;
	return (uint8_t *)base;
}

EXPORT("room") uint8_t *web_room(uint32_t n)
{
	return web_take(n);
}

EXPORT("ask") void web_ask(void)
{
	web.input_count = 0;
	web.answer_count = 0;
}

EXPORT("set") bool web_set(const char *name, uint32_t name_n, uint8_t *p, uint32_t n)
{
	if (web.input_count == INPUTS_MAX)
		return false;
	web.inputs[web.input_count].name = name;
	web.inputs[web.input_count].name_n = name_n;
	web.inputs[web.input_count].p = p;
	web.inputs[web.input_count].n = n;
	web.input_count++;
	return true;
}

EXPORT("answers") const void *web_answers(void)
{
	return web.answers;
}

EXPORT("answer_count") uint32_t web_answer_count(void)
{
	return web.answer_count;
}

static bool is(const char *name, size_t name_n, const char *wanted)
{
	size_t i;

	for (i = 0; i < name_n && wanted[i]; i++)
		if (name[i] != wanted[i])
			return false;
	return i == name_n && !wanted[i];
}

WaxBuffer web_input_room(const char *name)
{
	for (unsigned i = 0; i < web.input_count; i++)
		if (is(web.inputs[i].name, web.inputs[i].name_n, name))
			return (WaxBuffer){ web.inputs[i].p, 0, web.inputs[i].n };
	return (WaxBuffer){ NULL, 0, 0 };
}

WaxSpan web_input(const char *name)
{
	WaxBuffer room = web_input_room(name);

	return (WaxSpan){ room.p, room.room };
}

int64_t web_input_number(const char *name)
{
	WaxSpan digits = web_input(name);
	bool negative = digits.n && digits.p[0] == '-';
	int64_t value = 0;

	for (size_t i = negative; i < digits.n && i < 18; i++)
		value = value * 10 + (digits.p[i] - '0');
	return negative ? -value : value;
}

unsigned web_input_word(const char *name, const char *(*word_of)(unsigned), unsigned count)
{
	WaxSpan word = web_input(name);

	for (unsigned i = 1; i < count; i++)
		if (is((const char *)word.p, word.n, word_of(i)))
			return i;
	return 0;
}

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

/* put - kind, name, two words; what does not fit is a bug and traps */
static void put(char kind, const char *name, uint32_t first, uint32_t second)
{
	if (web.answer_count == ANSWERS_MAX)
		__builtin_trap();
	web.answers[web.answer_count].kind = (uint32_t)kind;
	web.answers[web.answer_count].name = name;
	web.answers[web.answer_count].first = first;
	web.answers[web.answer_count].second = second;
	web.answer_count++;
}

void web_put_number(const char *name, uint64_t value)
{
	put('n', name, (uint32_t)value, (uint32_t)(value >> 32));
}

void web_put_flag(const char *name, bool value)
{
	put('f', name, value, 0);
}

void web_put_octets(const char *name, WaxSpan octets)
{
	put(octets.p ? 'o' : '0', name, (uint32_t)(uintptr_t)octets.p, (uint32_t)octets.n);
}

void web_put_text(const char *name, const char *text)
{
	put('t', name, (uint32_t)(uintptr_t)text, (uint32_t)length(text));
}

static const char *label_of(WaxReason reason)
{
	static const char *const labels[] = { "none",
#define X(id, class, code, label, smtp) label,
		WAX_REASONS(X)
#undef X
	};

	return labels[reason];
}

static const char *code_of(WaxReason reason)
{
	static const char *const codes[] = { "",
#define X(id, class, code, label, smtp) code,
		WAX_REASONS(X)
#undef X
	};

	return codes[reason];
}

void web_put_reason(const char *name, WaxReason reason)
{
	if (reason == WAX_R_NONE)
		web_put_octets(name, WAX_SPAN_NONE);
	else
		web_put_text(name, label_of(reason));
}

bool web_refuse(const WaxFault *fault)
{
	web.answer_count = 0;
	web_put_text("code", code_of(fault->reason));
	web_put_text("reason", label_of(fault->reason));
	web_put_number("at", fault->at);
	return false;
}
