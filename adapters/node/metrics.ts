import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { RequestLogLine } from '../http/options.ts';

/** What Prometheus scrapes: requests and their times by route, status and code, and the process's own. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'flow_security_keys_requests_total',
    help: 'Requests, by the route, the status of the answer, and the error code or ok.',
    labelNames: ['route', 'status', 'code'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'flow_security_keys_request_duration_seconds',
    help: 'How long requests took, by the route.',
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
