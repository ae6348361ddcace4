/* SPDX-License-Identifier: Apache-2.0 */
#include "daemons/confine.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/secret.h"
#include "daemons/landlock.h"

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

#define WORKER_MEMORY (UINT64_C(64) << 20) /* SMIME L-19 */

/* what every process does with what it holds: memory, time, its descriptors, waiting */
static const char *const base[] = { "read", "readv", "pread64", "preadv", "preadv2", "write",
	"writev", "pwrite64", "pwritev", "pwritev2", "lseek", "_llseek", "close", "close_range",
	"dup", "dup2", "dup3", "fcntl", "fcntl64", "fstat", "fstat64", "ftruncate", "ftruncate64",
	"fallocate", "fadvise64", "fsync", "fdatasync", "sync_file_range", "copy_file_range",
	"sendfile", "splice", "memfd_create", "brk", "munmap", "mremap", "madvise", "mlock",
	"mlock2", "munlock", "mseal", "msync", "mincore", "sendto", "sendmsg", "recvfrom",
	"recvmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername", "poll",
	"ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64", "futex",
	"futex_time64", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "rseq",
	"set_robust_list", "get_robust_list", "set_tid_address", "sched_yield", "sched_getaffinity",
	"getcpu", "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64",
	"clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "gettimeofday", "time",
	"getrandom", "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid",
	"getuid32", "geteuid32", "getgid32", "getegid32", "getrusage", "times", "uname", "sysinfo",
	"membarrier", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigpending", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack", "sigreturn",
	"eventfd2", "exit", "exit_group", "arch_prctl", "riscv_flush_icache", NULL };

/* files, as far as the own user and Landlock let it */
static const char *const files[] = { "open", "openat", "openat2", "creat", "access", "faccessat",
	"faccessat2", "stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx",
	"statfs", "statfs64", "fstatfs", "fstatfs64", "readlink", "readlinkat", "getcwd",
	"getdents", "getdents64", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
	"renameat", "renameat2", "link", "linkat", "chmod", "fchmod", "fchmodat", "fchmodat2",
	"utimensat", "utimensat_time64", "flock", "umask", "pipe", "pipe2", NULL };

/* connections of others */
static const char *const serving[] = { "accept", "accept4", "epoll_create1", "epoll_create",
	"epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "sendmmsg", "recvmmsg",
	"recvmmsg_time64", NULL };

/* connections of its own: next hops, name servers */
static const char *const calling[] = { "socket", "connect", "bind", NULL };

static const struct {
	bool files, threads, serving, calling;
	bool executable; /* may map code: libraries that are loaded when they are needed */
} rights[] = {
	[WAX_CONFINE_MAILD] = { false, false, false, false, false },
	[WAX_CONFINE_KEYD] = { true, false, false, false, true },
	[WAX_CONFINE_CAD] = { true, false, false, false, true },
	[WAX_CONFINE_WEBD] = { true, true, true, false, true },
	[WAX_CONFINE_GATED] = { true, true, true, true, true },
};

static bool add(
	scmp_filter_ctx filter, const char *name, unsigned n, const struct scmp_arg_cmp *how)
{
	int number = seccomp_syscall_resolve_name(name);

	/* a call that this architecture lacks, or this libseccomp, needs no rule */
	return number == __NR_SCMP_ERROR || number < 0 ||
	       seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, n, how) == 0;
}

static bool allow(scmp_filter_ctx filter, const char *const *names)
{
	for (; *names; names++)
		if (!add(filter, *names, 0, NULL))
			return false;
	return true;
}

static bool allow_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp how)
{
	return add(filter, name, 1, &how);
}

/* allow_narrow - calls that are harmless with some arguments only */
static bool allow_narrow(scmp_filter_ctx filter, bool executable)
{
	static const int controls[] = { PR_SET_NAME, PR_GET_NAME, 0x53564d41 /* PR_SET_VMA */ };
	static const int devices[] = { 0x5401 /* TCGETS */, 0x541b /* FIONREAD */,
		0x5421 /* FIONBIO */ };
	static const char *const maps[] = { "mmap", "mmap2", "mprotect" };
	struct scmp_arg_cmp limits[2] = { SCMP_A0(SCMP_CMP_EQ, 0),
		SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU) };

	for (size_t i = 0; i < G_N_ELEMENTS(controls); i++)
		if (!allow_if(filter, "prctl", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)controls[i])))
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++)
		if (!allow_if(filter, "ioctl", SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)devices[i])))
			return false;
	for (size_t i = 0; i < G_N_ELEMENTS(maps); i++)
		if (executable ? !add(filter, maps[i], 0, NULL)
			       : !allow_if(filter, maps[i],
					 SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)))
			return false;
	/* abort() must reach itself, and nobody else */
	return allow_if(filter, "tgkill", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())) &&
	       add(filter, "prlimit64", 2, limits);
}

/* allow_threads - clone3 hides its flags: the C library falls back to clone, whose flags show */
static bool allow_threads(scmp_filter_ctx filter)
{
	return allow_if(filter, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

static bool enter_seccomp(WaxConfinement kind)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok;

	if (!filter)
		return false;
	ok = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 && allow(filter, base) &&
	     allow_narrow(filter, rights[kind].executable) &&
	     (!rights[kind].files || allow(filter, files)) &&
	     (!rights[kind].serving || allow(filter, serving)) &&
	     (!rights[kind].calling || allow(filter, calling)) &&
	     (!rights[kind].threads || allow_threads(filter)) &&
	     seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
	     seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok;
}

bool wax_become(uid_t uid, gid_t gid, const gid_t *groups, size_t n)
{
	/* room for locked memory is given while it can be: keys of many people are open at a time */
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)setrlimit(RLIMIT_MEMLOCK, &all);
	return setgroups(n, groups) == 0 && setresgid(gid, gid, gid) == 0 &&
	       setresuid(uid, uid, uid) == 0;
}

static void limit(WaxConfinement kind)
{
	struct rlimit none = { 0, 0 }, memory = { WORKER_MEMORY, WORKER_MEMORY };

	(void)setrlimit(RLIMIT_CORE, &none);
	if (kind == WAX_CONFINE_MAILD && !SANITISED)
		(void)setrlimit(RLIMIT_DATA, &memory);
}

void wax_confine_seconds(unsigned seconds)
{
	static rlim_t in_force;
	struct rusage used;
	struct rlimit cpu;
	rlim_t end;

	if (getrusage(RUSAGE_SELF, &used) != 0)
		return;
	end = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + seconds;
	if (end == in_force || getrlimit(RLIMIT_CPU, &cpu) != 0)
		return;
	cpu.rlim_cur = end < cpu.rlim_max ? end : cpu.rlim_max;
	/* best effort: gated waits for a time only, too */
	if (setrlimit(RLIMIT_CPU, &cpu) == 0)
		in_force = end;
}

WaxConfined wax_confine(WaxConfinement kind, const WaxPlace *places)
{
	WaxConfined got = { false, false, false };

	if (kind == WAX_CONFINE_KEYD)
		got.locked_memory = mlockall(MCL_CURRENT | MCL_FUTURE) == 0;
	else
		got.locked_memory = wax_secret_lockable();
	limit(kind);
	(void)prctl(PR_SET_DUMPABLE, SANITISED ? 1 : 0);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	got.landlock = !SANITISED && places && wax_landlock_enter(places);
	got.seccomp = !SANITISED && enter_seccomp(kind);
	return got;
}
