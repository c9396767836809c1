import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.jce.JceMasterKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** The AWS Encryption SDK for Java as a peer of the bench, which tells the protocol in peers.ts. */
public final class Peer {
  public static void main(String[] args) throws Exception {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    JsonNode recording = new ObjectMapper().readTree(input.readLine());
    AwsCrypto sdk = AwsCrypto.builder().withCommitmentPolicy(CommitmentPolicy.RequireEncryptAllowDecrypt).build();
    JceMasterKey masterKey =
        JceMasterKey.getInstance(
            null,
            privateKey(recording.get("privateKeyPkcs8").asText()),
            "AmazonConnect",
            recording.get("keyId").asText(),
            "RSA/ECB/OAEPWithSHA-512AndMGF1Padding");
    byte[] ciphertext = Base64.getDecoder().decode(recording.get("ciphertext").asText());
    String plaintext = new String(sdk.decryptData(masterKey, ciphertext).getResult(), StandardCharsets.UTF_8);
    if (!plaintext.equals(recording.get("plaintext").asText())) throw new IllegalStateException("Wrong plaintext.");
    System.out.println("ready");
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      long started = System.nanoTime();
      for (int left = Integer.parseInt(line); left > 0; left -= 1) sdk.decryptData(masterKey, ciphertext);
      System.out.println(System.nanoTime() - started);
    }
  }

  private static PrivateKey privateKey(String pkcs8) throws Exception {
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pkcs8)));
  }
}
