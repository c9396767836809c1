import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { RequestLogLine } from '../http/options.ts';

/** Creates the metrics for Prometheus: requests and their duration by route, status and code, and those of the process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'flow_security_keys_requests_total',
    help: 'Requests, by route, status of the response, and error code or ok.',
    labelNames: ['route', 'status', 'code'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'flow_security_keys_request_duration_seconds',
    help: 'Duration of requests, by route.',
    labelNames: ['route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 3, 10],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    observe({ route, status, code = 'ok', milliseconds }: RequestLogLine) {
      requests.inc({ route, status, code });
      seconds.observe({ route }, milliseconds / 1_000);
    },
  };
}
