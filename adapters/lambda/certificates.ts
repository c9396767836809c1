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

/** The entry point of the scheduled check: `certificates.handler`. */
export async function handler(): Promise<readonly CertificateFinding[]> {
  const findings = await checkCertificates({ client, ...keyPrefix(process.env) });
  for (const finding of findings) {
    if ('daysLeft' in finding) {
      // A certificate that is not valid yet is as bad as an expired one.
      const value = finding.state === 'not yet valid' ? -1 : finding.daysLeft;
      // Also without the key id: an alarm watches the lowest value of all keys, and cannot know future key ids.
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
  expiring: 'The certificate expires soon. Put a newly issued one into the flow, or rotate the key.',
  expired: 'The certificate has expired, so the flow cannot encrypt. Put a newly issued one into the flow.',
  'not yet valid': 'The certificate is not valid yet, so the flow cannot encrypt. Put a valid one into the flow.',
  'holds a private key':
    'The certificate parameter also holds a private key, which everyone who may read parameters can read. Store the certificate only, and rotate the key.',
  missing: 'No certificate is stored for this key, so its expiry is not watched. Store it next to the private key.',
  unreadable: 'The certificate parameter does not hold a readable certificate. Store the certificate again, as PEM.',
};
