/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* rights by their bit: the headers of Debian 12 are older than the kernels it meets */
#define READ_FILE  (UINT64_C(1) << 2)
#define READ_DIR   (UINT64_C(1) << 3)
#define WRITE_FILE (UINT64_C(1) << 1)
#define TRUNCATE   (UINT64_C(1) << 14)
#define FIRST_ABI  ((UINT64_C(1) << 13) - 1) /* everything up to symbolic links */
#define SCOPES	   UINT64_C(3)		     /* abstract sockets, signals */

/* as the kernel reads it; one that is older is told a smaller size */
typedef struct {
	uint64_t fs, net, scoped;
} Ruleset;

/* handled_by - what each version of the interface added for files */
static uint64_t handled_by(long abi)
{
	uint64_t handled = FIRST_ABI;

	if (abi >= 2)
		handled |= UINT64_C(1) << 13; /* link and rename across folders */
	if (abi >= 3)
		handled |= TRUNCATE;
	if (abi >= 5)
		handled |= UINT64_C(1) << 15; /* ioctl of devices */
	return handled;
}

static size_t ruleset_size(long abi)
{
	if (abi >= 6)
		return sizeof(Ruleset);
	return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static bool allow(int rules, const WaxPlace *place, uint64_t handled)
{
	uint64_t files = READ_FILE | WRITE_FILE | TRUNCATE;
	/* nothing is executed, no device and no socket is made, wherever it is */
	uint64_t writes = WRITE_FILE | TRUNCATE | (UINT64_C(3) << 4) | (UINT64_C(3) << 7) |
			  (UINT64_C(1) << 13);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = (READ_FILE | READ_DIR | (place->write ? writes : 0)) & handled,
		.parent_fd = open(place->path, O_PATH | O_CLOEXEC),
	};
	struct stat st;
	bool ok = true;

	if (rule.parent_fd < 0)
		return true;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= files;
	ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	close(rule.parent_fd);
	return ok;
}

bool wax_landlock_enter(const WaxPlace *places)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	Ruleset wanted = { .fs = handled_by(abi), .scoped = SCOPES };
	bool ok = true;
	int rules;

	if (abi < 1)
		return false;
	rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, ruleset_size(abi), 0);
	if (rules < 0)
		return false;
	for (; ok && places->path; places++)
		ok = allow(rules, places, wanted.fs);
	ok = ok && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
	close(rules);
	return ok;
}
