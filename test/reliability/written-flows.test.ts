import { branchesOf } from 'flow-security-keys/flow';
import { expect, it } from 'vitest';
import { callWritten, charges, declines, fails, reviews, type WrittenCall, writtenFlows } from '../support/written.ts';

/** What must never happen, whatever the caller and the function do. */
function expectSafe({ steps, end, attributes, recorded, logged }: WrittenCall, isForced = false): void {
  expect(['disconnected', 'transferred', 'flow-ended']).toContain(end.kind);
  expect(Object.keys(attributes).filter((name) => name !== 'secure_input')).toEqual([]);
  if (!isForced) expect(recorded).toEqual([]);
  for (const { block, type, isLogged } of steps)
    if (type === 'GetParticipantInput' || type === 'InvokeLambdaFunction')
      expect([block, isLogged]).toEqual([block, false]);
  for (const line of logged) expect(line).not.toMatch(/AYAD|ciphertext|input of/);
}

it.for(writtenFlows())('$name can be played to each of its ends', { timeout: 60_000 }, async (each) => {
  const { flow, options } = each;
  const calls: WrittenCall[] = [await callWritten(each)];
  for (const { name, confirm } of options.fields) {
    calls.push(await callWritten(each, { [name]: ['', '', ''] }));
    calls.push(await callWritten(each, { [name]: ['1'] }));
    if (confirm !== undefined) calls.push(await callWritten(each, {}, { confirms: ['2', '', '9', '1'] }));
  }
  calls.push(await callWritten(each, { card: ['4111111111111112'], expiry: ['0120'] }));
  for (const use of [declines, reviews, fails]) calls.push(await callWritten(each, {}, { use }));
  for (const call of calls) expectSafe(call);
  const takenOf = ({ steps }: WrittenCall) => steps.map(({ block, branch }) => `${block}: ${branch}`);
  const reached = new Set(calls.flatMap(takenOf));
  const visited = new Set(calls.flatMap(({ steps }) => steps.map(({ block }) => block)));
  // Forces what no caller can cause: errors in Connect, and a timeout of the code.
  for (const action of flow.Actions) {
    for (const { name } of branchesOf(action)) {
      if (reached.has(`${action.Identifier}: ${name}`)) continue;
      const forcedBranch = (block: string) => (block === action.Identifier ? name : undefined);
      for (const use of [charges, declines]) {
        const call = await callWritten(each, {}, { forcedBranch, use });
        expectSafe(call, true);
        for (const { block } of call.steps) visited.add(block);
        if (call.steps.some(({ block }) => block === action.Identifier)) break;
      }
    }
  }
  expect(flow.Actions.map(({ Identifier }) => Identifier).filter((block) => !visited.has(block))).toEqual([]);
});
