/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	core/base/reasons - every reason the product can refuse or fail for
 *
 * DESCRIPTION
 *	X(id, class, code, label, smtp): the one table from which the SMTP
 *	reply, the HTTP problem, the exit code, the JSON reason and the
 *	manual's chapter on errors are made.  `smtp` is the whole reply code
 *	("451 4.7.5"), or "" for the default of the class.  Append within a
 *	block, never renumber, never reuse: labels are stable for ever.
 *
 * OWNERSHIP
 *	Constants.
 *
 * ERRORS
 *	These are they.
 */
#ifndef WAX_CORE_BASE_REASONS_H
#define WAX_CORE_BASE_REASONS_H

#define WAX_REASONS(X)                                                              \
	/* core */                                                                  \
	X(INTERNAL,             BUG,     "GEN-001", "internal",               "451 4.3.0") \
	X(IO,                   TEMP,    "GEN-002", "io",                     "451 4.3.0") \
	X(DISK_FULL,            TEMP,    "GEN-003", "disk_full",              "452 4.3.1") \
	X(NO_MEMORY,            TEMP,    "GEN-004", "no_memory",              "451 4.3.0") \
	X(USAGE,                USAGE,   "GEN-005", "usage",                  "") \
	X(NO_INPUT,             PERM,    "GEN-006", "no_input",               "") \
	X(FRAME_MALFORMED,      HOSTILE, "GEN-007", "frame_malformed",        "451 4.3.0") \
	X(PEER_GONE,            TEMP,    "GEN-008", "peer_gone",              "451 4.3.0") \
	X(NOT_PERMITTED,        POLICY,  "GEN-009", "not_permitted",          "") \
	X(NOT_FOUND,            PERM,    "GEN-010", "not_found",              "") \
	X(DUPLICATE,            PERM,    "GEN-011", "duplicate",              "") \
	X(VALUE_INVALID,        USAGE,   "GEN-012", "value_invalid",          "") \
	X(SERVICE_DOWN,         TEMP,    "GEN-013", "service_down",           "451 4.3.0") \
	X(TIMEOUT,              TEMP,    "GEN-014", "timeout",                "451 4.3.0") \
	X(ADDRESS_INVALID,      PERM,    "GEN-015", "address_invalid",        "553 5.1.3") \
	X(CONFIG_UNKNOWN_KEY,   USAGE,   "CFG-001", "config_unknown_key",     "") \
	X(CONFIG_TYPE,          USAGE,   "CFG-002", "config_type",            "") \
	X(CONFIG_DUPLICATE,     USAGE,   "CFG-003", "config_duplicate",       "") \
	X(CONFIG_SYNTAX,        USAGE,   "CFG-004", "config_syntax",          "") \
	X(CONFIG_RANGE,         USAGE,   "CFG-005", "config_range",           "") \
	/* asn1 */                                                                  \
	X(DER_TRUNCATED,        HOSTILE, "DER-001", "der_truncated",          "") \
	X(DER_LONG_TAG,         HOSTILE, "DER-002", "der_long_tag",           "") \
	X(DER_LENGTH,           HOSTILE, "DER-003", "der_length",             "") \
	X(DER_DEPTH,            HOSTILE, "DER-004", "der_depth",              "") \
	X(DER_UNEXPECTED,       HOSTILE, "DER-005", "der_unexpected",         "") \
	X(DER_VALUE,            HOSTILE, "DER-006", "der_value",              "") \
	X(DER_TRAILING,         HOSTILE, "DER-007", "der_trailing",           "") \
	X(DER_NO_ROOM,          HOSTILE, "DER-008", "der_no_room",            "") \
	/* cms */                                                                   \
	X(CMS_MALFORMED,        HOSTILE, "CMS-001", "cms_malformed",          "") \
	X(CMS_TOO_MANY_SIGNERS, HOSTILE, "CMS-002", "cms_too_many_signers",   "") \
	X(CMS_TOO_MANY_RECIPIENTS, HOSTILE, "CMS-003", "cms_too_many_recipients", "") \
	X(CMS_TOO_LARGE,        HOSTILE, "CMS-004", "cms_too_large",          "") \
	X(CMS_TYPE_UNKNOWN,     HOSTILE, "CMS-005", "cms_type_unknown",       "") \
	X(CMS_ALGORITHM_UNSUPPORTED, PERM, "CMS-006", "algorithm_unsupported", "554 5.7.6") \
	X(CMS_ATTRS_MISSING,    HOSTILE, "CMS-007", "attrs_missing",          "") \
	X(CMS_ATTRS_DUPLICATE,  HOSTILE, "CMS-008", "attrs_duplicate",        "") \
	X(CMS_ATTRS_MALFORMED,  HOSTILE, "CMS-009", "attrs_malformed",        "") \
	X(CMS_ATTRS_AS_CONTENT, HOSTILE, "CMS-010", "attributes_as_content",  "") \
	X(CMS_ECONTENT_PRESENT, HOSTILE, "CMS-011", "econtent_present",       "") \
	X(CMS_CONTENT_TYPE_MISMATCH, HOSTILE, "CMS-012", "content_type_mismatch", "") \
	X(CMS_ALGORITHM_MISMATCH, HOSTILE, "CMS-013", "algorithm_mismatch",   "") \
	X(CMS_TAG_LENGTH,       HOSTILE, "CMS-014", "tag_length",             "") \
	X(CMS_DECRYPT_FAILED,   HOSTILE, "CMS-015", "decrypt_failed",         "") \
	X(CMS_NO_RECIPIENT,     PERM,    "CMS-016", "no_key",                 "") \
	X(CMS_TOO_MANY_ATTRS,   HOSTILE, "CMS-017", "cms_too_many_attributes", "") \
	X(CMS_TOO_MANY_CERTS,   HOSTILE, "CMS-018", "cms_too_many_certificates", "") \
	X(CMS_NO_ROOM,          PERM,    "CMS-019", "cms_no_room",            "") \
	X(CMS_TRAILING,         HOSTILE, "CMS-020", "cms_trailing",           "") \
	X(CMS_TOO_MANY_CRLS,    HOSTILE, "CMS-021", "cms_too_many_crls",      "") \
	/* mime */                                                                  \
	X(MIME_MALFORMED,       HOSTILE, "MIM-001", "malformed",              "554 5.6.0") \
	X(MIME_DEPTH,           HOSTILE, "MIM-002", "mime_depth",             "554 5.6.0") \
	X(MIME_PARTS,           HOSTILE, "MIM-003", "mime_parts",             "554 5.6.0") \
	X(MIME_HEADER_SIZE,     HOSTILE, "MIM-004", "mime_header_size",       "554 5.6.0") \
	X(MIME_ENCODING,        HOSTILE, "MIM-005", "mime_encoding",          "554 5.6.0") \
	X(MIME_DUPLICATE_HEADER, HOSTILE, "MIM-006", "duplicate_header",      "554 5.6.0") \
	X(CONVERSION_FORBIDDEN, PERM,    "MIM-007", "conversion_forbidden",   "554 5.6.3") \
	X(TOO_LARGE,            PERM,    "MIM-008", "too_large",              "552 5.3.4") \
	/* crypto, keys, certificates */                                            \
	X(CRYPTO_ERROR,         PERM,    "CRY-001", "crypto_error",           "554 5.7.5") \
	X(ALGORITHM_REFUSED,    PERM,    "CRY-002", "algorithm_refused",      "554 5.7.6") \
	X(CERT_MALFORMED,       PERM,    "CRY-003", "cert_malformed",         "") \
	X(KEY_MALFORMED,        PERM,    "CRY-004", "key_malformed",          "") \
	X(PASSWORD_WRONG,       POLICY,  "KEY-001", "password_wrong",         "") \
	X(KEY_MISMATCH,         PERM,    "KEY-002", "key_mismatch",           "") \
	X(KEY_WEAK,             PERM,    "KEY-003", "key_weak",               "") \
	X(ADDRESS_NOT_OWNED,    POLICY,  "KEY-004", "address_not_owned",      "") \
	X(CHAIN_INCOMPLETE,     PERM,    "KEY-005", "chain_incomplete",       "") \
	X(KEYS_BUSY,            TEMP,    "KEY-006", "keys_busy",              "451 4.7.5") \
	X(CUSTODY_DOWN,         TEMP,    "KEY-007", "custody_down",           "451 4.7.5") \
	X(CUSTODY_LOCKED,       TEMP,    "KEY-008", "custody_locked",         "451 4.7.5") \
	X(TICKET_UNKNOWN,       POLICY,  "KEY-009", "ticket_unknown",         "451 4.7.5") \
	X(TICKET_SPENT,         POLICY,  "KEY-010", "ticket_spent",           "451 4.7.5") \
	X(REQUEST_REFUSED,      POLICY,  "KEY-011", "request_refused",        "451 4.7.5") \
	X(RECORD_DAMAGED,       PERM,    "KEY-012", "record_damaged",         "451 4.7.5") \
	X(KEY_UNSUPPORTED,      PERM,    "KEY-013", "key_unsupported",        "") \
	X(KEY_IN_USE,           POLICY,  "KEY-014", "key_in_use",             "") \
	X(UNLOCK_WAIT,          TEMP,    "KEY-015", "unlock_wait",            "451 4.7.5") \
	X(CERT_IS_CA,           PERM,    "CRT-001", "is_ca",                  "") \
	X(CERT_EXPIRED,         PERM,    "CRT-002", "expired",                "550 5.7.4") \
	X(CERT_NOT_YET_VALID,   PERM,    "CRT-003", "not_yet_valid",          "550 5.7.4") \
	X(CERT_ADDRESS_FOREIGN, PERM,    "CRT-004", "address_foreign",        "") \
	X(CERT_SIGN_ONLY,       PERM,    "CRT-005", "sign_only",              "550 5.7.4") \
	X(CERT_REVOKED,         PERM,    "CRT-006", "revoked",                "550 5.7.4") \
	X(CERT_NOT_CA,          PERM,    "CRT-007", "not_ca",                 "") \
	X(PROFILE_VIOLATION,    POLICY,  "CRT-008", "profile_violation",      "") \
	X(NAME_NOT_PERMITTED,   POLICY,  "CRT-009", "name_not_permitted",     "") \
	X(POSSESSION_UNPROVEN,  POLICY,  "CRT-010", "possession_unproven",    "") \
	/* trust: chain reasons (SMIME.md V-02) */                                  \
	X(TRUST_UNTRUSTED,      POLICY,  "TRU-001", "untrusted",              "550 5.7.4") \
	X(TRUST_INCOMPLETE,     POLICY,  "TRU-002", "incomplete",             "550 5.7.4") \
	X(TRUST_EXPIRED,        POLICY,  "TRU-003", "chain_expired",          "550 5.7.4") \
	X(TRUST_NOT_YET_VALID,  POLICY,  "TRU-004", "chain_not_yet_valid",    "550 5.7.4") \
	X(TRUST_REVOKED,        POLICY,  "TRU-005", "chain_revoked",          "550 5.7.4") \
	X(TRUST_STATUS_UNKNOWN, TEMP,    "TRU-006", "revocation_unknown",     "451 4.7.5") \
	X(TRUST_KEY_USAGE,      POLICY,  "TRU-007", "key_usage",              "550 5.7.4") \
	X(TRUST_EKU,            POLICY,  "TRU-008", "eku",                    "550 5.7.4") \
	X(TRUST_BASIC_CONSTRAINTS, POLICY, "TRU-009", "basic_constraints",    "550 5.7.4") \
	X(TRUST_PATH_LENGTH,    POLICY,  "TRU-010", "path_length",            "550 5.7.4") \
	X(TRUST_NAME_CONSTRAINTS, POLICY, "TRU-011", "name_constraints",      "550 5.7.4") \
	X(TRUST_POLICY,         POLICY,  "TRU-012", "policy",                 "550 5.7.4") \
	X(TRUST_LOOP,           POLICY,  "TRU-013", "loop_in_chain",          "550 5.7.4") \
	X(TRUST_SIGNATURE,      POLICY,  "TRU-014", "chain_signature",        "550 5.7.4") \
	X(TRUST_CRITICAL,       POLICY,  "TRU-015", "critical_extension",     "550 5.7.4") \
	X(TRUST_WEAK,           POLICY,  "TRU-016", "chain_weak",             "550 5.7.4") \
	/* smime: verdict reasons (SMIME.md section 3) */                           \
	X(SIG_DIGEST_MISMATCH,  HOSTILE, "SIG-001", "digest_mismatch",        "") \
	X(SIG_NOT_CANONICAL,    HOSTILE, "SIG-002", "content_not_canonical",  "") \
	X(SIG_MISMATCH,         HOSTILE, "SIG-003", "signature_mismatch",     "") \
	X(SIG_NO_ATTRIBUTES,    HOSTILE, "SIG-004", "no_signed_attributes",   "") \
	X(SIG_NO_CERTIFICATE,   HOSTILE, "SIG-005", "no_certificate_of_signer", "") \
	X(SIG_ESS_MISMATCH,     HOSTILE, "SIG-006", "ess_mismatch",           "") \
	X(SIG_THIRD_PART,       HOSTILE, "SIG-007", "third_part",             "") \
	X(SIG_OUTER_ONLY,       HOSTILE, "SIG-008", "outer_only",             "") \
	X(SIG_IN_FUTURE,        HOSTILE, "SIG-009", "signed_in_future",       "") \
	X(SIG_DATE_DIFFERS,     HOSTILE, "SIG-010", "date_differs",           "") \
	X(SIG_WEAK_DIGEST,      HOSTILE, "SIG-011", "weak_digest",            "") \
	X(SIG_WEAK_KEY,         HOSTILE, "SIG-012", "weak_key",               "") \
	X(SIG_IDENTITY_MISMATCH, HOSTILE, "SIG-013", "identity_mismatch",     "") \
	X(SIG_IDENTITY_AMBIGUOUS, HOSTILE, "SIG-014", "identity_ambiguous",   "") \
	X(SIG_IDENTITY_MISSING, HOSTILE, "SIG-015", "identity_missing",       "") \
	X(SIG_SENDER_ONLY,      HOSTILE, "SIG-016", "sender_only",            "") \
	X(SIG_NO_ADDRESS,       HOSTILE, "SIG-017", "no_address",             "") \
	X(SIG_LAYER_DEPTH,      HOSTILE, "SIG-018", "layer_depth",            "") \
	X(SIG_NO_REVOCATION_SOURCE, HOSTILE, "SIG-019", "no_revocation_source", "") \
	X(SIG_HISTORIC,         HOSTILE, "SIG-020", "by_historic_policy",     "") \
	X(SIG_TYPE_DISAGREES,   HOSTILE, "SIG-021", "smime_type_disagrees",   "") \
	X(SIG_UNSUPPORTED,      HOSTILE, "SIG-022", "signature_unsupported",  "") \
	X(SIG_BELOW_ROOT,       HOSTILE, "SIG-023", "signed_part_below_root", "") \
	X(SIG_ATTRS_NOT_DER,    HOSTILE, "SIG-040", "attrs_not_der",          "") \
	X(SIG_KEY_TOO_LARGE,    HOSTILE, "SIG-041", "signer_key_too_large",   "") \
	X(SIG_COUNTER_TOO_MANY, HOSTILE, "SIG-042", "too_many_countersignatures", "") \
	X(SIG_HEADER_DIFFERS,   HOSTILE, "SIG-043", "secure_header_differs",  "") \
	X(EXPANSION,            HOSTILE, "CMS-040", "expansion",              "") \
	X(COMPRESSED_TWICE,     HOSTILE, "CMS-041", "compressed_twice",       "") \
	X(COMPRESSION_DAMAGED,  HOSTILE, "CMS-042", "compression_damaged",    "") \
	X(WEAK_CIPHER,          HOSTILE, "CMS-043", "weak_cipher",            "") \
	X(WEAK_KDF,             HOSTILE, "CMS-044", "weak_kdf",               "") \
	X(SIG_FROM_DIFFERS,     HOSTILE, "SIG-060", "from_differs",           "") \
	X(SIG_BELOW_PROFILE,    HOSTILE, "SIG-061", "below_profile",          "") \
	/* sealing, policy, gateway */                                              \
	X(NO_CERTIFICATE,       PERM,    "ENC-001", "no_certificate",         "550 5.7.4") \
	X(NO_SIGNING_IDENTITY,  PERM,    "ENC-002", "no_signing_identity",    "550 5.7.4") \
	X(METHODS_EXHAUSTED,    PERM,    "ENC-003", "methods_exhausted",      "550 5.7.4") \
	X(NOT_REREADABLE,       BUG,     "ENC-004", "result_not_as_planned",  "554 5.7.5") \
	X(POLICY_BLOCK,         POLICY,  "POL-001", "policy_block",           "550 5.7.1") \
	X(UNLISTED_DOMAIN,      POLICY,  "POL-002", "unlisted_domain",        "550 5.7.1") \
	X(HOP_NOT_INTERNAL,     POLICY,  "POL-003", "hop_not_internal",       "530 5.7.0") \
	X(POLICY_SYNTAX,        USAGE,   "POL-004", "policy_syntax",          "") \
	X(POLICY_TEST_FAILED,   USAGE,   "POL-005", "policy_test_failed",     "") \
	X(ALL_OR_NOTHING,       PERM,    "POL-006", "all_or_nothing",         "550 5.7.4") \
	X(LOOP,                 PERM,    "GTW-001", "loop",                   "554 5.4.6") \
	X(DIRECTORY_DOWN,       TEMP,    "GTW-002", "directory_down",         "451 4.4.3") \
	X(NEXT_HOP,             TEMP,    "GTW-003", "next_hop",               "451 4.4.1") \
	X(NEXT_HOP_REFUSED,     PERM,    "GTW-004", "next_hop_refused",       "550 5.0.0") \
	X(WORKER_DIED,          TEMP,    "GTW-005", "worker_died",            "451 4.3.0") \
	X(NO_ROUTE,             PERM,    "GTW-006", "no_route",               "550 5.1.2") \
	X(TOO_MANY_RECIPIENTS,  TEMP,    "GTW-007", "too_many_recipients",    "452 4.5.3") \
	X(RUN_OUT_OF_TIME,      TEMP,    "GTW-008", "run_out_of_time",        "451 4.3.0") \
	/* store */                                                                 \
	X(STORE_DOWN,           TEMP,    "STO-001", "store_down",             "451 4.4.3") \
	X(STORE_LOCKED,         TEMP,    "STO-002", "store_locked",           "451 4.4.3") \
	X(STORE_VERSION,        TEMP,    "STO-003", "store_version",          "451 4.4.3") \
	X(STORE_CONSTRAINT,     PERM,    "STO-004", "store_constraint",       "") \
	X(TLS_FAILED,           USAGE,   "GTW-009", "tls_failed",             "")

#endif
