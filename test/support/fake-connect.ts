import { randomUUID } from 'node:crypto';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | Buffer;
}

/**
 * A fake of the calls of Amazon Connect that the command line makes: AssociateSecurityKey, ListSecurityKeys,
 * DisassociateSecurityKey, ListContactFlows, ListContactFlowModules, DescribeContactFlow, DescribeContactFlowModule,
 * UpdateContactFlowContent, ListLambdaFunctions. It knows one
 * instance, which takes two keys, as Connect does.
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
  answer(method: string, url: string, body: string): Answer;
}

export function createFakeConnect(): FakeConnect {
  const instanceId = 'a1b2c3d4-5678-4abc-8def-0123456789ab';
  const securityKeys = new Map<string, string>();
  const flows = new Map<string, string>();
  const modules = new Map<string, string>();
  const archived = new Set<string>();
  const drafts = new Set<string>();
  const functions = new Set<string>();

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
    ['POST', /^\/flow\/([^/]+)\/content$/, (body, id) => updated(id, JSON.parse(body).Content)],
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
    return Content === undefined ? notFound() : answered({ ContactFlow: { Id: id, Name: `Flow ${id}`, Content } });
  }

  function describedModule(id: string): Answer {
    const Content = modules.get(id);
    return Content === undefined
      ? notFound()
      : answered({ ContactFlowModule: { Id: id, Name: `Module ${id}`, Content } });
  }

  // Connect's own pages are larger.
  function paged(list: string, contents: ReadonlyMap<string, string>, query: URLSearchParams): Answer {
    const start = Number(query.get('nextToken') ?? 0);
    const ids = [...contents.keys()];
    const summaries = ids.slice(start, start + pageSize).map((Id) => ({
      ...{
        Id,
        Name: `${list === 'ContactFlowSummaryList' ? 'Flow' : 'Module'} ${Id}`,
        ContactFlowType: 'CONTACT_FLOW',
      },
      ContactFlowState: archived.has(Id) ? 'ARCHIVED' : 'ACTIVE',
      ContactFlowStatus: drafts.has(Id) ? 'SAVED' : 'PUBLISHED',
      State: archived.has(Id) ? 'ARCHIVED' : 'ACTIVE',
    }));
    const next = start + pageSize < ids.length ? { NextToken: String(start + pageSize) } : {};
    return answered({ [list]: summaries, ...next });
  }

  function updated(id: string, content: unknown): Answer {
    if (!flows.has(id)) return notFound();
    if (typeof content !== 'string' || !content.includes('"Actions"'))
      return failed(400, 'InvalidContactFlowException');
    flows.set(id, content);
    return answered({});
  }

  return {
    instanceId,
    securityKeys,
    flows,
    modules,
    archived,
    drafts,
    functions,
    answer(method, url, body) {
      const { pathname, searchParams } = new URL(url, 'http://connect');
      const Arn = `arn:aws:connect:us-east-1:123456789012:instance/${instanceId}`;
      if (method === 'GET' && pathname === '/instance')
        return answered({
          InstanceSummaryList: [{ Id: instanceId, Arn, InstanceAlias: 'hotline', InstanceStatus: 'ACTIVE' }],
        });
      const [, kind = '', instance, rest = ''] =
        pathname.match(
          /^\/(instance|contact-flows|contact-flow-modules|contact-flows-summary|contact-flow-modules-summary)\/([^/]+)(\/.*)?$/,
        ) ?? [];
      if (instance !== instanceId) return notFound();
      const prefixes: Readonly<Record<string, string>> = {
        'contact-flows': '/flow',
        'contact-flow-modules': '/module',
        'contact-flows-summary': '/contact-flows-summary',
        'contact-flow-modules-summary': '/contact-flow-modules-summary',
      };
      const path = (prefixes[kind] ?? '') + rest;
      const route = routes.find(([verb, pattern]) => verb === method && pattern.test(path));
      if (route === undefined) throw new Error(`The fake of Connect does not know ${method} ${url}.`);
      return route[2](body, path.match(route[1])?.[1] ?? '', searchParams);
    },
  };
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
