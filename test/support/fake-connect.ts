import { randomUUID } from 'node:crypto';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | Buffer;
}

/**
 * A fake of the Amazon Connect API that the command line uses: security keys, flows, modules, functions, queues and prompts.
 * It has one instance, with at most two keys, like Connect.
 *
 * @see https://docs.aws.amazon.com/connect/latest/APIReference/API_AssociateSecurityKey.html
 */
export interface FakeConnect {
  readonly instanceId: string;
  /** Public keys in PEM, by key id. */
  readonly securityKeys: Map<string, string>;
  /** Contents, by flow id. */
  readonly flows: Map<string, string>;
  /** Contents, by module id. */
  readonly modules: Map<string, string>;
  /** The ids of flows that are archived or were never published. */
  readonly archived: Set<string>;
  readonly drafts: Set<string>;
  readonly functions: Set<string>;
  /** Names of flows and modules, by id, if they have one. */
  readonly names: Map<string, string>;
  /** Types of flows that were created here. */
  readonly types: Map<string, string>;
  /** Names of queues and prompts, by id. */
  readonly queues: Map<string, string>;
  readonly prompts: Map<string, string>;
  /** The problems that Connect finds in a flow. */
  problems: (content: string) => readonly string[];
  answer(method: string, url: string, body: string): Answer;
}

