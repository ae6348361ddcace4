/* SPDX-License-Identifier: Apache-2.0 */
#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPARE_MOST 32

/* single pages that were wiped and stay locked: most secrets are keys of one message */
static struct {
	GMutex lock;
	uint8_t *pages[SPARE_MOST];
	size_t count;
} spare;

static size_t page_size(void)
{
	static size_t size;

	if (size == 0)
		size = (size_t)sysconf(_SC_PAGESIZE);
	return size;
}

static size_t whole_pages(size_t n)
{
	return (n + page_size() - 1) / page_size() * page_size();
}

static uint8_t *take_spare(size_t mapped)
{
	uint8_t *page = NULL;

	if (mapped != page_size())
		return NULL;
	g_mutex_lock(&spare.lock);
	if (spare.count > 0)
		page = spare.pages[--spare.count];
	g_mutex_unlock(&spare.lock);
	return page;
}

/* keep_spare - what the limits did not let us lock goes back: the next page may have more luck */
static bool keep_spare(const WaxSecret *secret)
{
	bool kept = false;

	if (!secret->locked || secret->mapped != page_size())
		return false;
	g_mutex_lock(&spare.lock);
	if (spare.count < SPARE_MOST) {
		spare.pages[spare.count++] = secret->p;
		kept = true;
	}
	g_mutex_unlock(&spare.lock);
	return kept;
}

WaxSecret *wax_secret_new(size_t n)
{
	WaxSecret *secret = g_new0(WaxSecret, 1);

	secret->n = n;
	secret->mapped = whole_pages(n ? n : 1);
	secret->p = take_spare(secret->mapped);
	secret->locked = secret->p != NULL;
	if (secret->p)
		return secret;
	secret->p = mmap(
		NULL, secret->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret->p == MAP_FAILED)
		g_error("out of memory for %zu secret bytes", n);
	/* both are best effort: `waxwing status` tells when locking is not to be had */
	secret->locked = mlock(secret->p, secret->mapped) == 0;
	(void)madvise(secret->p, secret->mapped, MADV_DONTDUMP);
	return secret;
}

WaxSecret *wax_secret_dup(WaxSpan bytes)
{
	WaxSecret *secret = wax_secret_new(bytes.n);

	if (bytes.n)
		memcpy(secret->p, bytes.p, bytes.n);
	return secret;
}

void wax_secret_free(WaxSecret *secret)
{
	if (!secret)
		return;
	wax_wipe(secret->p, secret->mapped);
	if (!keep_spare(secret))
		munmap(secret->p, secret->mapped);
	g_free(secret);
}

WaxSpan wax_secret_span(const WaxSecret *secret)
{
	return secret ? WAX_SPAN(secret->p, secret->n) : WAX_SPAN_NONE;
}

bool wax_secret_lockable(void)
{
	WaxSecret *probe = wax_secret_new(1);
	bool can = mlock(probe->p, probe->mapped) == 0;

	wax_secret_free(probe);
	return can;
}
