import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { SSMClient } from '@aws-sdk/client-ssm';
import { awsClientConfiguration, keyPrefix } from '../stores/aws-client.ts';
import { type CertificateFinding, checkCertificates } from './certificate-check.ts';
import { powertoolsSettings } from './observe.ts';

const { serviceName, namespace } = powertoolsSettings(process.env);
const logger = new Logger({ serviceName });
const metrics = new Metrics({ serviceName, namespace });
const client = new SSMClient(awsClientConfiguration(process.env, 'SSM'));

/** The entry point of the check that runs on a schedule: `certificates.handler`. */
export async function handler(): Promise<readonly CertificateFinding[]> {
  const findings = await checkCertificates({ client, ...keyPrefix(process.env) });
  for (const finding of findings) {
    if ('daysLeft' in finding) {
      // A certificate that does not encrypt yet is as one that does not any more.
      const value = finding.state === 'not yet valid' ? -1 : finding.daysLeft;
      // Without the key id too: an alarm watches the lowest of all, and cannot know the ids to come.
      const metric = metrics.singleMetric().addDimensions({}).addDimensions({ keyId: finding.keyId });
      metric.addMetric('CertificateDaysLeft', MetricUnit.Count, value);
    }
    if (finding.state === 'valid') logger.info(messages.valid, { ...finding });
    else logger.warn(messages[finding.state], { ...finding });
  }
  return findings;
}

const messages: Readonly<Record<CertificateFinding['state'], string>> = {
  valid: 'The certificate is valid.',
  expiring: 'The certificate expires soon: give the flow one that is newly issued, or rotate the key.',
  expired: 'The certificate has expired, so the flow cannot encrypt: give it one that is newly issued.',
  'not yet valid': 'The certificate is not valid yet, so the flow cannot encrypt: give it one that is valid now.',
  'holds a private key':
    'What is stored as the certificate also holds a private key, which everyone who may list parameters can read: store the certificate alone, and rotate the key.',
  missing: 'No certificate is stored for this key, so its expiry is not watched: store it beside the private key.',
  unreadable: 'What is stored as the certificate cannot be read as one: store it again, as PEM.',
};
