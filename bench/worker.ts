import { recordingNamed, testKeys } from '../test/recordings/recordings.ts';
import { type ContenderName, contender, type Decrypt } from './contenders.ts';
import { repeat } from './measure.ts';

interface Order {
  readonly name: ContenderName;
  readonly recording: string;
  readonly decrypts: number;
  readonly concurrency: number;
}

const contenders = new Map<string, Decrypt>();

/** Decrypts as often as it is told. The caller takes the time: inside a Worker it stands still. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { name, recording, decrypts, concurrency }: Order = await request.json();
    const decrypt = contenders.get(name + recording) ?? (await prepare(name, recording));
    await repeat(decrypt, decrypts, concurrency);
    return new Response('done');
  },
};

async function prepare(name: ContenderName, recordingName: string): Promise<Decrypt> {
  const recording = recordingNamed(recordingName);
  const key = testKeys.find(({ keyId }) => keyId === recording.keyId);
  if (key === undefined) throw new Error('The recording has no key.');
  const decrypt = await contender(name, recording, key);
  if (new TextDecoder().decode(await decrypt()) !== recording.plaintext) throw new Error(`${name} is wrong.`);
  contenders.set(name + recordingName, decrypt);
  return decrypt;
}
