/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/io.h"
#include "core/status.h"

#define INLINE_MAX  (64 * 1024)
#define PAYLOAD_MAX (32u * 1024 * 1024)
#define FDS_MAX	    16

enum {
	TAG_U32 = 'u',
	TAG_U64 = 'U',
	TAG_BOOL = 'b',
	TAG_STR = 's',
	TAG_NULL = 'n',
	TAG_SPAN = 'x'
};

struct WaxFrame {
	uint16_t type;
	uint32_t call; /* 0: belongs to none */
	uint8_t *bytes;
	size_t n, room, at;
	int fds[FDS_MAX];
	size_t fd_count, fd_at;
};

/* what goes in front of every payload */
typedef struct {
	uint16_t type;
	uint8_t large; /* the payload is in the first descriptor */
	uint8_t fds;   /* descriptors that belong to the frame itself */
	uint32_t size;
	uint32_t call; /* the number of a call, and of its reply */
} Preamble;

WaxFrame *wax_frame_new(uint16_t type)
{
	WaxFrame *frame = g_new0(WaxFrame, 1);

	frame->type = type;
	return frame;
}

void wax_frame_free(WaxFrame *frame)
{
	if (!frame)
		return;
	/* any frame may have carried a secret, and wiping is cheap */
	if (frame->bytes)
		wax_wipe(frame->bytes, frame->n);
	g_free(frame->bytes);
	for (size_t i = frame->fd_at; i < frame->fd_count; i++)
		close(frame->fds[i]);
	g_free(frame);
}

uint16_t wax_frame_type(const WaxFrame *frame)
{
	return frame->type;
}

size_t wax_frame_size(const WaxFrame *frame)
{
	return frame->n;
}

/* reserve - grow by copy and wipe, so that no old copy of a secret stays */
static uint8_t *reserve(WaxFrame *frame, size_t more)
{
	if (frame->n + more > frame->room) {
		size_t room = MAX(frame->room * 2, frame->n + more + 256);
		uint8_t *bytes = g_malloc(room);

		if (frame->bytes) {
			memcpy(bytes, frame->bytes, frame->n);
			wax_wipe(frame->bytes, frame->n);
			g_free(frame->bytes);
		}
		frame->bytes = bytes;
		frame->room = room;
	}
	frame->n += more;
	return frame->bytes + frame->n - more;
}

static void put(WaxFrame *frame, uint8_t tag, const void *bytes, size_t n)
{
	uint8_t *to = reserve(frame, 1 + n);

	to[0] = tag;
	if (n)
		memcpy(to + 1, bytes, n);
}

static void put_counted(WaxFrame *frame, uint8_t tag, WaxSpan bytes)
{
	uint32_t n = (uint32_t)bytes.n;
	uint8_t *to;

	g_assert(bytes.n <= PAYLOAD_MAX);
	put(frame, tag, &n, sizeof n);
	to = reserve(frame, bytes.n);
	if (bytes.n)
		memcpy(to, bytes.p, bytes.n);
}

void wax_frame_put_u32(WaxFrame *frame, uint32_t value)
{
	put(frame, TAG_U32, &value, sizeof value);
}

void wax_frame_put_u64(WaxFrame *frame, uint64_t value)
{
	put(frame, TAG_U64, &value, sizeof value);
}

void wax_frame_put_bool(WaxFrame *frame, bool value)
{
	uint8_t byte = value;

	put(frame, TAG_BOOL, &byte, 1);
}

void wax_frame_put_str(WaxFrame *frame, const char *text)
{
	if (text)
		/* with its NUL, so that the reader can borrow it as a C string */
		put_counted(frame, TAG_STR, WAX_SPAN(text, strlen(text) + 1));
	else
		put(frame, TAG_NULL, NULL, 0);
}

void wax_frame_put_span(WaxFrame *frame, WaxSpan bytes)
{
	put_counted(frame, TAG_SPAN, bytes);
}

void wax_frame_put_fd(WaxFrame *frame, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	g_assert(frame->fd_count < FDS_MAX);
	g_assert(copy >= 0);
	frame->fds[frame->fd_count++] = copy;
}

