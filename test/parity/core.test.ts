import { core } from './core.ts';

core('Node');
