import { flowSecurityKeys, settingsFrom } from 'flow-security-keys/hono';
import { directoryKeyStore } from 'flow-security-keys/stores/directory';

const { KEYS: directory = 'keys', PORT: port = '8080' } = process.env;
const app = flowSecurityKeys({ ...settingsFrom(process.env), keyStore: directoryKeyStore({ directory }) });
const server = Bun.serve({ hostname: '127.0.0.1', port, fetch: (request) => app.fetch(request) });
console.log(JSON.stringify({ message: 'listening', port: server.port }));
