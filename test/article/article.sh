#!/usr/bin/env bash
# The life of a flow security key, from its making to its retirement, with nothing but flow-keys.
# Its first part ends where a person imports the flow into Connect; the second rotates the key of that flow.
set -euo pipefail
: "${INSTANCE:?the Connect instance}" "${FUNCTION_ARN:?the Lambda function}" "${SERVICE:?the HTTP service}"

exec 2>&1

show() {
  printf '$ flow-keys'
  for word; do if [[ $word == *' '* ]]; then printf " '%s'" "$word"; else printf ' %s' "$word"; fi; done
  printf '\n'
}

run() {
  show "$@"
  flow-keys "$@"
  printf '\n'
}

# What a command prints is shown, and kept for the next one.
keep() {
  show "$@"
  kept=$(flow-keys "$@")
  printf '%s\n\n' "$kept"
}

set_up() {
  keep keys create --subject 'CN=card-payments, O=Example Ltd, C=GB' --store ssm
  new_key=$(grep -o 'new-[0-9a-f]*' <<<"$kept" | head -1)
  keep keys associate --instance "$INSTANCE" --private-key "$new_key"
  key_id=$(grep -oE '[0-9a-f-]{36}' <<<"$kept" | head -1)
  run keys list --instance "$INSTANCE"
  run flow write --key-id "$key_id" --function "$FUNCTION_ARN" --field card --field expiry --out flow.json
  run flow check flow.json --instance "$INSTANCE"
  printf '$ flow-keys encrypt 4444444444444444 --certificate certificate.pem --key-id %s > ciphertext.txt\n\n' "$key_id"
  flow-keys encrypt 4444444444444444 --certificate certificate.pem --key-id "$key_id" >ciphertext.txt
  printf '$ flow-keys inspect - < ciphertext.txt\n'
  flow-keys inspect - <ciphertext.txt
  printf '\n$ flow-keys decrypt - < ciphertext.txt\n'
  flow-keys decrypt - <ciphertext.txt
  printf '\n'
  run doctor "$(<ciphertext.txt)" --instance "$INSTANCE" --function flow-security-keys --endpoint "$SERVICE" --token-file token
}

consumers() {
  : "${KEY_ID:?the key of the flow}"
  run keys create --out billing --subject CN=billing
  run consumer add billing --public-key billing/certificate.pem --format aws-encryption-sdk --key-id "$KEY_ID" --field card
  run keys create --out ledger --subject CN=ledger
  run consumer add ledger --public-key ledger/public-key.pem --key-id "$KEY_ID" --field card --field expiry
  run consumer add fraud --public-key fraud.jwk.json --key-id "$KEY_ID" --field card
  run consumer list
  service=(--endpoint "$SERVICE" --token-file token --key-id "$KEY_ID" --certificate certificate.pem)
  run consumer test billing --field card --private-key billing/private-key.pem "${service[@]}"
  run consumer test ledger --field expiry --private-key ledger/private-key.pem "${service[@]}"
  run consumer test fraud --field card --private-key fraud.private.jwk.json "${service[@]}"
}

rotate() {
  : "${FLOW:?the imported flow}"
  run rotate --instance "$INSTANCE" --flow "$FLOW" --wait "${WAIT:-60}" --function flow-security-keys --endpoint "$SERVICE" --token-file token --yes
  run keys list --instance "$INSTANCE"
}

retire() {
  run keys retire "${OLD_KEY_ID:?the rotated key}" --delete-private-key --yes
}

"$1"
