/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/settings_table - every setting of waxwing.toml
 *
 * DESCRIPTION
 *	WAX_SETTING(name, type, fallback, least, most, sentence)
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	None.
 */
WAX_SETTING("host.name", TEXT, "", 0, 0, "name of this host in greetings and in Authentication-Results; empty: what the system says")
WAX_SETTING("paths.state", TEXT, "", 0, 0, "folder of the databases and keys; empty: /var/lib/waxwing, or ~/.local/state/waxwing for an ordinary user")
WAX_SETTING("paths.run", TEXT, "", 0, 0, "folder of the local sockets; empty: /run/waxwing, or below the state folder for an ordinary user")
WAX_SETTING("paths.libexec", TEXT, "", 0, 0, "folder of the processes; empty: where Waxwing was installed")
WAX_SETTING("service.workers", COUNT, "2", 1, 64, "processes that read messages (maild)")
WAX_SETTING("service.messages_per_worker", COUNT, "200", 1, 100000, "messages after which such a process is replaced")
WAX_SETTING("service.connections", COUNT, "100", 1, 1000, "mail connections served at a time")
WAX_SETTING("service.separate_users", FLAG, "true", 0, 0, "as root, run each process under its own user, where these users exist; the status says whether it is so")
WAX_SETTING("service.user_prefix", TEXT, "waxwing-", 0, 0, "what the names of these users begin with: waxwing-gated, waxwing-maild, ...")
WAX_SETTING("service.admin_group", TEXT, "waxwing", 0, 0, "members of this group may use the command line beside root")
WAX_SETTING("listen.outbound", LIST, "[\"smtp:127.0.0.1:10025\"]", 0, 0, "where mail of this organisation comes in to leave it: smtp:HOST:PORT, lmtp:HOST:PORT or lmtp:unix:PATH")
WAX_SETTING("listen.inbound", LIST, "[\"smtp:127.0.0.1:10026\"]", 0, 0, "where mail from outside comes in")
WAX_SETTING("listen.users", LIST, "[\"postfix\"]", 0, 0, "users whose processes may hand mail over at a UNIX socket, beside root and Waxwing's own")
WAX_SETTING("tls.certificate", TEXT, "", 0, 0, "PEM file of this host's certificate and its chain; with it STARTTLS is offered")
WAX_SETTING("tls.key", TEXT, "", 0, 0, "PEM file of its private key")
WAX_SETTING("tls.internal_ca", TEXT, "", 0, 0, "PEM file of authorities: who shows a certificate of theirs is an internal host; needed for listen.outbound on an address that others reach")
WAX_SETTING("tls.next_hop", TEXT, "may", 0, 0, "TLS to next hops on other hosts: off, may or must; a handshake that fails defers the mail")
WAX_SETTING("tls.next_hop_ca", TEXT, "", 0, 0, "PEM file of authorities that next hops must be certified by, for the name they are reached by; empty: any certificate")
WAX_SETTING("relay.outbound", TEXT, "smtp:127.0.0.1:10027", 0, 0, "next hop of mail that leaves: smtp:HOST:PORT, lmtp:HOST:PORT, lmtp:unix:PATH or maildir:FOLDER")
WAX_SETTING("relay.inbound", TEXT, "", 0, 0, "next hop of mail that arrives for a domain without a route of its own; empty: such mail is refused")
WAX_SETTING("gateway.size_out", SIZE, "52428800", 65536, 4398046511104, "octets the next hop takes; what is accepted is derived from it")
WAX_SETTING("gateway.recipient_infos", COUNT, "50", 1, 10000, "recipients in one encrypted copy")
WAX_SETTING("gateway.received_max", COUNT, "50", 5, 1000, "Received fields above which a message goes round in circles")
WAX_SETTING("gateway.deadline", COUNT, "480", 10, 3600, "seconds after which unfinished recipients are asked to be tried again")
WAX_SETTING("gateway.all_or_nothing", FLAG, "false", 0, 0, "refuse all recipients when one cannot be reached as required")
WAX_SETTING("gateway.signing", TEXT, "if-possible", 0, 0, "signing duty of encrypted copies: if-possible or required")
WAX_SETTING("gateway.promote_subject", FLAG, "false", 0, 0, "put a protected Subject, and what else the sender hid outside, back on decrypted mail; only once bounces pass the gateway")
WAX_SETTING("gateway.shy_headers", FLAG, "false", 0, 0, "encrypted mail hides the names of From, To and Cc and the time zone of Date, too (RFC 9788, hcp_shy); the Subject is hidden always")
WAX_SETTING("gateway.tag_signed", TEXT, "", 0, 0, "put in front of the Subject of mail with a valid, trusted signature, such as [signed], and taken out of everybody else's; cosmetic, no security signal; empty: off")
WAX_SETTING("gateway.tag_encrypted", TEXT, "", 0, 0, "the same for mail that was decrypted here")
WAX_SETTING("gateway.foreign_tags", LIST, "[]", 0, 0, "further marks that are taken out of the Subject of mail from outside")
WAX_SETTING("gateway.journal_days", COUNT, "7", 1, 365, "days for which a repeated delivery is recognised")
WAX_SETTING("policy.floor", TEXT, "try-encrypt", 0, 0, "floor where no rule says more: none, sign, try-encrypt, must-encrypt, must-smime")
WAX_SETTING("ca.organisation", TEXT, "", 0, 0, "organisation named in certificates that Waxwing issues; empty: the first domain")
WAX_SETTING("ca.one_key", FLAG, "false", 0, 0, "a person gets one RSA key to sign and to decrypt, for partners who demand it, instead of two")
WAX_SETTING("ca.validity_days", COUNT, "365", 1, 825, "days for which such certificates are valid")
WAX_SETTING("log.target", TEXT, "stderr", 0, 0, "where events go: stderr, journald, or a file (absolute path)")
WAX_SETTING("log.level", TEXT, "info", 0, 0, "least level written: debug, info, notice, warning, error")
