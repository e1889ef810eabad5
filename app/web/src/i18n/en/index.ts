import type { Words } from '../index';
import common from './common';
import account from './account';
import shell from './shell';
import patient from './patient';
import staff from './staff';
import desk from './desk';
import rights from './rights';
import codes from './codes';

/** Every key of the Spanish words: the type says so. */
const words: Words = { ...common, ...account, ...shell, ...patient, ...staff, ...desk, ...rights, ...codes };
export default words;
