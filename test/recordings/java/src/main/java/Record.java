import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.amazonaws.encryptionsdk.jce.JceMasterKey;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Writes recordings as Amazon Connect would make them, each under a new test key; see README.md. */
public final class Record {
  private static final String PROVIDER = "AmazonConnect";
  private static final String PADDING = "RSA/ECB/OAEPWithSHA-512AndMGF1Padding";
  private static final int FRAME_LENGTH = 4096;

  private static final AwsCrypto SDK =
      AwsCrypto.builder()
          .withCommitmentPolicy(CommitmentPolicy.ForbidEncryptAllowDecrypt)
          .withEncryptionAlgorithm(CryptoAlgorithm.ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384)
          .withEncryptionFrameSize(FRAME_LENGTH)
          .build();

  private final List<Map<String, Object>> keys = new ArrayList<>();
  private final List<Map<String, Object>> recordings = new ArrayList<>();

  public static void main(String[] args) throws Exception {
    if (args.length == 0) {
      System.err.println("Usage: mvn -q compile exec:java -Dexec.args=\"OUTPUT.json [PLAINTEXT ...]\"");
      System.exit(2);
    }
    Record record = new Record();
    for (int modulusBits : new int[] {2048, 3072, 4096}) {
      record.underNewKey(modulusBits, Arrays.asList(args).subList(1, args.length));
    }
    record.write(Path.of(args[0]));
  }

  private void underNewKey(int modulusBits, List<String> plaintexts) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(modulusBits);
    KeyPair pair = generator.generateKeyPair();
    String keyId = UUID.randomUUID().toString();
    keys.add(
        members(
            "keyId", keyId,
            "modulusBits", modulusBits,
            "privateKeyPkcs8", base64(pair.getPrivate().getEncoded()),
            "publicKeySpki", base64(pair.getPublic().getEncoded())));
    JceMasterKey masterKey =
        JceMasterKey.getInstance(pair.getPublic(), pair.getPrivate(), PROVIDER, keyId, PADDING);
    Map<String, String> named = plaintexts.isEmpty() ? usualPlaintexts() : numbered(plaintexts);
    named.forEach((name, plaintext) -> encrypt("rsa" + modulusBits + "-" + name, masterKey, keyId, plaintext));
  }

  private void encrypt(String name, JceMasterKey masterKey, String keyId, String plaintext) {
    byte[] bytes = plaintext.getBytes(StandardCharsets.UTF_8);
    byte[] ciphertext = SDK.encryptData(masterKey, bytes).getResult();
    if (!Arrays.equals(SDK.decryptData(masterKey, ciphertext).getResult(), bytes)) {
      throw new IllegalStateException(name + " does not decrypt to what was encrypted.");
    }
    recordings.add(
        members(
            "name", name,
            "keyId", keyId,
            "suite", "0378",
            "plaintext", plaintext,
            "ciphertext", base64(ciphertext)));
  }

  private void write(Path output) throws java.io.IOException {
    Map<String, Object> file =
        members(
            "producer", "AWS Encryption SDK for Java 2.4.1, with Amazon Connect's parameters",
            "keys", keys,
            "recordings", recordings);
    ObjectMapper json = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    Files.writeString(output, json.writeValueAsString(file) + "\n");
    System.out.println(recordings.size() + " recordings under " + keys.size() + " new test keys in " + output);
  }

  private static Map<String, String> usualPlaintexts() {
    Map<String, String> plaintexts = new LinkedHashMap<>();
    plaintexts.put("card-number", "4444444444444444");
    plaintexts.put("cvc", "123");
    plaintexts.put("forty-digits", "1234567890".repeat(4));
    plaintexts.put("two-frames", "0123456789".repeat(500));
    plaintexts.put("empty", "");
    return plaintexts;
  }

  private static Map<String, String> numbered(List<String> plaintexts) {
    Map<String, String> named = new LinkedHashMap<>();
    for (String plaintext : plaintexts) named.put("plaintext-" + (named.size() + 1), plaintext);
    return named;
  }

  private static Map<String, Object> members(Object... namesAndValues) {
    Map<String, Object> members = new LinkedHashMap<>();
    for (int index = 0; index < namesAndValues.length; index += 2) {
      members.put((String) namesAndValues[index], namesAndValues[index + 1]);
    }
    return members;
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
