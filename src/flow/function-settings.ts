import { connectSettings } from '../connect/settings.ts';
import { factsOf } from './follow/facts.ts';
import { follow } from './follow/follow.ts';
import { parametersWith } from './follow/token.ts';
import { type FlowAction, type FlowDocument, scalarParameter } from './language.ts';

/** A setting of the function that does not fit a flow. */
export interface SettingFault {
  /** Such as `CHECK`. */
  readonly setting: string;
  readonly block: string;
  /** What is wrong; the setting is the sentence's subject. */
  readonly message: string;
  /** What to set, or to change in the flow. */
  readonly fix: string;
}

/**
 * Compares a flow with the settings of the function that it invokes.
 *
 * @param environment the function's environment variables
 * @param isInvoked whether a block's function is this one; by default each is
 * @throws FlowKeysError `not_configured` for settings that are wrong whatever the flow
 */
export function compareSettings(
  flow: FlowDocument,
  environment: Readonly<Record<string, unknown>>,
  isInvoked: (functionArn: string) => boolean = () => true,
): readonly SettingFault[] {
  const settings = connectSettings(environment);
  const invoked = invocationsOf(flow).filter(({ action }) => isInvoked(String(action.Parameters['LambdaFunctionARN'])));
  if (invoked.length === 0) return [];
  return [
    ...invoked.flatMap((invocation) => compareInvocation(invocation, settings)),
    ...flow.Actions.flatMap((action) => compareReader(action, settings)),
  ];
}

interface Invocation {
  readonly action: FlowAction;
  readonly parameters: ReadonlyMap<string, string>;
  /** The parameters that hold encrypted inputs. */
  readonly inputs: readonly string[];
}

function invocationsOf(flow: FlowDocument): readonly Invocation[] {
  const inputs = new Map<string, Set<string>>();
  for (const { facts, token } of follow(flow).points) {
    if (token?.kind !== 'input') continue;
    const names = inputs.get(facts.action.Identifier) ?? new Set();
    for (const name of parametersWith(token, facts)) names.add(name);
    if (names.size > 0) inputs.set(facts.action.Identifier, names);
  }
  return flow.Actions.flatMap((action) => {
    const names = inputs.get(action.Identifier);
    if (names === undefined) return [];
    const parameters = new Map(factsOf(action).assignments.map(({ name, value }) => [name, value]));
    return [{ action, parameters, inputs: [...names] }];
  });
}

type Settings = ReturnType<typeof connectSettings>;

function compareInvocation({ action, parameters, inputs }: Invocation, settings: Settings): readonly SettingFault[] {
  const { Identifier: block } = action;
  const { fields, answer, flowTimeLimit, requireKeyId, requireConsumer } = settings;
  const faults: SettingFault[] = [];
  const add = (setting: string, message: string, fix: string) => faults.push({ setting, block, message, fix });
  for (const name of inputs.filter((input) => fields?.includes(input) === false))
    add('FIELDS', `does not name "${name}", which "${block}" passes`, `Add ${name} to FIELDS`);
  const isChecked = parameters.has('check-only');
  for (const name of (fields ?? []).filter((field) => !isChecked && !inputs.includes(field)))
    add('FIELDS', `names "${name}", which "${block}" does not pass`, `Remove ${name} from FIELDS, or pass it`);
  const seconds = Number(scalarParameter(action, 'InvocationTimeLimitSeconds'));
  if (seconds < flowTimeLimit)
    add(
      'FLOW_TIME_LIMIT',
      `is ${flowTimeLimit} seconds, and "${block}" waits for ${seconds}`,
      `Set FLOW_TIME_LIMIT=${seconds}`,
    );
  const form = scalarParameter(action, 'ResponseValidation', 'ResponseType')?.toUpperCase() === 'STRING_MAP';
  if (form !== (answer === 'flat'))
    add(
      'ANSWER',
      `is ${answer}, and "${block}" validates the response as ${form ? 'STRING_MAP' : 'JSON'}`,
      `Set ANSWER=${form ? 'flat' : 'nested'}`,
    );
  if (requireKeyId && !parameters.has('key-id'))
    add('KEY_ID', `is required, and "${block}" passes no "key-id"`, 'Pass the key id as "key-id"');
  if (requireConsumer && !parameters.has('consumer'))
    add('CONSUMER', `is required, and "${block}" passes no "consumer"`, 'Pass the consumer as "consumer"');
  return faults;
}

const answered = /^\$\.External\.data\.(?:fields\.([\w-]+)\.)?(check|last4|decryptedData)$/;

/** A block that reads what the function tells only under some settings. */
function compareReader(action: FlowAction, { checks, reveal }: Settings): readonly SettingFault[] {
  const { Identifier: block } = action;
  return factsOf(action).references.flatMap((path) => {
    const [, field = 'my-secret-string', member] = path.match(answered) ?? [];
    const shown = (reveal?.fields.get(field) ?? reveal?.others)?.show;
    const fault = (setting: string, message: string, fix: string) => [{ setting, block, message, fix }];
    if (member === 'check' && !checks.has(field))
      return fault('CHECK', `has no check of "${field}", which "${block}" reads`, `Add ${field}=… to CHECK`);
    if (member === 'last4' && shown !== 'last4')
      return fault(
        'REVEAL',
        `does not show the last four digits of "${field}", which "${block}" says`,
        `Set REVEAL="none ${field}=last4"`,
      );
    if (member === 'decryptedData' && shown !== undefined && shown !== 'full')
      return fault(
        'REVEAL',
        `does not show "${field}", which "${block}" reads`,
        'Let the function use the input, or set REVEAL=full',
      );
    return [];
  });
}
