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
      // Without the key id too: an alarm watches the lowest of all, and cannot know the ids to come.
      const metric = metrics.singleMetric().addDimensions({}).addDimensions({ keyId: finding.keyId });
      metric.addMetric('CertificateDaysLeft', MetricUnit.Count, finding.daysLeft);
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
  missing: 'No certificate is stored for this key, so its expiry is not watched: store it beside the private key.',
  unreadable: 'What is stored as the certificate cannot be read as one: store it again, as PEM.',
};
