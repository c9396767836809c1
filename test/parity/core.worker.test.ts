import { core } from './core.ts';

core('workerd');
