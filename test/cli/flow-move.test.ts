import { readFlow } from 'flow-security-keys/flow';
import { expect, it } from 'vitest';
import { moveFlow } from '../../cli/connect/flow/elsewhere.ts';
import type { ConnectInstance, ListedFlow } from '../../cli/connect/instance.ts';

/** An instance that holds only flows and modules. */
function instanceWith(id: string, flows: readonly ListedFlow[]): ConnectInstance {
  const none = async () => [];
  const instance = { id, flows: async () => flows, queues: none, prompts: none, lambdaFunctions: none };
  return instance as Partial<ConnectInstance> as ConnectInstance;
}

const listed = (id: string, type: string): ListedFlow => ({
  id,
  arn: `arn:${id}`,
  name: 'Payment',
  type,
  isInUse: true,
});

it('moving a flow replaces a module by a module, even if a flow has the same name', async () => {
  const flow = readFlow({
    StartAction: 'Module',
    Actions: [
      { Identifier: 'Module', Type: 'InvokeFlowModule', Parameters: { FlowModuleId: 'module-1' }, Transitions: {} },
    ],
  });
  const key = { keyId: 'key', certificate: 'certificate' };
  const from = instanceWith('one', [listed('flow-1', 'CONTACT_FLOW'), listed('module-1', 'MODULE')]);
  const to = instanceWith('two', [listed('flow-2', 'CONTACT_FLOW'), listed('module-2', 'MODULE')]);
  const moved = await moveFlow(flow, from, to, key);
  expect(moved.Actions[0]?.Parameters).toEqual({ FlowModuleId: 'module-2' });
  const onlyFlow = instanceWith('two', [listed('flow-2', 'CONTACT_FLOW')]);
  await expect(moveFlow(flow, from, onlyFlow, key)).rejects.toThrow('Instance two has no module "Payment"');
});
