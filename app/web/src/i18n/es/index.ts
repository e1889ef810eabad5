import common from './common';
import account from './account';
import shell from './shell';
import patient from './patient';
import staff from './staff';
import codes from './codes';

export default { ...common, ...account, ...shell, ...patient, ...staff, ...codes };
