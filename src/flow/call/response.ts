import { isRecord } from '../../encoding/json.ts';

const maxBytes = 32 * 1024;

/** Why Connect rejects a function's response; `undefined` if it accepts it. */
export function rejectionOf(response: unknown, responseType: string | undefined): string | undefined {
  if (!isRecord(response)) return 'the response is not an object';
  if (new TextEncoder().encode(JSON.stringify(response)).length >= maxBytes) return 'the response is 32 KB or larger';
  if (responseType?.toUpperCase() !== 'STRING_MAP') return undefined;
  const entries = Object.entries(response);
  if (entries.some(([, value]) => typeof value !== 'string'))
    return 'STRING_MAP needs a flat object of strings, which the response is not';
  return entries.every(([name]) => /^[\w-]+$/.test(name))
    ? undefined
    : 'STRING_MAP allows only letters, digits, "-" and "_" in names';
}
