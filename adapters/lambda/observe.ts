import { getXRayTraceIdFromEnv } from '@aws-lambda-powertools/commons/utils/env';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { UseStarted } from '../../src/index.ts';
import { isAuditOff } from '../http/settings.ts';
import { type LambdaAuditLine, type LambdaLogLine, lambdaAudit } from './handler.ts';

type LambdaEnvironment = Readonly<Record<string, string | undefined>>;

/** Names in logs and metrics: Powertools' own settings, and what they are without. */
export function powertoolsSettings(environment: LambdaEnvironment) {
  return {
    serviceName: environment['POWERTOOLS_SERVICE_NAME'] || 'flow-security-keys',
    namespace: environment['POWERTOOLS_METRICS_NAMESPACE'] || 'FlowSecurityKeys',
  };
}

/**
 * What CloudWatch is told of each call: a line of the log, with the X-Ray trace id of the runtime, and in the
 * embedded metric format `DecryptionSuccess`, `DecryptionError` by `code`, and `ColdStart`; and of each re-encryption a
 * line, whatever the log level, and `ReencryptionSuccess` or `ReencryptionError` by `code`.
 */
export function createObserver(environment: LambdaEnvironment) {
  const { serviceName, namespace } = powertoolsSettings(environment);
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ serviceName, namespace });
  const functionName = environment['AWS_LAMBDA_FUNCTION_NAME'];
  let isFirst = true;

  function log(line: LambdaLogLine): void {
    const { code, outcomes = [code], decryptions = outcomes } = line;
    const message = decryptions.every((decryption) => decryption === 'ok') ? 'decrypted' : 'not decrypted';
    if (code === 'ok') logger.info(message, { ...line });
    else logger.error(message, { ...line });

    if (isFirst) {
      const cold = metrics.singleMetric();
      if (functionName !== undefined) cold.addDimension('function_name', functionName);
      cold.addMetric('ColdStart', MetricUnit.Count, 1);
      isFirst = false;
    }
    const { use, failedChecks = 0, notEncrypted = 0 } = line;
    if (use === 'ok') metrics.singleMetric().addMetric('UseSuccess', MetricUnit.Count, 1);
    else if (use !== undefined)
      metrics.singleMetric().addDimension('code', use).addMetric('UseError', MetricUnit.Count, 1);
    if (notEncrypted > 0) metrics.singleMetric().addMetric('NotEncrypted', MetricUnit.Count, notEncrypted);
    if (failedChecks > 0) metrics.singleMetric().addMetric('CheckFailed', MetricUnit.Count, failedChecks);
    const successes = decryptions.filter((decryption) => decryption === 'ok').length;
    if (successes > 0) metrics.singleMetric().addMetric('DecryptionSuccess', MetricUnit.Count, successes);
    for (const decryption of decryptions) {
      if (decryption === 'ok') continue;
      metrics.singleMetric().addDimension('code', decryption).addMetric('DecryptionError', MetricUnit.Count, 1);
    }
  }

  function started(record: UseStarted): void {
    logger.info('use started', { ...record });
  }

  const record = lambdaAudit(() => {
    const traceId = getXRayTraceIdFromEnv();
    return { service: serviceName, ...(traceId && { xray_trace_id: traceId }) };
  });

  async function audit(line: LambdaAuditLine): Promise<void> {
    const { code } = line;
    if (!isAuditOff(environment)) await record(line);
    const metric = metrics.singleMetric();
    if (code === 'ok') metric.addMetric('ReencryptionSuccess', MetricUnit.Count, 1);
    else metric.addDimension('code', code).addMetric('ReencryptionError', MetricUnit.Count, 1);
  }

  return { log, audit, started };
}
