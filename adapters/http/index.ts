export { type FlowSecurityKeysOptions, flowSecurityKeys } from './app.ts';
export type { Authorization, BearerToken, JwtIssuer } from './authorization.ts';
export { type DecryptFieldsOptions, decryptFields } from './decrypt-fields.ts';
export type { ReencryptionLogLine, RequestLogLine } from './log.ts';
export { type Environment, type EnvironmentSettings, settingsFrom } from './settings.ts';
