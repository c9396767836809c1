import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stopProcess } from '../demo/local-service.ts';
import type { Measurable } from './measure.ts';
import { processorTime } from './processor-time.ts';

/**
 * The AWS Encryption SDKs of other languages, each in a process of its own. The protocol, a line each
 * way: a recording with its key as JSON, answered `ready` once it was decrypted right; then numbers of
 * decrypts, each answered with the nanoseconds they took.
 */
export interface Peer extends Measurable {
  stop(): Promise<void>;
}

export interface PeerRecording {
  readonly keyId: string;
  readonly privateKeyPkcs8: string;
  readonly ciphertext: string;
  readonly plaintext: string;
}

interface PeerProgram {
  readonly name: string;
  /** What must be on the PATH. */
  readonly tools: readonly string[];
  /** Installs or builds what is not there yet, and gives the command that runs it. */
  prepare(): Promise<readonly [command: string, ...args: string[]]>;
}

const folder = fileURLToPath(new URL('peers/', import.meta.url));
const cache = fileURLToPath(new URL('../node_modules/.cache/flow-security-keys/', import.meta.url));

const programs: readonly PeerProgram[] = [
  { name: 'AWS Encryption SDK for Java 2.4', tools: ['java', 'mvn'], prepare: prepareJava },
  {
    name: 'for Python 4.0, material providers',
    tools: ['python3'],
    prepare: () => preparePython('material_providers'),
  },
  {
    name: 'for Python 3.3, raw master key provider kept',
    tools: ['python3'],
    prepare: () => preparePython('raw_master_key_provider'),
  },
];

/** Starts every peer whose tools are there, and says which are not. */
export async function startPeers(recording: PeerRecording): Promise<readonly Peer[]> {
  const peers: Peer[] = [];
  for (const program of programs) {
    const missing = await missingTool(program.tools);
    if (missing !== undefined) {
      console.error(`Without ${program.name}: there is no ${missing}.`);
      continue;
    }
    try {
      peers.push(await startPeer(program, recording));
    } catch (error) {
      console.error(`Without ${program.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return peers;
}

const run = promisify(execFile);

async function missingTool(tools: readonly string[]): Promise<string | undefined> {
  for (const tool of tools) {
    const isThere = await run('which', [tool]).then(
      () => true,
      () => false,
    );
    if (!isThere) return tool;
  }
  return undefined;
}

async function prepareJava(): Promise<[string, ...string[]]> {
  const pom = `${folder}java/pom.xml`;
  const classes = `${cache}java`;
  if (!existsSync(`${classes}/installed`)) {
    const goals = ['compile', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'];
    const build = () => run('mvn', ['-q', '-f', pom, ...goals, `-DoutputDirectory=${classes}/dependency`]);
    // A download may break off; what is there is not asked for again.
    await build().catch(build).catch(build);
    await run('touch', [`${classes}/installed`]);
  }
  return ['java', '-cp', `${folder}java/target/classes:${classes}/dependency/*`, 'Peer'];
}

async function preparePython(program: string): Promise<[string, ...string[]]> {
  const environment = `${cache}${program}`;
  if (!existsSync(`${environment}/installed`)) {
    await run('python3', ['-m', 'venv', environment]);
    await run(`${environment}/bin/pip`, ['install', '-q', '-r', `${folder}python/${program}.txt`]);
    await run('touch', [`${environment}/installed`]);
  }
  return [`${environment}/bin/python`, `${folder}python/${program}.py`];
}

async function startPeer({ name, prepare }: PeerProgram, recording: PeerRecording): Promise<Peer> {
  const [command, ...args] = await prepare();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ask = asker(name, child, createInterface({ input: child.stdout }));
  const ready = await ask(JSON.stringify(recording));
  if (ready !== 'ready') throw new Error(`${name} is not ready.`);
  return {
    name,
    async measure(decrypts) {
      const before = processorTime(child.pid ?? 0);
      const wall = Number(await ask(String(decrypts))) / decrypts / 1e6;
      return { wall, cpu: (processorTime(child.pid ?? 0) - before) / decrypts };
    },
    stop: () => stopProcess(child),
  };
}

/** Sends a line and gives the next one that comes back. */
function asker(name: string, child: ChildProcess, lines: Interface): (line: string) => Promise<string> {
  return (line) =>
    new Promise((resolve, reject) => {
      const exited = (code: number | null) => reject(new Error(`${name} exited with code ${code}.`));
      child.once('exit', exited);
      lines.once('line', (answer) => {
        child.off('exit', exited);
        resolve(answer);
      });
      child.stdin?.write(`${line}\n`);
    });
}
