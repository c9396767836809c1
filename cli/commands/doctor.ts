import { existsSync } from 'node:fs';
import { parameterPrefix } from '../../adapters/stores/names.ts';
import { compareSettings, readFlow } from '../../src/flow/index.ts';
import { createDecryptor, FlowKeysError } from '../../src/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { type ConnectInstance, connectInstance, type SecurityKey } from '../connect/instance.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { type Finding, ok, problem, skipped } from '../doctor/check.ts';
import { readEvent } from '../doctor/event.ts';
import { checkFunction } from '../doctor/function.ts';
import { checkCertificate, checkParameter, checkPrivateKey, checkUploaded } from '../doctor/keys.ts';
import { checkMessage } from '../doctor/message.ts';
import { readCiphertext, readKeyFile, readText } from '../files.ts';
import { readCertificate } from '../keys/certificate.ts';
import { publicKeyOf } from '../keys/key-pair.ts';
import { readFunction } from '../lambda-function.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, printable, type Terminal, table } from '../output/terminal.ts';
import { freshInput, type Proof, proveEndpoint, proveFunction, proveStore, reasonOf } from '../proof.ts';
import { readService } from '../service.ts';
import type { KeyStoreOptions, WritableKeyStore } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface DoctorOptions extends KeyStoreOptions {
  /** A file with the event that the function received. */
  readonly event?: string;
  readonly keyId?: string;
  readonly instance?: string;
  readonly certificate?: string;
  readonly function?: string;
  /** A file, or the id of a flow in the instance. */
  readonly flow?: string;
  readonly endpoint?: string;
  readonly tokenFile?: string;
}

/** Checks each step from the message to the response, and shows the first thing to fix. */
export async function doctor(operand: string | undefined, options: DoctorOptions, terminal: Terminal): Promise<Answer> {
  const findings = await terminal.during('Examining', examine(operand, options));
  const first = findings.find(({ state }) => state === 'problem');
  const rows = findings.map(({ check, state, detail }) => [marks[state], check, detail]);
  const report = table(rows, (line, row) => coloured(colours[findings[row]?.state ?? 'ok'], line));
  const verdict =
    first === undefined ? coloured('green', 'All checks passed.') : `Fix first: ${printable(first.fix ?? '')}`;
  return {
    value: { findings, fix: first?.fix ?? null },
    text: `${report}\n\n${verdict}`,
    exitCode: first === undefined ? exitCodes.done : exitCodes.findings,
  };
}

const marks = { ok: 'ok', problem: 'PROBLEM', skipped: '-' } as const;
const colours = { ok: 'green', problem: 'red', skipped: 'dim' } as const;

/** All checks, in the order in which a message passes through. */
export async function examine(operand: string | undefined, options: DoctorOptions): Promise<readonly Finding[]> {
  // Reports an invalid option before it calls anything.
  if (options.endpoint !== undefined) await readService(options.endpoint, options.tokenFile);
  const { instance, event, keyId } = options;
  if (instance !== undefined && [operand, event, keyId].every((given) => given === undefined))
    return examineInstance(instance, options);
  return examineSubject(operand, options);
}

/** Checks every key in the instance. */
async function examineInstance(name: string, options: DoctorOptions): Promise<readonly Finding[]> {
  const instance = await connectInstance(name, options);
  const keys = await instance.securityKeys();
  const findings: Finding[] = [];
  for (const { keyId } of keys) {
    const ofKey = [
      ...(await examineKey(keyId, undefined, options, instance)),
      ...(await examineRoundTrips(keyId, options)),
    ];
    findings.push(ok('key id', keyId), ...ofKey);
  }
  if (options.function !== undefined) findings.push(...(await checkFunction(options.function, options, instance)));
  if (keys.length > 0) return findings;
  const fix = 'Upload a first key: "flow-keys keys create --store ssm", then "flow-keys keys associate".';
  return [problem('Connect', `instance ${instance.id} has no key`, fix), ...findings];
}

async function examineSubject(operand: string | undefined, options: DoctorOptions): Promise<readonly Finding[]> {
  const subject = await subjectOf(operand, options);
  const message = subject.ciphertext === undefined ? undefined : await checkMessage(subject.ciphertext, subject.keyId);
  const findings: Finding[] = [
    ...(subject.findings ?? []),
    ...(message?.findings ?? [skipped('message', 'pass a ciphertext or --event')]),
  ];
  const keyId = message?.keyId ?? subject.keyId;
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  if (keyId !== undefined) findings.push(...(await examineKey(keyId, subject.ciphertext, options, instance)));
  if (options.function !== undefined) {
    findings.push(...(await checkFunction(options.function, options, instance)));
    findings.push(...(await examineSettings(options.function, options, instance)));
  }
  if (keyId !== undefined) findings.push(...(await examineRoundTrips(keyId, options)));
  return findings;
}

async function examineSettings(
  functionName: string,
  options: DoctorOptions,
  instance: ConnectInstance | undefined,
): Promise<readonly Finding[]> {
  if (options.flow === undefined) return [skipped('settings', 'pass --flow to compare them with a flow')];
  const isFile = existsSync(options.flow);
  if (!isFile && instance === undefined)
    throw new CommandError(
      'invalid_option',
      'The file of --flow does not exist; pass --instance to use it as the id of a flow.',
    );
  const content = isFile ? await readText(options.flow, 'the flow') : (await instance?.flow(options.flow))?.content;
  const flow = readFlow(content);
  try {
    const faults = compareSettings(flow, (await readFunction(functionName, options)).environment);
    if (faults.length === 0) return [ok('settings', 'they fit the flow')];
    return faults.map(({ setting, message, fix }) => problem('settings', `${setting} ${message}`, `${fix}.`));
  } catch (error) {
    return [problem('settings', 'they cannot be compared', reasonOf(error))];
  }
}

