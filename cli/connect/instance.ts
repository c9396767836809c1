import { awsErrorKind } from '../../adapters/stores/aws-errors.ts';
import { FlowKeysError, member, readFlow } from '../../src/flow/index.ts';
import { type AwsOptions, callAws, clientConfiguration, collect } from '../aws.ts';
import { CommandError } from '../output/command-error.ts';
import { printable } from '../output/terminal.ts';
import type { Pace } from './pace.ts';

/** A public key of the instance, and the key id that flows use for it. */
export interface SecurityKey {
  readonly keyId: string;
  /** SubjectPublicKeyInfo, as PEM. */
  readonly publicKey: string;
  readonly createdAt: string | undefined;
}

export interface Flow {
  readonly id: string;
  readonly name: string;
  /** A flow type, such as `CONTACT_FLOW`, or `MODULE`. */
  readonly type: string;
  /** The flow in Amazon Connect's flow language, as JSON. */
  readonly content: string;
}

/** A flow or module in the list of the instance. */
export interface ListedFlow extends Named {
  /** A flow type, such as `CONTACT_FLOW`, or `MODULE`. */
  readonly type: string;
  /** Whether it is published and not archived. */
  readonly isInUse: boolean;
}

/** An Amazon Connect instance. Each method throws CommandError `aws_refused` or `aws_unavailable` if AWS fails. */
export interface ConnectInstance {
  readonly id: string;
  securityKeys(): Promise<readonly SecurityKey[]>;
  /** Uploads a public key and returns its key id. */
  associate(publicKey: string): Promise<string>;
  disassociate(keyId: string): Promise<void>;
  /** Reads the published content of a flow or module. */
  flow(id: string): Promise<Flow>;
  /** Lists all flows and modules, with one call for each page. */
  flows(pace: Pace): Promise<readonly ListedFlow[]>;
  /** Reads the published content of a flow or module whose type is known, with one call. */
  contentOf(flow: Pick<ListedFlow, 'id' | 'type'>, pace: Pace): Promise<string>;
  /**
   * Publishes new content for a flow or module.
   *
   * @throws FlowKeysError `invalid_flow` with the problems that AWS reports, each with its block
   */
  updateFlow(flow: Pick<ListedFlow, 'id' | 'type'>, content: string): Promise<void>;
  /**
   * Creates and publishes a flow or module and returns its id.
   *
   * @throws FlowKeysError `invalid_flow` with the problems that AWS reports, each with its block
   */
  createFlow(flow: Pick<ListedFlow, 'name' | 'type'>, content: string): Promise<string>;
  /** Lists the ARNs of the functions that flows may invoke. */
  lambdaFunctions(): Promise<readonly string[]>;
  associateFunction(functionArn: string): Promise<void>;
  queues(): Promise<readonly Named[]>;
  prompts(): Promise<readonly Named[]>;
}

