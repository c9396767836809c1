import { synchronousRandomValues } from './web-crypto-backend.ts';

export const randomValuesOnly = async (byteLength: number) => synchronousRandomValues(byteLength);
