import { flowSecurityKeys, settingsFrom } from 'flow-security-keys/hono';
import { directoryKeyStore } from 'flow-security-keys/stores/directory';

const { KEYS: directory = 'keys', PORT: port = '8080', ...environment } = Deno.env.toObject();
const app = flowSecurityKeys({ ...settingsFrom(environment), keyStore: directoryKeyStore({ directory }) });
Deno.serve({ hostname: '127.0.0.1', port: Number(port), onListen }, (request) => app.fetch(request));

function onListen(address: Deno.NetAddr): void {
  console.log(JSON.stringify({ message: 'listening', port: address.port }));
}
