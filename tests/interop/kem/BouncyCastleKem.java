/* SPDX-License-Identifier: Apache-2.0 */
/* Encapsulation (RFC 9629), which Bouncy Castle 1.72 lacks and 1.80 has. */
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;

class BouncyCastleKem {
	static RecipientInfoGenerator recipient(X509Certificate to, String wrap, String kdf) throws Exception
	{
		ASN1ObjectIdentifier oid = new ASN1ObjectIdentifier(kdf);
		AlgorithmIdentifier by = oid.equals(X9ObjectIdentifiers.id_kdf_kdf3)
			? new AlgorithmIdentifier(oid, new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256, DERNull.INSTANCE))
			: new AlgorithmIdentifier(oid);

		return new JceKEMRecipientInfoGenerator(to, new ASN1ObjectIdentifier(wrap)).setKDF(by).setProvider("BC");
	}

	static boolean is(RecipientInformation one)
	{
		return one instanceof KEMRecipientInformation;
	}

	static Recipient opener(PrivateKey key)
	{
		return new JceKEMEnvelopedRecipient(key).setProvider("BC");
	}
}
