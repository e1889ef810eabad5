import { lazy } from 'react';
import { useMe, type Role } from '../app/session';

const PatientHome = lazy(() => import('./patient/home').then((module) => ({ default: module.PatientHome })));
const Today = lazy(() => import('./staff/today').then((module) => ({ default: module.TodayPage })));
const Dispense = lazy(() => import('./pharmacy/dispense').then((module) => ({ default: module.DispensePage })));
const People = lazy(() => import('./admin/people').then((module) => ({ default: module.PeoplePage })));
const Log = lazy(() => import('./audit/log').then((module) => ({ default: module.LogPage })));

const homes: Record<Role, typeof Today> = {
  patient: PatientHome,
  physician: Today,
  nurse: Today,
  receptionist: Today,
  pharmacist: Dispense,
  administrator: People,
  auditor: Log,
  service: Today,
};

/** The first screen is what the role begins its day with. */
export function Home() {
  const Screen = homes[useMe().role];
  return <Screen />;
}
