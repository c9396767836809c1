import { branchesOf, type FlowAction, type FlowDocument, member } from '../src/flow/index.ts';

const width = 216;
const height = 74;
const gap = { x: 36, y: 28 };
const margin = 24;

interface Place {
  readonly x: number;
  readonly y: number;
  /** The row of a field. Arrows are drawn only within it. */
  readonly band: number;
  /** Whether a successful call reaches the block. */
  readonly isMain: boolean;
}

/**
 * Draws a written flow as an SVG with a row for each field. The first line of a row is a successful call; failures are below.
 * A box names the next blocks that are not its neighbours.
 */
export function flowPicture(flow: FlowDocument): string {
  const places = placesOf(flow);
  const all = [...places.values()];
  const right = Math.max(...all.map(({ x }) => x)) + width + margin;
  const bottom = Math.max(...all.map(({ y }) => y)) + height + margin;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${right} ${bottom}" width="${right}" height="${bottom}" role="img" aria-label="The blocks of the flow in rows, one for each field">`,
    `<style>${style}</style>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect class="ground" width="${right}" height="${bottom}"/>`,
    ...flow.Actions.flatMap((action) => arrowsOf(action, places)),
    ...flow.Actions.map((action) => boxOf(action, places)),
    '</svg>',
    '',
  ].join('\n');
}

const style =
  'text{font:14px system-ui,sans-serif;fill:#1f2933}.type,.else{font-size:11px;fill:#52606d}.ground{fill:#fff}.box{fill:#f5f7fa;stroke:#7b8794}.main{fill:#e6fcf5;stroke:#087f5b}path{fill:none;stroke:#868e96}.good{stroke:#087f5b;stroke-width:2}marker path{fill:#495057;stroke:none}';

function placesOf({ Actions, Metadata }: FlowDocument): ReadonlyMap<string, Place> {
  const positions = Actions.map(({ Identifier, Type }) => {
    const position = member(member(member(Metadata, 'ActionMetadata'), Identifier), 'position');
    return { Identifier, Type, x: Number(member(position, 'x')), y: Number(member(position, 'y')) };
  });
  const columns = [...new Set(positions.map(({ x }) => x))].toSorted((one, other) => one - other);
  const rows = [...new Set(positions.map(({ y }) => y))].toSorted((one, other) => one - other);
  const main = positions.filter(({ y }) => y === rows[0]);
  const places = new Map<string, Place>();
  let [band, start, top, lowest] = [0, 0, margin, 0];
  for (const [column, x] of columns.entries()) {
    // A field begins with its loop. What follows the last field is one more row.
    const isNew = main[column]?.Type === 'Loop' || main[column - 1]?.Type === 'UpdateFlowAttributes';
    if (isNew && column > start) {
      [band, start, top, lowest] = [band + 1, column, top + (lowest + 1) * (height + gap.y), 0];
    }
    for (const block of positions.filter((each) => each.x === x)) {
      const row = rows.indexOf(block.y);
      lowest = Math.max(lowest, row);
      places.set(block.Identifier, {
        x: margin + (column - start) * (width + gap.x),
        y: top + row * (height + gap.y),
        band,
        isMain: row === 0,
      });
    }
  }
  return places;
}

function waysOf(action: FlowAction, places: ReadonlyMap<string, Place>) {
  const from = places.get(action.Identifier);
  const targets = [...new Set(branchesOf(action).map(({ next }) => next))];
  const isDrawn = (next: string) => {
    const to = places.get(next);
    if (from === undefined || to?.band !== from.band) return false;
    // Only arrows to neighbours are drawn.
    const [right, down] = [to.x - from.x, to.y - from.y];
    return (right === width + gap.x && down === 0) || (right === 0 && down === height + gap.y);
  };
  return { from, drawn: targets.filter(isDrawn), named: targets.filter((next) => !isDrawn(next)) };
}

function arrowsOf(action: FlowAction, places: ReadonlyMap<string, Place>): readonly string[] {
  const { from, drawn } = waysOf(action, places);
  return drawn.flatMap((next) => {
    const to = places.get(next);
    if (from === undefined || to === undefined) return [];
    const kind = from.isMain && to.isMain ? 'good' : 'other';
    const isBelow = to.x === from.x;
    const start = isBelow ? `${from.x + width / 2} ${from.y + height}` : `${from.x + width} ${from.y + height / 2}`;
    const end = isBelow ? `${to.x + width / 2} ${to.y}` : `${to.x} ${to.y + height / 2}`;
    return [`<path class="${kind}" marker-end="url(#tip)" d="M${start}L${end}"/>`];
  });
}

function boxOf(action: FlowAction, places: ReadonlyMap<string, Place>): string {
  const { from, named } = waysOf(action, places);
  const { x = 0, y = 0, isMain = false } = from ?? {};
  const line = (offset: number, kind: string, text: string) =>
    `<text${kind && ` class="${kind}"`} x="${x + 10}" y="${y + offset}">${escaped(text)}</text>`;
  return [
    `<g><rect class="box${isMain ? ' main' : ''}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    line(24, '', action.Identifier),
    line(43, 'type', action.Type),
    ...(named.length > 0 ? [line(61, 'else', `→ ${named.join(', ')}`)] : []),
    '</g>',
  ].join('');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
