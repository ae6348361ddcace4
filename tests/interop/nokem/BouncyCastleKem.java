/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in where Bouncy Castle has no encapsulation. */
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import org.bouncycastle.cms.*;

class BouncyCastleKem {
	static RecipientInfoGenerator recipient(X509Certificate to, String wrap, String kdf) throws Exception
	{
		throw new CMSException("no KEMRecipientInfo in this version");
	}

	static boolean is(RecipientInformation one)
	{
		return false;
	}

	static Recipient opener(PrivateKey key)
	{
		return null;
	}
}
