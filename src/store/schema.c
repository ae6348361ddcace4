/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <stddef.h>

/* clang-format off */
static const char admin_1[] =
	"CREATE TABLE domains ("
	" name TEXT PRIMARY KEY,"          /* lower-case A-labels */
	" own INTEGER NOT NULL,"           /* 1: ours; 0: a partner's */
	" route TEXT,"                     /* maildir:DIR, smtp:HOST:PORT, lmtp:..., NULL */
	" note TEXT,"
	" created INTEGER NOT NULL);"
	"CREATE TABLE persons ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL);"
	"CREATE TABLE addresses ("
	" address TEXT PRIMARY KEY,"
	" person TEXT NOT NULL REFERENCES persons(id) ON DELETE CASCADE,"
	" is_primary INTEGER NOT NULL);"
	"CREATE INDEX addresses_person ON addresses(person);"
	"CREATE TABLE certificates ("
	" id TEXT PRIMARY KEY,"            /* SHA-256 of the DER, hex */
	" der BLOB NOT NULL,"
	" subject TEXT NOT NULL, issuer TEXT NOT NULL, serial TEXT NOT NULL,"
	" issuer_serial BLOB NOT NULL,"    /* the SEQUENCE that CMS names */
	" key_id BLOB,"
	" not_before INTEGER NOT NULL, not_after INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"             /* user, domain, ca */
	" domain TEXT,"                    /* of kind domain */
	" source TEXT NOT NULL,"           /* own, import, directory, harvest */
	" pinned INTEGER NOT NULL,"
	" note TEXT,"
	" added INTEGER NOT NULL);"
	"CREATE INDEX certificates_issuer_serial ON certificates(issuer_serial);"
	"CREATE INDEX certificates_key_id ON certificates(key_id);"
	"CREATE INDEX certificates_domain ON certificates(domain);"
	"CREATE TABLE certificate_addresses ("
	" certificate TEXT NOT NULL REFERENCES certificates(id) ON DELETE CASCADE,"
	" address TEXT NOT NULL,"
	" PRIMARY KEY (certificate, address));"
	"CREATE INDEX certificate_addresses_address ON certificate_addresses(address);"
	"CREATE TABLE identities ("
	" id TEXT PRIMARY KEY,"
	" person TEXT REFERENCES persons(id),"
	" domain TEXT REFERENCES domains(name),"  /* a domain's own identity */
	" default_sign TEXT,"              /* epoch; NULL: the newest active one */
	" created INTEGER NOT NULL);"
	"CREATE TABLE identity_addresses ("
	" address TEXT PRIMARY KEY,"
	" identity TEXT NOT NULL REFERENCES identities(id) ON DELETE CASCADE);"
	"CREATE INDEX identity_addresses_identity ON identity_addresses(identity);"
	"CREATE TABLE key_epochs ("
	" id TEXT PRIMARY KEY,"
	" identity TEXT NOT NULL REFERENCES identities(id),"
	" purpose TEXT NOT NULL,"          /* sign, encrypt, both */
	" number INTEGER NOT NULL,"
	" state TEXT NOT NULL,"            /* pending, active, archived, compromised */
	" protection TEXT NOT NULL,"       /* what seals it: host-key, passphrase, token */
	" record BLOB NOT NULL,"           /* sealed; only keyd reads it */
	" spki_sha256 BLOB NOT NULL,"
	" certificate TEXT,"               /* kept after the certificate is deleted */
	" issuer_serial BLOB, key_id BLOB,"
	" created INTEGER NOT NULL, activated INTEGER, archived INTEGER,"
	" UNIQUE (identity, purpose, number));"
	"CREATE INDEX key_epochs_issuer_serial ON key_epochs(issuer_serial);"
	"CREATE INDEX key_epochs_key_id ON key_epochs(key_id);"
	"CREATE TABLE trust_records ("
	" id TEXT PRIMARY KEY,"
	" certificate TEXT NOT NULL, der BLOB NOT NULL, subject TEXT NOT NULL,"
	" domains TEXT,"                   /* separated by blanks; NULL: no limit */
	" purpose TEXT NOT NULL,"          /* verify, encrypt, both */
	" scope TEXT NOT NULL,"            /* org */
	" forbidden INTEGER NOT NULL,"
	" state TEXT NOT NULL,"            /* granted, withdrawn */
	" valid_until INTEGER,"
	" provenance TEXT, note TEXT,"
	" granted_by TEXT NOT NULL, granted INTEGER NOT NULL,"
	" withdrawn_by TEXT, withdrawn INTEGER);"
	"CREATE INDEX trust_records_certificate ON trust_records(certificate);"
	"CREATE TABLE certifiers ("
	" id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, der BLOB NOT NULL, record BLOB NOT NULL,"
	" state TEXT NOT NULL, created INTEGER NOT NULL);"
	"CREATE TABLE serials ("
	/* no reference: a certifier reserves the serial of its own certificate before it has a row */
	" certifier TEXT NOT NULL, serial TEXT NOT NULL,"
	" certificate TEXT, profile TEXT, reserved INTEGER NOT NULL,"
	" PRIMARY KEY (certifier, serial));"
	"CREATE TABLE policies ("
	" version INTEGER PRIMARY KEY, body TEXT NOT NULL, applied_by TEXT NOT NULL,"
	" applied INTEGER NOT NULL);"
	"CREATE TABLE audit ("
	" seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, actor_key TEXT,"
	" object TEXT NOT NULL, from_state TEXT, to_state TEXT, reason TEXT, input_sha256 TEXT);"
	"CREATE INDEX audit_object ON audit(object);";

/* whether a certificate's key is kept here is asked for each candidate */
static const char admin_2[] =
	"CREATE INDEX key_epochs_certificate ON key_epochs(certificate);";
/* clang-format on */

static const char *const admin[] = { admin_1, admin_2, NULL };

const char *const *wax_schema(void)
{
	return admin;
}
