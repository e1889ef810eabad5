/**
 * Who may do what, as far as the page needs it to offer only what works. The API decides; a test keeps this equal to
 * docs/authorization.md.
 */

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
  'patient.create': 'physician nurse receptionist',
  'patient.update': 'physician nurse receptionist',
  'patient.account': 'receptionist administrator',
  'care-team.read': 'physician nurse receptionist administrator auditor patient',
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
} as const;

export type Permission = keyof typeof table;
export const permissions = Object.keys(table) as Permission[];

export function can(role: Role, permission: Permission): boolean {
  return table[permission].split(' ').includes(role);
}
