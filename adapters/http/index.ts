export { flowSecurityKeys } from './app.ts';
export { type DecryptedFields, type DecryptFieldsOptions, decryptFields } from './middleware/decrypt-fields.ts';
export type {
  Authorization,
  BearerToken,
  FlowSecurityKeysOptions,
  JwtIssuer,
  ReencryptionLogLine,
  RequestLogLine,
} from './options.ts';
export { type Environment, type EnvironmentSettings, settingsFrom } from './settings.ts';
