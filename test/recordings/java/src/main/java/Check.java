import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoResult;
import com.amazonaws.encryptionsdk.jce.JceMasterKey;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Decrypts each message of the kit, and prints what came of it, as JSON; see ../README.md. */
public final class Check {
  private static final String PROVIDER = "AmazonConnect";
  private static final String PADDING = "RSA/ECB/OAEPWithSHA-512AndMGF1Padding";

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode kit = json.readTree(Path.of(args[0]).toFile());
    Map<String, PrivateKey> keys = new HashMap<>();
    for (JsonNode key : kit.get("keys")) {
      byte[] pkcs8 = Base64.getDecoder().decode(key.get("privateKeyPkcs8").asText());
      PrivateKey privateKey = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      keys.put(key.get("keyId").asText(), privateKey);
    }
    AwsCrypto sdk =
        AwsCrypto.builder().withCommitmentPolicy(CommitmentPolicy.ForbidEncryptAllowDecrypt).build();
    List<Map<String, String>> outcomes = new ArrayList<>();
    for (JsonNode message : kit.get("messages")) {
      Map<String, String> outcome = new HashMap<>();
      outcome.put("name", message.get("name").asText());
      try {
        String keyId = message.get("keyId").asText();
        JceMasterKey masterKey = JceMasterKey.getInstance(null, keys.get(keyId), PROVIDER, keyId, PADDING);
        byte[] ciphertext = Base64.getDecoder().decode(message.get("ciphertext").asText());
        CryptoResult<byte[], ?> result = sdk.decryptData(masterKey, ciphertext);
        outcome.put("plaintextBase64", Base64.getEncoder().encodeToString(result.getResult()));
      } catch (Exception | Error refusal) {
        outcome.put("refused", refusal.getClass().getSimpleName());
      }
      outcomes.add(outcome);
    }
    System.out.println(json.writeValueAsString(outcomes));
  }

  private Check() {}
}