static bool malformed(GError **error, const char *what)
{
	return wax_fail(
		error, WAX_R_FRAME_MALFORMED, "a message between processes is malformed: %s", what);
}

static bool get(WaxFrame *frame, uint8_t tag, void *to, size_t n, GError **error)
{
	if (frame->n - frame->at < 1 + n || frame->bytes[frame->at] != tag)
		return malformed(error, "another value was expected");
	memcpy(to, frame->bytes + frame->at + 1, n);
	frame->at += 1 + n;
	return true;
}

static bool get_counted(WaxFrame *frame, uint8_t tag, WaxSpan *ret_bytes, GError **error)
{
	size_t start = frame->at;
	uint32_t n;

	if (!get(frame, tag, &n, sizeof n, error))
		return false;
	if (n > frame->n - frame->at) {
		frame->at = start;
		return malformed(error, "a value is longer than the message");
	}
	*ret_bytes = WAX_SPAN(frame->bytes + frame->at, n);
	frame->at += n;
	return true;
}

bool wax_frame_get_u32(WaxFrame *frame, uint32_t *ret_value, GError **error)
{
	return get(frame, TAG_U32, ret_value, sizeof *ret_value, error);
}

bool wax_frame_get_u64(WaxFrame *frame, uint64_t *ret_value, GError **error)
{
	return get(frame, TAG_U64, ret_value, sizeof *ret_value, error);
}

bool wax_frame_get_bool(WaxFrame *frame, bool *ret_value, GError **error)
{
	uint8_t byte;

	if (!get(frame, TAG_BOOL, &byte, 1, error))
		return false;
	if (byte > 1)
		return malformed(error, "a truth value is neither");
	*ret_value = byte;
	return true;
}

bool wax_frame_get_str(WaxFrame *frame, const char **ret_text, GError **error)
{
	WaxSpan bytes;

	if (frame->at < frame->n && frame->bytes[frame->at] == TAG_NULL) {
		frame->at++;
		*ret_text = NULL;
		return true;
	}
	if (!get_counted(frame, TAG_STR, &bytes, error))
		return false;
	if (bytes.n == 0 || memchr(bytes.p, 0, bytes.n) != bytes.p + bytes.n - 1)
		return malformed(error, "a text is not ended, or ended twice");
	*ret_text = (const char *)bytes.p;
	return true;
}

bool wax_frame_get_span(WaxFrame *frame, WaxSpan *ret_bytes, GError **error)
{
	return get_counted(frame, TAG_SPAN, ret_bytes, error);
}

bool wax_frame_get_fd(WaxFrame *frame, int *ret_fd, GError **error)
{
	if (frame->fd_at == frame->fd_count)
		return malformed(error, "a descriptor is missing");
	*ret_fd = frame->fds[frame->fd_at++];
	return true;
}

bool wax_frame_done(WaxFrame *frame, GError **error)
{
	if (frame->at != frame->n || frame->fd_at != frame->fd_count)
		return malformed(error, "it holds more than expected");
	return true;
}

WaxFrame *wax_frame_from_bytes(uint16_t type, WaxSpan payload)
{
	WaxFrame *frame = wax_frame_new(type);

	if (payload.n)
		memcpy(reserve(frame, payload.n), payload.p, payload.n);
	return frame;
}