interface Subject {
  readonly keyId?: string;
  readonly ciphertext?: string;
  /** The problems with the event. */
  readonly findings?: readonly Finding[];
}

/** The ciphertext and the key id, from the options or an event. */
async function subjectOf(operand: string | undefined, { event, keyId }: DoctorOptions): Promise<Subject> {
  if (keyId !== undefined) assertKeyId(keyId);
  const given = keyId === undefined ? {} : { keyId };
  if (operand !== undefined) return { ...given, ciphertext: await readCiphertext(operand) };
  if (event !== undefined) return { ...(await readEvent(await readText(event, 'the event'))), ...given };
  if (keyId !== undefined) return given;
  throw new CommandError(
    'invalid_option',
    'Pass a ciphertext, --event with an event that the function received, --key-id, or --instance to check all its keys.',
  );
}

async function examineKey(
  keyId: string,
  ciphertext: string | undefined,
  options: DoctorOptions,
  instance: ConnectInstance | undefined,
): Promise<readonly Finding[]> {
  const vault = await openKeyStore(options);
  const connect = await examineConnect(keyId, instance);
  const parameter =
    options.store === 'ssm' ? await checkParameter(keyId, options.prefix ?? parameterPrefix, options) : [];
  if (parameter.some(({ state, check }) => state === 'problem' && check !== 'KMS key'))
    return [...connect.findings, ...parameter];
  const { findings, publicKey } = await checkPrivateKey(keyId, vault, connect.uploaded);
  const certificate = await certificateOf(keyId, vault, options);
  const uploadedKey = connect.uploaded && publicKeyOf(connect.uploaded.publicKey, `Connect's key ${keyId}`);
  const certified = checkCertificate(certificate, uploadedKey ?? publicKey);
  const decrypted = publicKey && ciphertext !== undefined ? [await examineDecryption(keyId, ciphertext, vault)] : [];
  return [...connect.findings, ...parameter, ...findings, certified, ...decrypted];
}

async function examineConnect(
  keyId: string,
  instance: ConnectInstance | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly uploaded?: SecurityKey | undefined }> {
  if (!instance) return { findings: [skipped('Connect', 'pass --instance to check the uploaded key')] };
  try {
    const keys = await instance.securityKeys();
    return { findings: [checkUploaded(keyId, keys, instance.id)], uploaded: keys.find((key) => key.keyId === keyId) };
  } catch (error) {
    return { findings: [problem('Connect', 'the security keys cannot be listed', reasonOf(error))] };
  }
}

async function certificateOf(
  keyId: string,
  vault: WritableKeyStore,
  { certificate }: DoctorOptions,
): Promise<string | undefined> {
  if (certificate !== undefined) return readKeyFile(certificate, 'the certificate');
  return vault.certificate(keyId).catch(() => undefined);
}

const padding =
  ' A third possible cause is the padding: Connect uses RSA-OAEP with SHA-512 and MGF1 with SHA-512, other programs often use SHA-1 or SHA-256.';

async function examineDecryption(keyId: string, ciphertext: string, vault: WritableKeyStore): Promise<Finding> {
  try {
    const { plaintext } = await createDecryptor({ keyStore: vault }).decrypt(ciphertext, { keyId });
    return ok('decryption', `the message decrypts: ${plaintext.length} bytes, not shown`);
  } catch (error) {
    const isOfKey = error instanceof FlowKeysError && error.code === 'decryption_failed';
    return problem('decryption', 'the message does not decrypt', `${reasonOf(error)}${isOfKey ? padding : ''}`);
  }
}

/** Encrypts a test input as Connect would, and checks that the store, the function and the service decrypt it. */
async function examineRoundTrips(keyId: string, options: DoctorOptions): Promise<readonly Finding[]> {
  const { function: functionName, endpoint, tokenFile, instance } = options;
  const vault = await openKeyStore(options);
  const pem = await certificateOf(keyId, vault, options);
  if (pem === undefined) return [skipped('round trip', 'there is no certificate to encrypt with; pass --certificate')];
  const input = freshInput();
  let ciphertext: string;
  try {
    ciphertext = await encryptAsConnect(input, keyId, readCertificate(pem, 'The certificate').publicKey);
  } catch {
    return [skipped('round trip', 'the certificate cannot encrypt')];
  }
  const trips: [string, () => Promise<Proof>][] = [['round trip', () => proveStore(vault, keyId, ciphertext, input)]];
  if (functionName !== undefined) {
    const event = { keyId, ciphertext, ...(instance !== undefined && { instance }) };
    trips.push([`round trip, ${functionName}`, () => proveFunction(functionName, options, event, input)]);
  }
  if (endpoint !== undefined) {
    const service = await readService(endpoint, tokenFile);
    trips.push([`round trip, ${endpoint}`, () => proveEndpoint(service, ciphertext, input)]);
  }
  return Promise.all(trips.map(([check, prove]) => roundTrip(check, prove)));
}

async function roundTrip(check: string, prove: () => Promise<Proof>): Promise<Finding> {
  try {
    const proof = await prove();
    if (proof.isRight) return ok(check, 'a test input was encrypted as Connect would, and decrypted');
    return problem(check, proof.why, `Fix what the ${check} shows: ${proof.why.replace(/\.$/, '')}.`);
  } catch (error) {
    return problem(check, 'a test input was not decrypted', reasonOf(error));
  }
}
