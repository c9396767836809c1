import { isRecord } from '../../encoding/json.ts';

const maxBytes = 32 * 1024;

/** Why Connect refuses a function's response; `undefined` where it takes it. */
export function refusal(response: unknown, responseType: string | undefined): string | undefined {
  if (!isRecord(response)) return 'the response is not an object';
  if (new TextEncoder().encode(JSON.stringify(response)).length >= maxBytes) return 'the response reaches 32 KB';
  if (responseType?.toUpperCase() !== 'STRING_MAP') return undefined;
  const entries = Object.entries(response);
  if (entries.some(([, value]) => typeof value !== 'string'))
    return 'STRING_MAP takes a flat object of strings, and the response is not one';
  return entries.every(([name]) => /^[\w-]+$/.test(name))
    ? undefined
    : 'STRING_MAP takes names of letters, digits, "-" and "_"';
}