bool wax_ipc_pair(int ret_sockets[2], GError **error)
{
	int size = 256 * 1024;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_sockets) != 0)
		return wax_fail_errno(error, errno, "cannot make a socket pair");
	for (int i = 0; i < 2; i++)
		(void)setsockopt(ret_sockets[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return true;
}

static bool gone(GError **error, int saved)
{
	return wax_fail(error, WAX_R_PEER_GONE,
		"the other process went away (%s); it is being started again",
		saved ? g_strerror(saved) : "it closed");
}

static int payload_file(const WaxFrame *frame, GError **error)
{
	int fd = memfd_create("frame", MFD_CLOEXEC);

	if (fd < 0) {
		(void)wax_fail_errno(error, errno, "cannot make a message between processes");
		return -1;
	}
	if (!wax_io_write(fd, WAX_SPAN(frame->bytes, frame->n), error)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool send_all(int sock, struct msghdr *message, int flags, GError **error)
{
	for (;;) {
		if (sendmsg(sock, message, MSG_NOSIGNAL | flags) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == EAGAIN)
			return gone(error, errno);
		return wax_fail_errno(error, errno, "cannot send to another process");
	}
}

static bool send_frame(int sock, const WaxFrame *frame, uint32_t call, int flags, GError **error)
{
	Preamble preamble = { frame->type, frame->n > INLINE_MAX,
		(uint8_t)(frame->fd_count - frame->fd_at), (uint32_t)frame->n, call };
	struct iovec parts[2] = { { &preamble, sizeof preamble }, { frame->bytes, frame->n } };
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (FDS_MAX + 1))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	int fds[FDS_MAX + 1], large = -1;
	size_t count = 0;
	bool ok;

	if (frame->n > PAYLOAD_MAX)
		return wax_fail(error, WAX_R_INTERNAL, "a message between processes is too large");
	if (preamble.large) {
		large = payload_file(frame, error);
		if (large < 0)
			return false;
		fds[count++] = large;
		message.msg_iovlen = 1;
	}
	for (size_t i = frame->fd_at; i < frame->fd_count; i++)
		fds[count++] = frame->fds[i];
	if (count) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
	}
	ok = send_all(sock, &message, flags, error);
	if (large >= 0)
		close(large);
	return ok;
}

bool wax_ipc_send(int sock, const WaxFrame *frame, GError **error)
{
	return send_frame(sock, frame, frame->call, 0, error);
}

bool wax_ipc_send_now(int sock, const WaxFrame *frame, GError **error)
{
	return send_frame(sock, frame, frame->call, MSG_DONTWAIT, error);
}

static bool wait_readable(int sock, int timeout, GError **error)
{
	int64_t until = wax_clock_monotonic() + timeout;

	for (;;) {
		struct pollfd one = { sock, POLLIN, 0 };
		int64_t left = timeout < 0 ? -1 : MAX(until - wax_clock_monotonic(), 0);
		int n = poll(&one, 1, (int)left);

		if (n > 0)
			return true;
		if (n == 0)
			return wax_fail(error, WAX_R_TIMEOUT,
				"another process did not answer within %d ms", timeout);
		if (errno != EINTR)
			return wax_fail_errno(error, errno, "cannot wait for another process");
	}
}

static void collect_fds(struct msghdr *message, int *fds, size_t *count)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head;
		head = CMSG_NXTHDR(message, head)) {
		size_t n;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		n = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
			if (*count <= FDS_MAX)
				fds[(*count)++] = fd;
			else
				close(fd);
		}
	}
}

