/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may send to the process that talks: read whole and sound, or refused. */
#include <glib.h>

#include "core/status.h"
#include "gateway/proto.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(WaxFrame) frame = NULL;
	g_autoptr(GError) error = NULL;
	bool read = false;

	if (size < 1)
		return 0;
	frame = wax_frame_from_bytes(WAX_JOB_FACTS, WAX_SPAN(data + 1, size - 1));
	if (!frame)
		return 0;
	switch (data[0] % 6) {
	case 0: {
		g_auto(WaxJobFacts) facts = { 0 };

		read = wax_job_facts_get(frame, &facts, &error);
		must(!read || facts.fault < WAX_REASON_COUNT_);
		break;
	}
	case 1: {
		g_auto(WaxJobBuild) build = { 0 };

		read = wax_job_build_get(frame, &build, &error);
		must(!read || build.method < WAX_METHOD_COUNT_);
		break;
	}
	case 2: {
		g_auto(WaxJobBuilt) built = { 0 };

		read = wax_job_built_get(frame, &built, &error);
		break;
	}
	case 3: {
		g_auto(WaxJobOpen) open = { 0 };

		read = wax_job_open_get(frame, &open, &error);
		must(!read || !open.limits || open.limits->len == open.anchors->len);
		break;
	}
	case 4: {
		g_autoptr(GArray) named = NULL;

		read = wax_job_need_get(frame, &named, &error);
		break;
	}
	default: {
		g_auto(WaxJobOpened) opened = { 0 };

		read = wax_job_opened_get(frame, &opened, &error);
		must(!read || opened.fault < WAX_REASON_COUNT_);
		break;
	}
	}
	must(read == (error == NULL));
	must(!error || wax_class_of(error) != WAX_CLASS_BUG);
	return 0;
}
