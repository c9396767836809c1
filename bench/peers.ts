export interface Peer {
  readonly name: string;
  measure(decrypts: number): Promise<number>;
  stop(): Promise<void>;
}
export async function startPeers(_: object): Promise<readonly Peer[]> {
  return [];
}
