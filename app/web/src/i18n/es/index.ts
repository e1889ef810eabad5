import common from './common';
import account from './account';
import shell from './shell';
import patient from './patient';
import staff from './staff';
import desk from './desk';
import rights from './rights';
import codes from './codes';

export default { ...common, ...account, ...shell, ...patient, ...staff, ...desk, ...rights, ...codes };