/** A resource that flows refer to by id or ARN. */
export interface Named {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

/** https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html */
export const maxSecurityKeys = 2;

/**
 * @param instance an id, or an ARN, which also names the region
 * @throws CommandError `invalid_option` if it is neither
 */
export async function connectInstance(instance: string, options: AwsOptions): Promise<ConnectInstance> {
  const [, arnRegion, id = instance] = instance.match(/^arn:[^:]+:connect:([^:]+):\d+:instance\/([^/]+)$/) ?? [];
  if (!/^[A-Za-z0-9-]{1,100}$/.test(id)) {
    const message =
      'The Connect instance must be an instance id (a UUID) or its ARN; "aws connect list-instances" shows both.';
    throw new CommandError('invalid_option', message);
  }
  const connect = await import('@aws-sdk/client-connect');
  const region = options.region ?? arnRegion;
  const configuration = clientConfiguration({ ...options, ...(region && { region }) });
  const client = new connect.ConnectClient(configuration);
  // The pace covers retries, too.
  const pacedClient = new connect.ConnectClient({ ...configuration, maxAttempts: 1 });
  const instanceId = { InstanceId: id };

  async function describeFlow(by: typeof client, flowId: string): Promise<Flow> {
    const command = new connect.DescribeContactFlowCommand({ ...instanceId, ContactFlowId: flowId });
    const { ContactFlow: flow } = await by.send(command);
    const { Name: name = flowId, Type: type = 'CONTACT_FLOW', Content: content = '' } = flow ?? {};
    return { id: flowId, name, type, content };
  }

  async function describeModule(by: typeof client, flowId: string): Promise<Flow> {
    const command = new connect.DescribeContactFlowModuleCommand({ ...instanceId, ContactFlowModuleId: flowId });
    const { ContactFlowModule: module } = await by.send(command);
    return { id: flowId, name: module?.Name ?? flowId, type: 'MODULE', content: module?.Content ?? '' };
  }

  return {
    id,

    async securityKeys() {
      const keys = await callAws(`list the security keys of instance ${id}`, 'connect:ListSecurityKeys', () =>
        collect(connect.paginateListSecurityKeys({ client }, instanceId), (page) => page.SecurityKeys),
      );
      return keys.map(({ AssociationId = '', Key = '', CreationTime }) => ({
        keyId: AssociationId,
        publicKey: Key,
        createdAt: CreationTime?.toISOString(),
      }));
    },

    async associate(publicKey) {
      const answer = await callAws(`upload the public key to instance ${id}`, 'connect:AssociateSecurityKey', () =>
        client.send(new connect.AssociateSecurityKeyCommand({ ...instanceId, Key: publicKey })),
      );
      if (answer.AssociationId) return answer.AssociationId;
      const message = 'Connect accepted the public key but returned no key id; run the same command again to find it.';
      throw new CommandError('aws_unavailable', message);
    },

    async disassociate(keyId) {
      await callAws(`remove key id ${keyId} from instance ${id}`, 'connect:DisassociateSecurityKey', () =>
        client.send(new connect.DisassociateSecurityKeyCommand({ ...instanceId, AssociationId: keyId })),
      );
    },

    flow(flowId) {
      return callAws(`read flow ${flowId}`, 'connect:DescribeContactFlow', async () => {
        try {
          return await describeFlow(client, flowId);
        } catch (error) {
          if (awsErrorKind(error) !== 'absent') throw error;
          return describeModule(client, flowId);
        }
      });
    },

    async flows(pace) {
      const flows = await callAws(`list the flows of instance ${id}`, 'connect:ListContactFlows', () =>
        pages(pace, (token) => pacedClient.send(new connect.ListContactFlowsCommand({ ...instanceId, ...token }))),
      );
      const modules = await callAws(`list the modules of instance ${id}`, 'connect:ListContactFlowModules', () =>
        pages(pace, (token) =>
          pacedClient.send(new connect.ListContactFlowModulesCommand({ ...instanceId, ...token })),
        ),
      );
      return [
        ...flows
          .flatMap(({ ContactFlowSummaryList = [] }) => ContactFlowSummaryList)
          .map(({ ContactFlowType: type = 'CONTACT_FLOW', ContactFlowState, ContactFlowStatus, ...summary }) => ({
            ...named(summary),
            ...{ type, isInUse: isInUse(ContactFlowState, ContactFlowStatus) },
          })),
        ...modules
          .flatMap(({ ContactFlowModulesSummaryList = [] }) => ContactFlowModulesSummaryList)
          .map(({ State, ...summary }) => ({ ...named(summary), type: 'MODULE', isInUse: isInUse(State, undefined) })),
      ];
    },

    async contentOf({ id: flowId, type }, pace) {
      const { content } = await (type === 'MODULE'
        ? callAws(`read module ${flowId}`, 'connect:DescribeContactFlowModule', () =>
            pace(() => describeModule(pacedClient, flowId)),
          )
        : callAws(`read flow ${flowId}`, 'connect:DescribeContactFlow', () =>
            pace(() => describeFlow(pacedClient, flowId)),
          ));
      return content;
    },

    async updateFlow({ id: flowId, type }, content) {
      const input = { ...instanceId, Content: content };
      if (type === 'MODULE') {
        const command = new connect.UpdateContactFlowModuleContentCommand({ ...input, ContactFlowModuleId: flowId });
        await callAws(`publish module ${flowId}`, 'connect:UpdateContactFlowModuleContent', () =>
          withProblems(content, () => client.send(command)),
        );
      } else {
        const command = new connect.UpdateContactFlowContentCommand({ ...input, ContactFlowId: flowId });
        await callAws(`publish flow ${flowId}`, 'connect:UpdateContactFlowContent', () =>
          withProblems(content, () => client.send(command)),
        );
      }
    },

    async createFlow({ name, type }, content) {
      const input = { ...instanceId, Name: name, Content: content };
      if (type === 'MODULE') {
        const command = new connect.CreateContactFlowModuleCommand(input);
        const { Id: id = '' } = await callAws(`create module "${name}"`, 'connect:CreateContactFlowModule', () =>
          withProblems(content, () => client.send(command)),
        );
        return id;
      }
      const Type = connect.ContactFlowType[type as keyof typeof connect.ContactFlowType];
      const command = new connect.CreateContactFlowCommand({ ...input, Type, Status: 'PUBLISHED' });
      const { ContactFlowId: id = '' } = await callAws(`create flow "${name}"`, 'connect:CreateContactFlow', () =>
        withProblems(content, () => client.send(command)),
      );
      return id;
    },

    lambdaFunctions() {
      return callAws(`list the functions of instance ${id}`, 'connect:ListLambdaFunctions', () =>
        collect(connect.paginateListLambdaFunctions({ client }, instanceId), (page) => page.LambdaFunctions),
      );
    },

    async associateFunction(functionArn) {
      const command = new connect.AssociateLambdaFunctionCommand({ ...instanceId, FunctionArn: functionArn });
      await callAws(`associate the function with instance ${id}`, 'connect:AssociateLambdaFunction', () =>
        client.send(command),
      );
    },

    async queues() {
      const queues = await callAws(`list the queues of instance ${id}`, 'connect:ListQueues', () =>
        collect(
          connect.paginateListQueues({ client }, { ...instanceId, QueueTypes: ['STANDARD'] }),
          (page) => page.QueueSummaryList,
        ),
      );
      return queues.map(named);
    },

    async prompts() {
      const prompts = await callAws(`list the prompts of instance ${id}`, 'connect:ListPrompts', () =>
        collect(connect.paginateListPrompts({ client }, instanceId), (page) => page.PromptSummaryList),
      );
      return prompts.map(named);
    },
  };
}

interface Summary {
  readonly Id?: string | undefined;
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
}

function named({ Id: id = '', Arn: arn = '', Name: name = id }: Summary): Named {
  return { id, arn, name };
}

/** Publishes a flow, and names the block of each problem. AWS names a block by its index. */
async function withProblems<T>(content: string, publish: () => Promise<T>): Promise<T> {
  try {
    return await publish();
  } catch (error) {
    const problems = member(error, 'problems');
    if (!Array.isArray(problems) || problems.length === 0) throw error;
    const { Actions: actions } = readFlow(content);
    const lines = problems.map((problem) => {
      const message = String(member(problem, 'message') ?? '');
      const block = actions[Number(message.match(/Actions\[(\d+)\]/)?.[1])]?.Identifier;
      return printable(block === undefined ? message : `"${block}": ${message}`);
    });
    const text = ['Connect rejected the flow, and nothing was published.', ...lines].join('\n  ');
    throw new FlowKeysError('invalid_flow', text, { cause: error });
  }
}

/** Archived flows take no calls, and drafts are not published. */
function isInUse(state: string | undefined, status: string | undefined): boolean {
  return state !== 'ARCHIVED' && status !== 'SAVED';
}

async function pages<Page extends { readonly NextToken?: string | undefined }>(
  pace: Pace,
  read: (token: { readonly NextToken?: string }) => Promise<Page>,
): Promise<readonly Page[]> {
  const all: Page[] = [];
  let token: string | undefined;
  do {
    const page = await pace(() => read(token === undefined ? {} : { NextToken: token }));
    all.push(page);
    token = page.NextToken;
  } while (token !== undefined);
  return all;
}
