import { getXRayTraceIdFromEnv } from '@aws-lambda-powertools/commons/utils/env';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { UseStarted } from '../../src/index.ts';
import { isAuditOff } from '../http/settings.ts';
import { type LambdaAuditLine, type LambdaLogLine, lambdaAudit } from './handler.ts';

type LambdaEnvironment = Readonly<Record<string, string | undefined>>;

/** The names in logs and metrics, from the settings of Powertools, with defaults. */
export function powertoolsSettings(environment: LambdaEnvironment) {
  return {
    serviceName: environment['POWERTOOLS_SERVICE_NAME'] || 'flow-security-keys',
    namespace: environment['POWERTOOLS_METRICS_NAMESPACE'] || 'FlowSecurityKeys',
  };
}

/**
 * Creates the `log`, `audit` and `started` options of `createHandler`, which report to CloudWatch:
 *
 * - for each call a log line with the X-Ray trace id, and the metrics `DecryptionSuccess`, `DecryptionError` by `code`,
 *   `UseSuccess`, `UseError` by `code`, `CheckFailed`, `NotEncrypted` and `ColdStart`;
 * - for each re-encryption a line at any log level, and `ReencryptionSuccess` or `ReencryptionError` by `code`.
 *
 * @param environment `process.env`
 * @example
 * export const handler = createHandler({ keyStore, ...createObserver(process.env) });
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
    if (use !== undefined) countOutcome('Use', use);
    count('NotEncrypted', notEncrypted);
    count('CheckFailed', failedChecks);
    count('DecryptionSuccess', decryptions.filter((decryption) => decryption === 'ok').length);
    for (const decryption of decryptions) if (decryption !== 'ok') countOutcome('Decryption', decryption);
  }

  function count(name: string, value: number): void {
    if (value > 0) metrics.singleMetric().addMetric(name, MetricUnit.Count, value);
  }

  function countOutcome(name: string, code: string): void {
    if (code === 'ok') count(`${name}Success`, 1);
    else metrics.singleMetric().addDimension('code', code).addMetric(`${name}Error`, MetricUnit.Count, 1);
  }

  function started(record: UseStarted): void {
    logger.info('use started', { ...record });
  }

  const record = lambdaAudit(() => {
    const traceId = getXRayTraceIdFromEnv();
    return { service: serviceName, ...(traceId && { xray_trace_id: traceId }) };
  });

  async function audit(line: LambdaAuditLine): Promise<void> {
    if (!isAuditOff(environment)) await record(line);
    countOutcome('Reencryption', line.code);
  }

  return { log, audit, started };
}
