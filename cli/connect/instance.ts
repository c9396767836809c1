import { type AwsOptions, callAws, clientConfiguration } from '../aws.ts';
import { CommandError } from '../output/command-error.ts';
import type { Pace } from './pace.ts';

/** A public key that the instance holds, under the key id that its flows name. */
export interface SecurityKey {
  readonly keyId: string;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly createdAt: string | undefined;
}

export interface Flow {
  readonly id: string;
  readonly name: string;
  /** The flow in Amazon Connect's flow language, as JSON. */
  readonly content: string;
}

/** A published flow or module, as the instance lists it. */
export interface ListedFlow {
  readonly id: string;
  readonly name: string;
  /** As `CONTACT_FLOW`, or `MODULE`. */
  readonly type: string;
}

/** What an Amazon Connect instance holds; each method throws CommandError `aws_refused` or `aws_unavailable`. */
export interface ConnectInstance {
  readonly id: string;
  securityKeys(): Promise<readonly SecurityKey[]>;
  /** Uploads a public key, and gives its key id. */
  associate(publicKey: string): Promise<string>;
  disassociate(keyId: string): Promise<void>;
  flow(id: string): Promise<Flow>;
  /** The published flows and modules that are not archived, by one call a page. */
  publishedFlows(pace: Pace): Promise<readonly ListedFlow[]>;
  /** The content of a flow or a module, by one call. */
  contentOf(flow: ListedFlow, pace: Pace): Promise<string>;
  updateFlow(id: string, content: string): Promise<void>;
  /** The ARNs of the functions that its flows may invoke. */
  lambdaFunctions(): Promise<readonly string[]>;
}

/** https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html */
export const maxSecurityKeys = 2;

/**
 * @param instance its id or its ARN, which names the region too
 * @throws CommandError `invalid_option` for what is neither
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
  // Its calls are paced, and so are their repetitions.
  const pacedClient = new connect.ConnectClient({ ...configuration, maxAttempts: 1 });
  const instanceId = { InstanceId: id };

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
      const message =
        'Connect took the public key, but answered no key id; run the same command again, which finds it.';
      throw new CommandError('aws_unavailable', message);
    },

    async disassociate(keyId) {
      await callAws(`remove key id ${keyId} from instance ${id}`, 'connect:DisassociateSecurityKey', () =>
        client.send(new connect.DisassociateSecurityKeyCommand({ ...instanceId, AssociationId: keyId })),
      );
    },

    async flow(flowId) {
      const { ContactFlow: flow } = await callAws(`read flow ${flowId}`, 'connect:DescribeContactFlow', () =>
        client.send(new connect.DescribeContactFlowCommand({ ...instanceId, ContactFlowId: flowId })),
      );
      return { id: flowId, name: flow?.Name ?? flowId, content: flow?.Content ?? '' };
    },

    async publishedFlows(pace) {
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
          .filter(({ ContactFlowState, ContactFlowStatus }) => isInUse(ContactFlowState, ContactFlowStatus))
          .map(({ Id = '', Name = Id, ContactFlowType: type = 'CONTACT_FLOW' }) => ({ id: Id, name: Name, type })),
        ...modules
          .flatMap(({ ContactFlowModulesSummaryList = [] }) => ContactFlowModulesSummaryList)
          .filter(({ State }) => isInUse(State, undefined))
          .map(({ Id = '', Name = Id }) => ({ id: Id, name: Name, type: 'MODULE' })),
      ];
    },

    async contentOf({ id: flowId, type }, pace) {
      if (type !== 'MODULE') {
        const command = new connect.DescribeContactFlowCommand({ ...instanceId, ContactFlowId: flowId });
        const described = await callAws(`read flow ${flowId}`, 'connect:DescribeContactFlow', () =>
          pace(() => pacedClient.send(command)),
        );
        return described.ContactFlow?.Content ?? '';
      }
      const command = new connect.DescribeContactFlowModuleCommand({ ...instanceId, ContactFlowModuleId: flowId });
      const described = await callAws(`read module ${flowId}`, 'connect:DescribeContactFlowModule', () =>
        pace(() => pacedClient.send(command)),
      );
      return described.ContactFlowModule?.Content ?? '';
    },

    async updateFlow(flowId, content) {
      await callAws(`publish flow ${flowId}`, 'connect:UpdateContactFlowContent', () =>
        client.send(
          new connect.UpdateContactFlowContentCommand({ ...instanceId, ContactFlowId: flowId, Content: content }),
        ),
      );
    },

    lambdaFunctions() {
      return callAws(`list the functions of instance ${id}`, 'connect:ListLambdaFunctions', () =>
        collect(connect.paginateListLambdaFunctions({ client }, instanceId), (page) => page.LambdaFunctions),
      );
    },
  };
}

/** Archived flows take no calls, and drafts were never published. */
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

async function collect<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
}
