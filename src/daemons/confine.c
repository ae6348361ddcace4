/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/confine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/secret.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITISED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITISED 1
#endif
#endif
#ifndef SANITISED
#define SANITISED 0
#endif

/* nobody needs these once it runs */
static const char *const never[] = { "execve", "execveat", "ptrace", "process_vm_readv",
	"process_vm_writev", "mount", "umount2", "pivot_root", "chroot", "setuid", "setgid",
	"setreuid", "setregid", "setresuid", "setresgid", "setgroups", "init_module",
	"finit_module", "delete_module", "kexec_load", "bpf", "perf_event_open", "keyctl",
	"add_key", "request_key", "unshare", "setns", "reboot", "swapon", "swapoff", "settimeofday",
	"clock_settime", "adjtimex", "personality", "userfaultfd", NULL };

static const char *const no_network[] = { "socket", "socketpair", "connect", "bind", "listen",
	"accept", "accept4", NULL };

static const char *const no_files[] = { "open", "openat", "openat2", "creat", "mkdir", "mkdirat",
	"rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat",
	"symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat",
	"lchown", "truncate", "mknod", "mknodat", "name_to_handle_at", "open_by_handle_at", "fork",
	"vfork", "clone3", "kill", "tkill", NULL };

static void deny(scmp_filter_ctx filter, const char *const *names)
{
	for (; *names; names++) {
		int number = seccomp_syscall_resolve_name(*names);

		/* a call that this architecture lacks needs no rule */
		if (number != __NR_SCMP_ERROR)
			(void)seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
}

static bool enter_seccomp(WaxConfinement confinement)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok;

	if (!filter)
		return false;
	deny(filter, never);
	if (confinement != WAX_CONFINE_SERVICE)
		deny(filter, no_network);
	if (confinement == WAX_CONFINE_MAILD)
		deny(filter, no_files);
	ok = seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}

static bool become(const char *user)
{
	struct passwd *entry;

	if (geteuid() != 0 || !user)
		return false;
	entry = getpwnam(user);
	return entry && initgroups(user, entry->pw_gid) == 0 && setgid(entry->pw_gid) == 0 &&
	       setuid(entry->pw_uid) == 0;
}

WaxConfined wax_confine(WaxConfinement confinement, const char *user)
{
	WaxConfined got = { false, false, false, false };

	if (confinement == WAX_CONFINE_KEYD)
		got.locked_memory = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
	else
		got.locked_memory = wax_secret_lockable();
	got.own_user = become(user);
	(void)prctl(PR_SET_DUMPABLE, SANITISED ? 1 : 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	got.seccomp = !SANITISED && enter_seccomp(confinement);
	return got;
}
