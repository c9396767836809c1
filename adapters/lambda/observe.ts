import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { LambdaLogLine } from './handler.ts';

const defaultNamespace = 'FlowSecurityKeys';

/**
 * What CloudWatch is told of each call: a line of the log, with the X-Ray trace id of the runtime, and in the
 * embedded metric format `DecryptionSuccess`, `DecryptionError` by `code`, and `ColdStart`. The names of
 * namespace and service are Powertools' own settings.
 */
export function createObserver(environment: Readonly<Record<string, string | undefined>>) {
  const serviceName = environment['POWERTOOLS_SERVICE_NAME'] || 'flow-security-keys';
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({
    namespace: environment['POWERTOOLS_METRICS_NAMESPACE'] || defaultNamespace,
    serviceName,
  });
  const functionName = environment['AWS_LAMBDA_FUNCTION_NAME'];
  let isFirst = true;

  return function observe(line: LambdaLogLine): void {
    const { code, outcomes = [code] } = line;
    if (code === 'ok') logger.info('decrypted', { ...line });
    else logger.error('not decrypted', { ...line });

    if (isFirst) {
      const cold = metrics.singleMetric();
      if (functionName !== undefined) cold.addDimension('function_name', functionName);
      cold.addMetric('ColdStart', MetricUnit.Count, 1);
      isFirst = false;
    }
    for (const outcome of outcomes) {
      if (outcome === 'ok') metrics.addMetric('DecryptionSuccess', MetricUnit.Count, 1);
      else metrics.singleMetric().addDimension('code', outcome).addMetric('DecryptionError', MetricUnit.Count, 1);
    }
    metrics.publishStoredMetrics();
  };
}
