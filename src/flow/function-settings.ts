import { connectSettings } from '../connect/settings.ts';
import { factsOf } from './follow/facts.ts';
import { follow } from './follow/follow.ts';
import { parametersWith } from './follow/token.ts';
import { type FlowAction, type FlowDocument, scalarParameter } from './language.ts';

/** A function setting that does not fit a flow. */
export interface SettingFault {
  /** The setting's name, such as `CHECK`. */
  readonly setting: string;
  /** The block's identifier. */
  readonly block: string;
  /** What is wrong. The setting is the subject of the sentence. */
  readonly message: string;
  /** What to set, or what to change in the flow. */
  readonly fix: string;
}

/**
 * Compares a flow with the settings of the function that it invokes.
 *
 * @param environment the function's environment variables
 * @param isInvoked whether an ARN in the flow is this function's. Default: all are
 * @throws FlowKeysError `not_configured` if a setting is invalid in itself
 * @example
 * const faults = compareSettings(flow, { FIELDS: 'card', CHECK: 'card=card' });
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
    ...invoked.flatMap((invocation) => [...compareInvocation(invocation, settings)]),
    ...flow.Actions.flatMap((action) => [...compareReader(action, settings)]),
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
    const names = token?.kind === 'input' ? parametersWith(token, facts) : [];
    const known = inputs.get(facts.action.Identifier) ?? [];
    if (names.length > 0) inputs.set(facts.action.Identifier, new Set([...known, ...names]));
  }
  return flow.Actions.flatMap((action) => {
    const names = inputs.get(action.Identifier);
    if (names === undefined) return [];
    const parameters = new Map(factsOf(action).assignments.map(({ name, value }) => [name, value]));
    return [{ action, parameters, inputs: [...names] }];
  });
}

type Settings = ReturnType<typeof connectSettings>;

function* compareInvocation({ action, parameters, inputs }: Invocation, settings: Settings): Generator<SettingFault> {
  const { Identifier: block } = action;
  const { fields, answer, flowTimeLimit, requireKeyId, requireConsumer } = settings;
  const fault = (setting: string, message: string, fix: string) => ({ setting, block, message, fix });
  for (const name of inputs)
    if (fields?.includes(name) === false)
      yield fault('FIELDS', `does not name "${name}", which "${block}" passes`, `Add ${name} to FIELDS`);
  for (const name of parameters.has('check-only') ? [] : (fields ?? []))
    if (!inputs.includes(name))
      yield fault(
        'FIELDS',
        `names "${name}", which "${block}" does not pass`,
        `Remove ${name} from FIELDS, or pass it`,
      );
  const seconds = Number(scalarParameter(action, 'InvocationTimeLimitSeconds'));
  if (seconds < flowTimeLimit) {
    const message = `is ${flowTimeLimit} seconds, but "${block}" waits for ${seconds}`;
    yield fault('FLOW_TIME_LIMIT', message, `Set FLOW_TIME_LIMIT=${seconds}`);
  }
  const isMap = scalarParameter(action, 'ResponseValidation', 'ResponseType')?.toUpperCase() === 'STRING_MAP';
  const [validation, form] = isMap ? ['STRING_MAP', 'flat'] : ['JSON', 'nested'];
  if (form !== answer)
    yield fault('ANSWER', `is ${answer}, but "${block}" validates the response as ${validation}`, `Set ANSWER=${form}`);
  if (requireKeyId && !parameters.has('key-id'))
    yield fault('KEY_ID', `is required, but "${block}" passes no "key-id"`, 'Pass the key id as "key-id"');
  if (requireConsumer && !parameters.has('consumer'))
    yield fault('CONSUMER', `is required, but "${block}" passes no "consumer"`, 'Pass the consumer as "consumer"');
}

const answered = /^\$\.External\.data\.(?:fields\.([\w-]+)\.)?(check|last4|decryptedData)$/;

/** A block that reads what the function returns only under some settings. */
function* compareReader(action: FlowAction, { checks, reveal }: Settings): Generator<SettingFault> {
  const { Identifier: block } = action;
  for (const path of factsOf(action).references) {
    const [, field = 'my-secret-string', member] = path.match(answered) ?? [];
    const shown = (reveal?.fields.get(field) ?? reveal?.others)?.show;
    const fault = (setting: string, message: string, fix: string) => ({ setting, block, message, fix });
    if (member === 'check' && !checks.has(field))
      yield fault('CHECK', `has no check of "${field}", which "${block}" reads`, `Add ${field}=… to CHECK`);
    if (member === 'last4' && shown !== 'last4') {
      const message = `does not show the last four digits of "${field}", which "${block}" says`;
      yield fault('REVEAL', message, `Set REVEAL="none ${field}=last4"`);
    }
    if (member === 'decryptedData' && shown !== undefined && shown !== 'full') {
      const fix = 'Use the input in the function, or set REVEAL=full';
      yield fault('REVEAL', `does not show "${field}", which "${block}" reads`, fix);
    }
  }
}
