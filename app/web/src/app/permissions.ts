/**
 * Who may do what, as far as the page needs it to offer only what works. The API decides; a test keeps this equal to
 * docs/authorization.md.
 */

import type { Schemas } from '../api/client';
import type { Role } from './session';

export const roles = [
  'physician',
  'nurse',
  'receptionist',
  'pharmacist',
  'administrator',
  'auditor',
  'patient',
] as const;

const table = {
  'staff.manage': 'administrator',
  'organization.manage': 'administrator',
  'patient.search': 'physician nurse receptionist pharmacist',
  'patient.read': 'physician nurse receptionist pharmacist auditor patient',
  'patient.create': 'physician nurse receptionist',
  'patient.update': 'physician nurse receptionist',
  'patient.merge': 'receptionist administrator',
  'patient.account': 'receptionist administrator',
  'guardian.manage': 'receptionist administrator',
  'care-team.read': 'physician nurse receptionist administrator auditor patient',
  'care-team.manage': 'physician administrator',
  'record.read': 'physician nurse patient',
  'record.write': 'physician nurse',
  'record.sign': 'physician nurse',
  'schedule.read': 'physician nurse receptionist administrator patient',
  'schedule.manage': 'receptionist administrator',
  'appointment.read': 'physician nurse receptionist patient',
  'appointment.book': 'physician nurse receptionist patient',
  'appointment.list': 'physician nurse receptionist',
  'appointment.attend': 'physician nurse receptionist',
  'prescription.read': 'physician nurse pharmacist patient',
  'prescription.write': 'physician',
  'prescription.dispense': 'pharmacist',
  'emergency.open': 'physician nurse',
  'emergency.review': 'auditor',
  'access-log.patient': 'auditor patient',
  'access-log.read': 'auditor',
  'consent.read': 'physician nurse receptionist auditor patient',
  'consent.manage': 'receptionist patient',
  'data.export': 'auditor patient',
  'data.request': 'receptionist auditor patient',
  'data.rights': 'auditor',
  'processing.read': 'administrator auditor',
  'processing.manage': 'administrator',
  'research.export': 'auditor',
  'token.manage': 'administrator',
} as const;

export type Permission = keyof typeof table;
export const permissions = Object.keys(table) as Permission[];

export function can(role: Role, permission: Permission): boolean {
  return table[permission].split(' ').includes(role);
}

/** What another program may be given at all: the table's column `service`. */
export const scopes = [
  'organization.read',
  'staff.read',
  'patient.search',
  'patient.read',
  'patient.create',
  'patient.update',
  'record.read',
  'schedule.read',
  'appointment.read',
  'appointment.book',
  'prescription.read',
  'consent.read',
] as const satisfies readonly Schemas['Action'][];
