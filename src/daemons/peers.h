/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	daemons/peers - which processes there are, and who may talk to whom
 *
 * DESCRIPTION
 *	The whole graph in five tables.  The parent makes one socket pair for
 *	each link and hands each end to its process; nobody can reach anyone
 *	else.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	None.
 */
#ifndef WAX_DAEMONS_PEERS_H
#define WAX_DAEMONS_PEERS_H

/* X(name, executable, sections of the configuration it may see) */
#define WAX_PROCESSES(X)                                                                           \
	X(keyd, "keyd", "paths log service")                                                       \
	X(certd, "keyd", "paths log service")                                                      \
	X(cad, "cad", "host paths log ca policy service")                                          \
	X(maild, "maild", "log service")                                                           \
	X(gated, "gated", "host paths log listen relay gateway policy service tls")                \
	X(webd, "webd", "host paths log policy service gateway")

/* X(one, other): `one` is started when `other` is ready: it opens what the other makes */
#define WAX_NEEDS(X)                                                                               \
	X(gated, cad)                                                                              \
	X(webd, cad)                                                                               \
	X(webd, gated)

/* X(one, other): `maild` stands for each of its workers */
#define WAX_LINKS(X)                                                                               \
	X(gated, maild)                                                                            \
	X(gated, keyd)                                                                             \
	X(maild, keyd)                                                                             \
	X(cad, keyd)                                                                               \
	X(cad, certd)                                                                              \
	X(webd, cad)

/* X(name below paths.state, owner, mode with separate users); the set-group bit hands files to its readers */
#define WAX_FOLDERS(X)                                                                             \
	X("keyd", keyd, 0700)                                                                      \
	X("certd", certd, 0700)                                                                    \
	X("admin", cad, 02750)                                                                     \
	X("mail", gated, 02750)                                                                    \
	X("spool", gated, 0700)

/* X(one, owner): `one` may read the owner's files, through the owner's group */
#define WAX_READS(X)                                                                               \
	X(gated, cad)                                                                              \
	X(webd, cad)                                                                               \
	X(webd, gated)

#endif
