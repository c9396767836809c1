import { assert } from 'chai';
import { createDecryptor, handleContactFlowEvent } from 'flow-security-keys';
import { type CallParties, callFlow, checkFlow, readFlow } from 'flow-security-keys/flow';
import { recordingNamed, testKeyStore } from '../recordings/recordings.ts';
import { flowOfTwoWays } from '../support/flows.ts';
import { certificate, makeCertificates, plants, uploaded } from '../support/planted-faults.ts';
import type { NamedCase } from './named-case.ts';

const recording = recordingNamed('java rsa2048-card-number');
const decryptor = createDecryptor({ keyStore: testKeyStore });

/** A caller who types these keys, and a function that decrypts what Connect encrypts. */
function parties(keys: readonly string[]): CallParties {
  const waiting = [...keys];
  return {
    pressKeys: () => ({ keys: waiting.shift() ?? '' }),
    encrypt: async (input) => (input === recording.plaintext ? recording.ciphertext : 'not encrypted'),
    async invoke({ Details, ...event }) {
      const Parameters = { ...Details.Parameters, 'key-id': recording.keyId };
      const call = { ...event, Details: { ...Details, Parameters } };
      const { answer } = await handleContactFlowEvent(call, { decryptor, requestId: 'request' });
      return { answer, seconds: 0 };
    },
  };
}

const walks: readonly (readonly [name: string, keys: readonly string[], blocks: readonly string[]])[] = [
  ['a number that is decrypted', ['1', `${recording.plaintext}#`], ['Decrypt first', 'Done first', 'Thanks first']],
  ['a number that is not', ['1', '1228#'], ['Decrypt first', 'Done first', 'Sorry']],
  ['nothing', ['2', ''], ['Card last', 'Typed last', 'Sorry']],
];

/** Findings in flows, and calls through them. */
export async function flowCases(): Promise<readonly NamedCase[]> {
  await makeCertificates();
  const planted = Object.entries(plants).flatMap(([code, plant]) =>
    (['first', 'last'] as const).map((way) => ({
      name: `checkFlow finds ${code}, planted on the ${way} path, and nothing else`,
      async run() {
        const flow = flowOfTwoWays(certificate);
        const expected = plant(flow, way);
        const { findings } = checkFlow(readFlow(JSON.stringify(flow)), { uploaded });
        assert.sameDeepMembers(
          findings.map(({ code, block }) => [code, block]),
          expected.map((entry) => [...entry]),
        );
      },
    })),
  );
  const called = walks.map(([name, keys, blocks]) => ({
    name: `callFlow plays a call with ${name}`,
    async run() {
      const { steps, end } = await callFlow(flowOfTwoWays(certificate), parties(keys));
      assert.deepEqual(
        steps.slice(-blocks.length - 1).map(({ block }) => block),
        [...blocks, 'End'],
      );
      assert.equal(end.kind, 'disconnected');
    },
  }));
  return [
    {
      name: 'checkFlow finds nothing in a flow without a fault',
      async run() {
        const report = checkFlow(flowOfTwoWays(certificate), { uploaded });
        assert.deepEqual(report, { findings: [], unknown: [], kept: [] });
      },
    },
    ...planted,
    ...called,
  ];
}
