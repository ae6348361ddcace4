/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	cli/verbs - the verbs that work without a service
 *
 * DESCRIPTION
 *	Each takes the words after it and returns the exit code.
 *
 * OWNERSHIP
 *	Nothing is kept.
 *
 * ERRORS
 *	Told on standard error; the exit code says which kind.
 */
#ifndef WAX_CLI_VERBS_H
#define WAX_CLI_VERBS_H

int wax_cli_open(int argc, char **argv);
int wax_cli_seal(int argc, char **argv);
int wax_cli_receipt(int argc, char **argv);
int wax_cli_cert_show(int argc, char **argv);
int wax_cli_cert_pack(int argc, char **argv);
int wax_cli_cert_verify(int argc, char **argv);

int wax_cli_up(int argc, char **argv);
int wax_cli_down(int argc, char **argv);
int wax_cli_doctor(int argc, char **argv);
int wax_cli_setup_users(int argc, char **argv);
int wax_cli_setup_postfix(int argc, char **argv);

#endif
