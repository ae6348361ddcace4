/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/io.h"
#include "core/status.h"

#define SECRET_MAX 1024

/* read_line - octet by octet, so that nothing of the next line is taken */
static bool read_line(int tty, WaxSecret **ret_secret, GError **error)
{
	char line[SECRET_MAX];
	size_t n = 0;
	ssize_t got;

	while ((got = read(tty, line + n, 1)) == 1 && line[n] != '\n' && n < sizeof line - 1)
		n++;
	if (got == 1)
		*ret_secret = wax_secret_dup(WAX_SPAN(line, n));
	wax_wipe(line, sizeof line);
	return got == 1 || wax_fail(error, WAX_R_USAGE, "nothing was typed");
}

static bool ask(
	int tty, const char *what, const char *again, WaxSecret **ret_secret, GError **error)
{
	g_autofree char *text = g_strdup_printf("%s%s: ", what, again);

	if (!wax_io_write(tty, WAX_SPAN(text, strlen(text)), error) ||
		!read_line(tty, ret_secret, error))
		return false;
	return wax_io_write(tty, WAX_SPAN("\n", 1), error);
}

static bool ask_quietly(
	int tty, const char *what, bool twice, WaxSecret **ret_secret, GError **error)
{
	g_autoptr(WaxSecret) first = NULL, second = NULL;

	if (!ask(tty, what, "", &first, error) ||
		(twice && !ask(tty, what, " once more", &second, error)))
		return false;
	if (twice && !wax_same_secret(wax_secret_span(first), wax_secret_span(second)))
		return wax_fail(error, WAX_R_VALUE_INVALID, "the two differ");
	*ret_secret = g_steal_pointer(&first);
	return true;
}

bool wax_prompt_secret(
	const char *what, const char *flag, bool twice, WaxSecret **ret_secret, GError **error)
{
	int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios loud, quiet;
	bool ok;

	if (tty < 0 || tcgetattr(tty, &loud) != 0) {
		if (tty >= 0)
			close(tty);
		return wax_fail(error, WAX_R_USAGE,
			"%s is missing, and there is no terminal to ask at", flag);
	}
	quiet = loud;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	ok = tcsetattr(tty, TCSAFLUSH, &quiet) == 0
		     ? ask_quietly(tty, what, twice, ret_secret, error)
		     : wax_fail(error, WAX_R_IO, "the terminal cannot be made quiet");
	(void)tcsetattr(tty, TCSAFLUSH, &loud); /* as it was, also after an error */
	close(tty);
	return ok;
}
