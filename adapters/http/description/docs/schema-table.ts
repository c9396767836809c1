import type { JsonSchema } from '@valibot/to-json-schema';
import { html } from 'hono/html';

type Html = ReturnType<typeof html>;

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** A schema as a table of its members. A union of objects becomes a table for each of them. */
export function schemaTables(schema: JsonSchema): readonly Html[] {
  const variants = schema.anyOf ?? [schema];
  return variants.map((variant, index) => {
    const rows = memberRows(read(variant), '');
    const title = index === 0 ? '' : html`<p class="dim">or</p>`;
    if (rows.length === 0) return html`${title}<p>${read(variant).description ?? typeOf(read(variant))}</p>`;
    return html`${title}<table><thead><tr><th>Member</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows.map(
      (row) =>
        html`<tr><td><code>${row.path}</code>${row.required ? '' : html` <span class="dim">optional</span>`}</td> <td>${row.type}</td> <td>${row.description}</td></tr>`,
    )}</tbody></table>`;
  });
}

function memberRows({ properties = {}, required = [] }: JsonSchema, prefix: string): readonly Row[] {
  return Object.entries(properties).flatMap(([name, value]) => {
    const schema = read(value);
    const path = `${prefix}${name}`;
    const inner = schema.type === 'array' ? read(schema.items) : schema;
    const nested = (inner.anyOf ?? [inner]).flatMap((variant) =>
      memberRows(read(variant), schema.type === 'array' ? `${path}[].` : `${path}.`),
    );
    const row: Row = {
      path,
      type: typeOf(schema),
      required: required.includes(name),
      description: schema.description ?? '',
    };
    return [row, ...new Map(nested.map((one) => [one.path, one])).values()];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  if (schema.type === 'array') {
    const { minItems, maxItems } = schema;
    return `array of ${typeOf(read(schema.items))}${maxItems === undefined ? '' : `, ${minItems ?? 0} to ${maxItems}`}`;
  }
  if (schema.anyOf !== undefined)
    return [...new Set(schema.anyOf.map((variant) => typeOf(read(variant))))].join(' or ');
  const { type = 'any JSON', maxLength } = schema;
  return maxLength === undefined ? String(type) : `${type}, up to ${maxLength} characters`;
}

/** A schema inside another. `true`, for any value, is the empty schema, and no schema here is a list. */
function read(schema: JsonSchema['items']): JsonSchema {
  return typeof schema === 'object' && !Array.isArray(schema) ? schema : {};
}
