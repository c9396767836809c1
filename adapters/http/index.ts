export { type FlowSecurityKeysOptions, flowSecurityKeys } from './app.ts';
export type { Authorization, BearerToken, JwtIssuer } from './middleware/authorization.ts';
export { type DecryptFieldsOptions, decryptFields } from './middleware/decrypt-fields.ts';
export type { ReencryptionLogLine, RequestLogLine } from './middleware/log.ts';
export { type Environment, type EnvironmentSettings, settingsFrom } from './settings.ts';