static bool load_large(WaxFrame *frame, int fd, size_t size, GError **error)
{
	size_t done = 0;

	reserve(frame, size);
	while (done < size) {
		ssize_t n = pread(fd, frame->bytes + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return malformed(error, "its payload is cut");
		done += (size_t)n;
	}
	return true;
}

/* fill - turn what recvmsg gave into the frame; it owns the descriptors from here on */
static bool fill(
	WaxFrame *frame, const uint8_t *packet, size_t got, int *fds, size_t count, GError **error)
{
	Preamble preamble;
	int large = -1;
	size_t first = 0;
	bool ok = true;

	memcpy(&preamble, packet, MIN(got, sizeof preamble));
	frame->call = got >= sizeof preamble ? preamble.call : 0;
	if (got >= sizeof preamble && preamble.large && count) {
		large = fds[0];
		first = 1;
	}
	for (size_t i = first; i < count; i++) {
		if (frame->fd_count < FDS_MAX)
			frame->fds[frame->fd_count++] = fds[i];
		else
			close(fds[i]);
	}
	if (got < sizeof preamble || preamble.size > PAYLOAD_MAX ||
		frame->fd_count != preamble.fds || (preamble.large && large < 0) ||
		(!preamble.large && preamble.size != got - sizeof preamble)) {
		ok = malformed(error, "its preamble does not fit");
	} else if (preamble.large) {
		frame->type = preamble.type;
		ok = load_large(frame, large, preamble.size, error);
	} else {
		frame->type = preamble.type;
		if (preamble.size)
			memcpy(reserve(frame, preamble.size), packet + sizeof preamble,
				preamble.size);
	}
	if (large >= 0)
		close(large);
	return ok;
}

bool wax_ipc_recv(int sock, int timeout, WaxFrame **ret_frame, GError **error)
{
	uint8_t packet[sizeof(Preamble) + INLINE_MAX];
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (FDS_MAX + 1))];
		struct cmsghdr align;
	} control;
	struct iovec part = { packet, sizeof packet };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	g_autoptr(WaxFrame) frame = wax_frame_new(0);
	int fds[FDS_MAX + 1];
	size_t count = 0;
	ssize_t got;
	bool ok;

	/* who was told that something is there needs not to be asked again */
	if (timeout != 0 && !wait_readable(sock, timeout, error))
		return false;
	do
		got = recvmsg(sock, &message, MSG_CMSG_CLOEXEC | (timeout == 0 ? MSG_DONTWAIT : 0));
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return wax_fail(error, WAX_R_TIMEOUT, "another process has not said anything");
	if (got <= 0)
		return gone(error, got < 0 ? errno : 0);
	collect_fds(&message, fds, &count);
	ok = fill(frame, packet, (size_t)got, fds, count, error);
	wax_wipe(packet, (size_t)got);
	if (!ok)
		return false;
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return malformed(error, "it was cut on the way");
	*ret_frame = g_steal_pointer(&frame);
	return true;
}

WaxFrame *wax_frame_new_error(const GError *error)
{
	WaxFrame *frame = wax_frame_new(WAX_IPC_ERROR);

	wax_frame_put_str(frame, wax_reason_info(wax_reason_of(error))->label);
	wax_frame_put_str(frame, error->message);
	return frame;
}

bool wax_frame_check(WaxFrame *frame, GError **error)
{
	const char *label, *text;
	WaxReason reason;

	if (frame->type != WAX_IPC_ERROR)
		return true;
	if (!wax_frame_get_str(frame, &label, error) || !wax_frame_get_str(frame, &text, error))
		return false;
	reason = label ? wax_reason_by_label(label) : WAX_R_NONE;
	return wax_fail(error, reason ? reason : WAX_R_INTERNAL, "%s", text ? text : "");
}

void wax_frame_answers(WaxFrame *reply, const WaxFrame *request)
{
	reply->call = request->call;
}

/* receive_reply - what answers an earlier call, whose caller gave up, is dropped */
static bool receive_reply(
	int sock, uint32_t call, int timeout, WaxFrame **ret_reply, GError **error)
{
	int64_t until = wax_clock_monotonic() + timeout;

	for (;;) {
		g_autoptr(WaxFrame) reply = NULL;
		int64_t left = timeout < 0 ? -1 : MAX(until - wax_clock_monotonic(), 0);

		if (!wax_ipc_recv(sock, (int)left, &reply, error))
			return false;
		/* 0: the question could not even be read, and so not its number */
		if (reply->call == call || reply->call == 0) {
			*ret_reply = g_steal_pointer(&reply);
			return true;
		}
	}
}

bool wax_ipc_call(
	int sock, const WaxFrame *request, int timeout, WaxFrame **ret_reply, GError **error)
{
	static gint last;
	uint32_t call = (uint32_t)g_atomic_int_add(&last, 1) + 1;
	g_autoptr(WaxFrame) reply = NULL;

	if (call == 0) /* after four thousand million calls */
		call = (uint32_t)g_atomic_int_add(&last, 1) + 1;
	if (!send_frame(sock, request, call, 0, error) ||
		!receive_reply(sock, call, timeout, &reply, error) ||
		!wax_frame_check(reply, error))
		return false;
	*ret_reply = g_steal_pointer(&reply);
	return true;
}
