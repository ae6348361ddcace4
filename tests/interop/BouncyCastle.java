/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: BouncyCastle < JOBS - seals and opens with Bouncy Castle, one job a line:
 *   seal CIPHER-OID KIND CERTIFICATE IN OUT    KIND: ktri, or the OID of an agreement and a wrap, "A/W"
 *   seal CIPHER-OID password PASSWORD IN OUT
 *   seal CIPHER-OID kem/WRAP-OID/KDF-OID CERTIFICATE IN OUT
 *   open KEY IN OUT                            KEY: PKCS #8 in DER, or password:PASSWORD
 *   sign ALGORITHM KEY CERTIFICATE IN OUT      with the content inside
 *   verify CERTIFICATE IN OUT                  every signature; the content goes to OUT
 * One line comes back for each: "ok", or "failed" and why.
 */
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;

public class BouncyCastle {
	static byte[] read(String path) throws IOException
	{
		return Files.readAllBytes(Paths.get(path));
	}

	static X509Certificate certificate(String path) throws Exception
	{
		try (InputStream in = new FileInputStream(path)) {
			return (X509Certificate)CertificateFactory.getInstance("X.509", "BC")
				.generateCertificate(in);
		}
	}

	static PrivateKey key(String path) throws Exception
	{
		return new BouncyCastleProvider().getPrivateKey(PrivateKeyInfo.getInstance(read(path)));
	}

	static RecipientInfoGenerator recipient(String kind, String who) throws Exception
	{
		if (kind.equals("password"))
			return new JcePasswordRecipientInfoGenerator(
				CMSAlgorithm.AES256_CBC, who.toCharArray())
				.setProvider("BC");
		X509Certificate to = certificate(who);
		if (kind.equals("ktri"))
			return new JceKeyTransRecipientInfoGenerator(to).setProvider("BC");
		String[] oids = kind.split("/");
		if (oids[0].equals("kem"))
			return BouncyCastleKem.recipient(to, oids[1], oids[2]);
		String algorithm = to.getPublicKey().getAlgorithm();
		KeyPairGenerator maker = KeyPairGenerator.getInstance(algorithm, "BC");
		if (algorithm.equals("EC") || algorithm.equals("ECDSA"))
			maker.initialize(((java.security.interfaces.ECPublicKey)to.getPublicKey()).getParams());
		KeyPair pair = maker.generateKeyPair();
		return new JceKeyAgreeRecipientInfoGenerator(new ASN1ObjectIdentifier(oids[0]),
			pair.getPrivate(), pair.getPublic(), new ASN1ObjectIdentifier(oids[1]))
			.addRecipient(to)
			.setProvider("BC");
	}

	static void seal(String[] job) throws Exception
	{
		OutputEncryptor with =
			new JceCMSContentEncryptorBuilder(new ASN1ObjectIdentifier(job[1]))
				.setProvider("BC")
				.build();
		CMSTypedData what = new CMSProcessableByteArray(read(job[4]));
		RecipientInfoGenerator to = recipient(job[2], job[3]);
		byte[] out;

		if (with instanceof OutputAEADEncryptor) {
			CMSAuthEnvelopedDataGenerator made = new CMSAuthEnvelopedDataGenerator();

			made.addRecipientInfoGenerator(to);
			out = made.generate(what, (OutputAEADEncryptor)with).getEncoded();
		} else {
			CMSEnvelopedDataGenerator made = new CMSEnvelopedDataGenerator();

			made.addRecipientInfoGenerator(to);
			out = made.generate(what, with).getEncoded();
		}
		Files.write(Paths.get(job[5]), out);
	}

	static void open(String[] job) throws Exception
	{
		byte[] object = read(job[2]);
		Collection<RecipientInformation> all;
		try {
			all = new CMSEnvelopedData(object).getRecipientInfos().getRecipients();
		} catch (Exception other) {
			all = new CMSAuthEnvelopedData(object).getRecipientInfos().getRecipients();
		}
		RecipientInformation one = all.iterator().next();
		Recipient with;

		if (job[1].startsWith("password:")) {
			with = new JcePasswordEnvelopedRecipient(job[1].substring(9).toCharArray())
				.setProvider("BC");
		} else {
			PrivateKey key = key(job[1]);
			with = BouncyCastleKem.is(one) ? BouncyCastleKem.opener(key)
				: one instanceof KeyAgreeRecipientInformation
				? new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC")
				: new JceKeyTransEnvelopedRecipient(key).setProvider("BC");
		}
		Files.write(Paths.get(job[3]), one.getContent(with));
	}

	static void sign(String[] job) throws Exception
	{
		CMSSignedDataGenerator made = new CMSSignedDataGenerator();
		X509Certificate own = certificate(job[3]);

		made.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder().setProvider("BC").build(
			job[1], key(job[2]), own));
		made.addCertificates(new JcaCertStore(Collections.singletonList(own)));
		CMSSignedData signed = made.generate(new CMSProcessableByteArray(read(job[4])), true);
		Files.write(Paths.get(job[5]), signed.getEncoded());
	}

	static void verify(String[] job) throws Exception
	{
		CMSSignedData signed = new CMSSignedData(read(job[2]));
		Collection<SignerInformation> all = signed.getSignerInfos().getSigners();

		if (all.isEmpty())
			throw new IOException("nobody signed it");
		for (SignerInformation one : all)
			if (!one.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(
				    certificate(job[1]))))
				throw new IOException("the signature does not verify");
		Files.write(Paths.get(job[3]), (byte[])signed.getSignedContent().getContent());
	}

	public static void main(String[] arguments) throws Exception
	{
		BufferedReader jobs = new BufferedReader(new InputStreamReader(System.in));

		Security.addProvider(new BouncyCastleProvider());
		for (String line; (line = jobs.readLine()) != null;) {
			String[] job = line.split(" ");

			try {
				switch (job[0]) {
				case "seal": seal(job); break;
				case "open": open(job); break;
				case "sign": sign(job); break;
				default: verify(job); break;
				}
				System.out.println("ok");
			} catch (Exception why) {
				Throwable root = why;
				while (root.getCause() != null)
					root = root.getCause();
				System.out.println("failed " + why.getMessage() + " / " + root);
			}
		}
	}
}
