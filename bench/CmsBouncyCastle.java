/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: CmsBouncyCastle FOLDER - a competitor for bench/run (bench/spend.h): Bouncy Castle, warm,
 * on the jobs of bench/engine.  It makes and opens the CMS object alone: no MIME, no base64; the
 * signed content lies beside the object.
 */
import java.io.*;
import java.lang.management.ManagementFactory;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.*;
import java.util.*;
import javax.crypto.spec.*;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.*;
import org.bouncycastle.operator.jcajce.*;

public class CmsBouncyCastle {
	interface Work {
		void run() throws Exception;
	}

	static final com.sun.management.OperatingSystemMXBean system =
		(com.sun.management.OperatingSystemMXBean)ManagementFactory.getOperatingSystemMXBean();

	final String folder;
	final Map<String, PrivateKey> keys = new HashMap<>();
	final Map<String, List<X509Certificate>> chains = new HashMap<>();
	final List<X509Certificate> many;
	final Set<TrustAnchor> anchors = new HashSet<>();
	String prepared = "";
	Work work;

	CmsBouncyCastle(String folder) throws Exception
	{
		this.folder = folder;
		for (String kind : new String[] { "rsa", "ec" }) {
			chains.put(kind, certificates(kind + "-chain.pem"));
			keys.put(kind, key(kind + ".key"));
		}
		many = certificates("many.pem");
		for (X509Certificate root : certificates("ca.pem"))
			anchors.add(new TrustAnchor(root, null));
	}

	List<X509Certificate> certificates(String name) throws Exception
	{
		List<X509Certificate> list = new ArrayList<>();
		CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
		try (InputStream in = new FileInputStream(folder + "/" + name)) {
			for (java.security.cert.Certificate one : factory.generateCertificates(in))
				list.add((X509Certificate)one);
		}
		return list;
	}

	PrivateKey key(String name) throws Exception
	{
		try (PEMParser in = new PEMParser(new FileReader(folder + "/" + name))) {
			return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo)in.readObject());
		}
	}

	static byte[] letter(int n)
	{
		byte[] head = "Content-Type: text/plain\r\n\r\n".getBytes();
		byte[] text = Arrays.copyOf(head, head.length + n);
		for (int i = 0; i < n; i++)
			text[head.length + i] = (byte)(i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : 'A' + i % 23);
		return text;
	}

	byte[] sign(String kind, byte[] letter) throws Exception
	{
		List<X509Certificate> chain = chains.get(kind);
		CMSSignedDataGenerator made = new CMSSignedDataGenerator();
		ContentSigner signer = new JcaContentSignerBuilder(kind.equals("ec") ? "SHA256withECDSA" : "SHA256withRSA")
					       .setProvider("BC")
					       .build(keys.get(kind));
		made.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(
			new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
						    .build(signer, chain.get(0)));
		made.addCertificates(new JcaCertStore(chain));
		return made.generate(new CMSProcessableByteArray(letter), false).getEncoded();
	}

	void verify(byte[] object, byte[] letter) throws Exception
	{
		CMSSignedData signed = new CMSSignedData(new CMSProcessableByteArray(letter), object);
		SignerInformation signer = signed.getSignerInfos().iterator().next();
		List<X509Certificate> found = new ArrayList<>();
		X509Certificate leaf = null;
		for (Object one : signed.getCertificates().getMatches(null)) {
			X509Certificate cert = new JcaX509CertificateConverter().setProvider("BC").getCertificate(
				(org.bouncycastle.cert.X509CertificateHolder)one);
			found.add(cert);
			if (signer.getSID().match(one))
				leaf = cert;
		}
		if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(leaf)))
			throw new Exception("not verified");
		X509CertSelector selector = new X509CertSelector();
		selector.setCertificate(leaf);
		PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, selector);
		parameters.setRevocationEnabled(false);
		parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(found), "BC"));
		CertPathBuilder.getInstance("PKIX", "BC").build(parameters);
	}

	byte[] encrypt(boolean gcm, List<X509Certificate> recipients, byte[] letter) throws Exception
	{
		OutputEncryptor with = new JceCMSContentEncryptorBuilder(gcm ? CMSAlgorithm.AES256_GCM : CMSAlgorithm.AES256_CBC)
					       .setProvider("BC")
					       .build();
		OAEPParameterSpec oaep =
			new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);
		CMSTypedData what = new CMSProcessableByteArray(letter);
		CMSAuthEnvelopedDataGenerator authenticated = new CMSAuthEnvelopedDataGenerator();
		CMSEnvelopedDataGenerator plain = new CMSEnvelopedDataGenerator();
		for (X509Certificate cert : recipients) {
			RecipientInfoGenerator to = new JceKeyTransRecipientInfoGenerator(
				cert, new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(
					      org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers.id_RSAES_OAEP, oaep))
							    .setProvider("BC");
			authenticated.addRecipientInfoGenerator(to);
			plain.addRecipientInfoGenerator(to);
		}
		return gcm ? authenticated.generate(what, (OutputAEADEncryptor)with).getEncoded()
			   : plain.generate(what, with).getEncoded();
	}

	void decrypt(boolean gcm, byte[] object) throws Exception
	{
		RecipientInformationStore all = gcm ? new CMSAuthEnvelopedData(object).getRecipientInfos()
						    : new CMSEnvelopedData(object).getRecipientInfos();
		byte[] content = all.iterator().next().getContent(
			new JceKeyTransEnvelopedRecipient(keys.get("rsa")).setProvider("BC"));
		if (content.length < 10000)
			throw new Exception("nothing came out");
	}

	Work prepare(String job, int n) throws Exception
	{
		byte[] letter = letter(n);
		String kind = job.endsWith("p256") ? "ec" : "rsa";
		boolean gcm = job.contains("gcm");
		List<X509Certificate> one = chains.get("rsa").subList(0, 1);

		switch (job) {
		case "sign-rsa2048":
		case "sign-p256":
			return () -> sign(kind, letter);
		case "verify-rsa2048":
		case "verify-p256": {
			byte[] object = sign(kind, letter);
			return () -> verify(object, letter);
		}
		case "encrypt-gcm":
		case "encrypt-cbc":
			return () -> encrypt(gcm, one, letter);
		case "encrypt-gcm-100":
			return () -> encrypt(gcm, many, letter);
		case "decrypt-gcm":
		case "decrypt-cbc": {
			byte[] object = encrypt(gcm, one, letter);
			return () -> decrypt(gcm, object);
		}
		default:
			return null;
		}
	}

	static double cpu()
	{
		return system.getProcessCpuTime() / 1e9;
	}

	String measure(String job, int n, double seconds) throws Exception
	{
		if (!prepared.equals(job + n)) {
			work = null; /* what it holds may be large */
			work = prepare(job, n);
			prepared = job + n;
		}
		if (work == null)
			return "missing";
		double began = cpu(), spent;
		int runs = 0;
		do {
			work.run();
			runs++;
			spent = cpu() - began;
		} while (spent < seconds);
		return runs + " " + spent;
	}

	public static void main(String[] arguments) throws Exception
	{
		Security.addProvider(new BouncyCastleProvider());
		CmsBouncyCastle bench = new CmsBouncyCastle(arguments[0]);
		BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
		for (String line; (line = lines.readLine()) != null;) {
			String[] word = line.split(" ");
			try {
				System.out.println(bench.measure(word[0], Integer.parseInt(word[1]), Double.parseDouble(word[2])));
			} catch (Exception | OutOfMemoryError why) {
				System.out.println("failed: " + why.toString().replace("\n", " "));
			}
		}
	}
}
