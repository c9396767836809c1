/** The examples in the help of each command. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  '': ['flow-keys instances', 'flow-keys keys list --instance hotline', 'flow-keys doctor --event event.json'],
  setup: ['flow-keys setup --instance hotline --function card-input --field card --field expiry --field cvc'],
  keys: ['flow-keys keys list --instance hotline'],
  'keys create': ['flow-keys keys create --store ssm', 'KEY=$(flow-keys keys create --store ssm --quiet)'],
  'keys associate': [
    'flow-keys keys associate --instance hotline --private-key new-0123456789abcdef',
    'flow-keys keys associate --instance hotline --private-key private-key.pem --certificate certificate.pem',
  ],
  'keys import': [
    'flow-keys keys import CONNECT_INPUT_DECRYPTION_KEY --from ssm --instance hotline',
    'flow-keys keys import private-key.pem --instance hotline',
  ],
  'keys list': ['flow-keys keys list --instance hotline'],
  'keys retire': ['flow-keys keys retire 9c8f4b4e-7d0a-4a51-8a0e-3b1c2d4e5f60 --instance hotline'],
  rotate: ['flow-keys rotate --instance hotline --dry-run', 'flow-keys rotate --instance hotline --flow $FLOW_ID'],
  instances: ['flow-keys instances', 'export FLOW_KEYS_INSTANCE=$(flow-keys instances --quiet)'],
  inspect: ['flow-keys inspect - < ciphertext.txt'],
  decrypt: [
    'flow-keys decrypt - --reveal < ciphertext.txt',
    'flow-keys decrypt --lines card,cvc < contacts.jsonl > decrypted.jsonl',
  ],
  encrypt: ['flow-keys encrypt 4444444444444444 --certificate certificate.pem --key-id $KEY_ID'],
  doctor: [
    'flow-keys doctor --event event.json --instance hotline',
    'flow-keys doctor --key-id $KEY_ID --function card-input',
  ],
  flow: ['flow-keys flow check flow.json'],
  'flow write': ['flow-keys flow write --key-id $KEY_ID --function card-input --field card --out flow.json'],
  'flow publish': ['flow-keys flow publish flow.json --instance hotline'],
  'flow check': ['flow-keys flow check flow.json', 'flow-keys flow check --instance hotline'],
  'flow try': ["flow-keys flow try flow.json --keys '4444444444444448#' --store ssm"],
  certificate: ['flow-keys certificate issue --subject CN=billing --key-id $KEY_ID'],
  'certificate issue': ['flow-keys certificate issue --subject CN=billing --key-id $KEY_ID'],
  consumer: ['flow-keys consumer list'],
  'consumer add': ['flow-keys consumer add billing --public-key billing.pem --key-id $KEY_ID --field card'],
  'consumer list': ['flow-keys consumer list'],
  'consumer remove': ['flow-keys consumer remove billing'],
  'consumer test': ['flow-keys consumer test billing --private-key billing-private.pem'],
  token: ['flow-keys token --routes decrypt', 'BEARER_TOKEN_HASHES=$(flow-keys token --out token.txt --quiet)'],
  serve: ['flow-keys serve --keys keys'],
  completion: ['source <(flow-keys completion bash)'],
  help: ['flow-keys help keys create'],
  version: ['flow-keys version'],
};

/** The output of `flow-keys` without arguments. */
export const firstSteps = `flow-keys creates, rotates and tests the keys that Amazon Connect encrypts caller input with.

Something does not decrypt?
  flow-keys doctor --event event.json     find out why, from an event that the function received
  flow-keys inspect - < ciphertext.txt    show what a ciphertext reveals without a key

Which keys are there?
  flow-keys instances                     list the Amazon Connect instances
  flow-keys keys list --instance ALIAS    compare the keys of an instance with the stored keys

Starting from nothing?
  flow-keys setup --instance ALIAS --function NAME --field card
                                          create a key and publish a flow that uses it

"flow-keys --help" lists all commands.`;
