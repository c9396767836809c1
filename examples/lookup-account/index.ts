import { SSMClient } from '@aws-sdk/client-ssm';
import { connectSettings, UseError } from 'flow-security-keys';
import { createHandler } from 'flow-security-keys/lambda';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { verifyAccount } from './accounts.ts';

export const handler = createHandler({
  keyStore: ssmKeyStore({ client: new SSMClient() }),
  connect: connectSettings({ CHECK: 'account=digits:8 pin=digits:4' }),
  require: ['account', 'pin'],
  codes: ['wrong_pin'],
  async use({ inputs, signal }) {
    const account = await verifyAccount(inputs, signal);
    if (account === undefined) throw new UseError('wrong_pin');
    return { tier: account.tier, openOrders: account.openOrders };
  },
});
