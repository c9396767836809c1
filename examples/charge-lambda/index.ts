import { SSMClient } from '@aws-sdk/client-ssm';
import { UseError } from 'flow-security-keys';
import { createHandler } from 'flow-security-keys/lambda';
import { createObserver } from 'flow-security-keys/lambda/observer';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { charge } from './gateway.ts';

export const handler = createHandler({
  keyStore: ssmKeyStore({ client: new SSMClient() }),
  require: ['card', 'expiry', 'cvc'],
  codes: ['declined'],
  ...createObserver(process.env),
  async use({ inputs, parameters, idempotencyKey, signal }) {
    const payment = await charge({ ...inputs, amount: parameters['amount'] }, { idempotencyKey, signal });
    if (!payment.approved) throw new UseError('declined');
    return { approved: true, reference: payment.reference };
  },
});