export function createFakeConnect(instanceId: string): FakeConnect {
  const securityKeys = new Map<string, string>();
  const flows = new Map<string, string>();
  const modules = new Map<string, string>();
  const archived = new Set<string>();
  const drafts = new Set<string>();
  const functions = new Set<string>();
  const names = new Map<string, string>();
  const types = new Map<string, string>();
  const queues = new Map<string, string>();
  const prompts = new Map<string, string>();

  const routes: readonly [
    method: string,
    path: RegExp,
    handle: (body: string, id: string, query: URLSearchParams) => Answer,
  ][] = [
    ['PUT', /^\/security-key$/, (body) => associate(JSON.parse(body).Key)],
    ['GET', /^\/security-keys$/, () => answered({ SecurityKeys: Array.from(securityKeys, listed) })],
    ['DELETE', /^\/security-key\/([^/]+)$/, (_, id) => (securityKeys.delete(id) ? answered({}) : notFound())],
    ['GET', /^\/lambda-functions$/, () => answered({ LambdaFunctions: [...functions] })],
    ['GET', /^\/contact-flows-summary$/, (_, __, query) => paged('ContactFlowSummaryList', flows, query)],
    [
      'GET',
      /^\/contact-flow-modules-summary$/,
      (_, __, query) => paged('ContactFlowModulesSummaryList', modules, query),
    ],
    ['GET', /^\/module\/([^/]+)$/, (_, id) => describedModule(id)],
    ['GET', /^\/flow\/([^/]+)$/, (_, id) => described(id)],
    ['POST', /^\/flow\/([^/]+)\/content$/, (body, id) => updated(flows, id, JSON.parse(body).Content)],
    ['POST', /^\/module\/([^/]+)\/content$/, (body, id) => updated(modules, id, JSON.parse(body).Content)],
    ['PUT', /^\/flow$/, (body) => created(flows, body)],
    ['PUT', /^\/module$/, (body) => created(modules, body)],
    ['PUT', /^\/lambda-function$/, (body) => tied(JSON.parse(body).FunctionArn)],
    ['GET', /^\/queues-summary$/, () => answered({ QueueSummaryList: Array.from(queues, summary('queue')) })],
    ['GET', /^\/prompts-summary$/, () => answered({ PromptSummaryList: Array.from(prompts, summary('prompt')) })],
  ];

  function associate(key: unknown): Answer {
    if (typeof key !== 'string' || key.length > 1024) return failed(400, 'InvalidParameterException');
    if (securityKeys.size >= 2) return failed(402, 'ServiceQuotaExceededException');
    const id = randomUUID();
    securityKeys.set(id, key);
    return answered({ AssociationId: id });
  }

  function described(id: string): Answer {
    const Content = flows.get(id);
    return Content === undefined
      ? notFound()
      : answered({
          ContactFlow: { Id: id, Name: names.get(id) ?? `Flow ${id}`, Type: types.get(id) ?? 'CONTACT_FLOW', Content },
        });
  }

  function describedModule(id: string): Answer {
    const Content = modules.get(id);
    return Content === undefined
      ? notFound()
      : answered({ ContactFlowModule: { Id: id, Name: names.get(id) ?? `Module ${id}`, Content } });
  }

  // Real pages are larger.
  function paged(list: string, contents: ReadonlyMap<string, string>, query: URLSearchParams): Answer {
    const start = Number(query.get('nextToken') ?? 0);
    const ids = [...contents.keys()];
    const summaries = ids.slice(start, start + pageSize).map((Id) => ({
      ...{
        Id,
        Name: names.get(Id) ?? `${list === 'ContactFlowSummaryList' ? 'Flow' : 'Module'} ${Id}`,
        ContactFlowType: types.get(Id) ?? 'CONTACT_FLOW',
      },
      ContactFlowState: archived.has(Id) ? 'ARCHIVED' : 'ACTIVE',
      ContactFlowStatus: drafts.has(Id) ? 'SAVED' : 'PUBLISHED',
      State: archived.has(Id) ? 'ARCHIVED' : 'ACTIVE',
    }));
    const next = start + pageSize < ids.length ? { NextToken: String(start + pageSize) } : {};
    return answered({ [list]: summaries, ...next });
  }

  function tied(functionArn: string): Answer {
    functions.add(functionArn);
    return answered({});
  }

  function updated(contents: Map<string, string>, id: string, content: unknown): Answer {
    if (!contents.has(id)) return notFound();
    const refused = refusal(content);
    if (refused !== undefined) return refused;
    contents.set(id, String(content));
    return answered({});
  }

  function created(contents: Map<string, string>, body: string): Answer {
    const { Name, Type, Content, Status = 'PUBLISHED' } = JSON.parse(body);
    const taken = [...contents.keys()].some((id) => names.get(id) === Name);
    if (taken) return failed(409, 'DuplicateResourceException');
    const refused = Status === 'PUBLISHED' ? refusal(Content) : undefined;
    if (refused !== undefined) return refused;
    const id = randomUUID();
    contents.set(id, Content);
    names.set(id, Name);
    if (Type !== undefined) types.set(id, Type);
    return answered(contents === flows ? { ContactFlowId: id } : { Id: id });
  }

  function refusal(content: unknown): Answer | undefined {
    const isFlow = typeof content === 'string' && content.length <= 256_000 && content.includes('"Actions"');
    const problems = isFlow ? fake.problems(content) : ['Not a flow.'];
    if (problems.length === 0) return undefined;
    const { status, headers } = failed(400, 'InvalidContactFlowException');
    return { status, headers, content: JSON.stringify({ problems: problems.map((message) => ({ message })) }) };
  }

  function summary(kind: string) {
    return ([Id, Name]: readonly [string, string]) => ({
      ...{ Id, Name },
      Arn: `arn:aws:connect:us-east-1:123456789012:instance/${instanceId}/${kind}/${Id}`,
    });
  }

  const fake: FakeConnect = {
    instanceId,
    securityKeys,
    flows,
    modules,
    archived,
    drafts,
    functions,
    names,
    types,
    queues,
    prompts,
    problems: () => [],
    answer(method, url, body) {
      const { pathname, searchParams } = new URL(url, 'http://connect');
      const Arn = `arn:aws:connect:us-east-1:123456789012:instance/${instanceId}`;
      if (method === 'GET' && pathname === '/instance')
        return answered({
          InstanceSummaryList: [{ Id: instanceId, Arn, InstanceAlias: 'hotline', InstanceStatus: 'ACTIVE' }],
        });
      const [, kind = '', instance, rest = ''] =
        pathname.match(
          /^\/(instance|contact-flows|contact-flow-modules|contact-flows-summary|contact-flow-modules-summary|queues-summary|prompts-summary)\/([^/]+)(\/.*)?$/,
        ) ?? [];
      if (instance !== instanceId) return notFound();
      const prefixes: Readonly<Record<string, string>> = {
        'contact-flows': '/flow',
        'contact-flow-modules': '/module',
        'contact-flows-summary': '/contact-flows-summary',
        'contact-flow-modules-summary': '/contact-flow-modules-summary',
        'queues-summary': '/queues-summary',
        'prompts-summary': '/prompts-summary',
      };
      const path = (prefixes[kind] ?? '') + rest;
      const route = routes.find(([verb, pattern]) => verb === method && pattern.test(path));
      if (route === undefined) throw new Error(`The fake of Connect does not know ${method} ${url}.`);
      return route[2](body, path.match(route[1])?.[1] ?? '', searchParams);
    },
  };
  return fake;
}

const pageSize = 100;

function listed([AssociationId, Key]: readonly [string, string]) {
  return { AssociationId, Key, CreationTime: Date.parse('2026-11-01T00:00:00Z') / 1000 };
}

function answered(content: unknown): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, content: JSON.stringify(content) };
}

function notFound(): Answer {
  return failed(404, 'ResourceNotFoundException');
}

function failed(status: number, type: string): Answer {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
  return { status, headers, content: JSON.stringify({ Message: 'The fake refuses.' }) };
}
