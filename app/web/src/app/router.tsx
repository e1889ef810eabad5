/** Every address of the application. Screens are loaded when they are opened; the first one of all is there at once. */

import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { ReturnPage, SignInPage } from '../features/account/sign-in';
import { Broken, Gate, Lost, Root } from './Root';
import type { Permission } from './permissions';

export interface Context {
  environment: string | undefined;
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    /** Who may be here at all; the API decides about everything in it. */
    needs?: Permission;
  }
}

const root = createRootRouteWithContext<Context>()({ component: Root, notFoundComponent: Lost });
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const some = <T extends Record<string, string | undefined>>(search: T) =>
  Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: string };

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search) => some({ next: text(search['next']), organization: text(search['organization']) }),
  component: SignInPage,
});
const back = createRoute({
  getParentRoute: () => root,
  path: '/sign-in/return',
  validateSearch: (search) =>
    some({ code: text(search['code']), state: text(search['state']), error: text(search['error']) }),
  component: ReturnPage,
});
const activate = createRoute({
  getParentRoute: () => root,
  path: '/activate',
  component: lazyRouteComponent(() => import('../features/account/activate'), 'ActivatePage'),
});
const verify = createRoute({
  getParentRoute: () => root,
  path: '/verify',
  component: lazyRouteComponent(() => import('../features/pharmacy/verify'), 'VerifyPage'),
});

const gate = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Gate });
const within = () => gate;

const home = createRoute({
  getParentRoute: within,
  path: '/',
  component: lazyRouteComponent(() => import('../features/home'), 'Home'),
});
const account = createRoute({
  getParentRoute: within,
  path: '/account',
  component: lazyRouteComponent(() => import('../features/account/account'), 'AccountPage'),
});

// Patients
const book = createRoute({
  getParentRoute: within,
  path: '/book',
  validateSearch: (search) => some({ move: text(search['move']), schedule: text(search['schedule']) }),
  component: lazyRouteComponent(() => import('../features/patient/book'), 'BookPage'),
});
const appointments = createRoute({
  getParentRoute: within,
  path: '/appointments',
  component: lazyRouteComponent(() => import('../features/patient/appointments'), 'AppointmentsPage'),
});
const prescriptions = createRoute({
  getParentRoute: within,
  path: '/prescriptions',
  component: lazyRouteComponent(() => import('../features/patient/prescriptions'), 'PrescriptionsPage'),
});
const record = createRoute({
  getParentRoute: within,
  path: '/record',
  component: lazyRouteComponent(() => import('../features/patient/record'), 'RecordPage'),
});
const privacy = createRoute({
  getParentRoute: within,
  path: '/privacy',
  component: lazyRouteComponent(() => import('../features/patient/privacy'), 'PrivacyPage'),
});

// Staff
const search = createRoute({
  getParentRoute: within,
  path: '/patients',
  component: lazyRouteComponent(() => import('../features/staff/search'), 'SearchPage'),
  staticData: { needs: 'patient.search' },
});
const register = createRoute({
  getParentRoute: within,
  path: '/patients/new',
  component: lazyRouteComponent(() => import('../features/staff/register'), 'RegisterPage'),
  staticData: { needs: 'patient.create' },
});
const patient = createRoute({
  getParentRoute: within,
  path: '/patients/$patient',
  component: lazyRouteComponent(() => import('../features/chart/chart'), 'ChartPage'),
});
const timeline = createRoute({
  getParentRoute: () => patient,
  path: '/',
  component: lazyRouteComponent(() => import('../features/chart/timeline'), 'Timeline'),
});
const notes = createRoute({
  getParentRoute: () => patient,
  path: '/notes',
  component: lazyRouteComponent(() => import('../features/chart/notes'), 'Notes'),
});
const vitals = createRoute({
  getParentRoute: () => patient,
  path: '/vitals',
  component: lazyRouteComponent(() => import('../features/chart/vitals'), 'Vitals'),
});
const medication = createRoute({
  getParentRoute: () => patient,
  path: '/medication',
  component: lazyRouteComponent(() => import('../features/chart/medication'), 'Medication'),
});
const visits = createRoute({
  getParentRoute: () => patient,
  path: '/visits',
  component: lazyRouteComponent(() => import('../features/chart/visits'), 'Visits'),
});
const details = createRoute({
  getParentRoute: () => patient,
  path: '/details',
  component: lazyRouteComponent(() => import('../features/chart/details'), 'Details'),
});
const chartPrivacy = createRoute({
  getParentRoute: () => patient,
  path: '/privacy',
  component: lazyRouteComponent(() => import('../features/chart/privacy'), 'Privacy'),
});
const chartRights = createRoute({
  getParentRoute: () => patient,
  path: '/rights',
  component: lazyRouteComponent(() => import('../features/chart/rights'), 'Rights'),
  staticData: { needs: 'data.request' },
});
const accesses = createRoute({
  getParentRoute: () => patient,
  path: '/accesses',
  component: lazyRouteComponent(() => import('../features/chart/accesses'), 'Accesses'),
  staticData: { needs: 'access-log.patient' },
});
const merge = createRoute({
  getParentRoute: within,
  path: '/patients/$patient/merge',
  component: lazyRouteComponent(() => import('../features/staff/merge'), 'MergePage'),
  staticData: { needs: 'patient.merge' },
});
const agenda = createRoute({
  getParentRoute: within,
  path: '/agenda',
  validateSearch: (search) =>
    some({ schedule: text(search['schedule']), day: text(search['day']), view: text(search['view']) }),
  component: lazyRouteComponent(() => import('../features/agenda/agenda'), 'AgendaPage'),
  staticData: { needs: 'appointment.list' },
});
const waiting = createRoute({
  getParentRoute: within,
  path: '/waiting',
  validateSearch: (search) => some({ schedule: text(search['schedule']) }),
  component: lazyRouteComponent(() => import('../features/agenda/waiting'), 'WaitingPage'),
  staticData: { needs: 'appointment.list' },
});
const dispense = createRoute({
  getParentRoute: within,
  path: '/dispense',
  component: lazyRouteComponent(() => import('../features/pharmacy/dispense'), 'DispensePage'),
  staticData: { needs: 'prescription.dispense' },
});
const log = createRoute({
  getParentRoute: within,
  path: '/log',
  component: lazyRouteComponent(() => import('../features/audit/log'), 'LogPage'),
  staticData: { needs: 'access-log.read' },
});
const emergencies = createRoute({
  getParentRoute: within,
  path: '/emergencies',
  component: lazyRouteComponent(() => import('../features/audit/emergencies'), 'EmergenciesPage'),
  staticData: { needs: 'emergency.review' },
});
const people = createRoute({
  getParentRoute: within,
  path: '/people',
  component: lazyRouteComponent(() => import('../features/admin/people'), 'PeoplePage'),
  staticData: { needs: 'staff.manage' },
});
const clinics = createRoute({
  getParentRoute: within,
  path: '/clinics',
  component: lazyRouteComponent(() => import('../features/admin/clinics'), 'ClinicsPage'),
  staticData: { needs: 'organization.manage' },
});
const schedules = createRoute({
  getParentRoute: within,
  path: '/schedules',
  component: lazyRouteComponent(() => import('../features/admin/schedules'), 'SchedulesPage'),
  staticData: { needs: 'schedule.read' },
});
const rolesPage = createRoute({
  getParentRoute: within,
  path: '/roles',
  component: lazyRouteComponent(() => import('../features/admin/roles'), 'RolesPage'),
  staticData: { needs: 'staff.manage' },
});
const services = createRoute({
  getParentRoute: within,
  path: '/services',
  component: lazyRouteComponent(() => import('../features/admin/services'), 'ServicesPage'),
  staticData: { needs: 'token.manage' },
});

// The office of data protection
const requests = createRoute({
  getParentRoute: within,
  path: '/requests',
  component: lazyRouteComponent(() => import('../features/rights/open'), 'OpenRequestsPage'),
  staticData: { needs: 'data.rights' },
});
const erasures = createRoute({
  getParentRoute: within,
  path: '/erasures',
  component: lazyRouteComponent(() => import('../features/rights/erasures'), 'ErasuresPage'),
  staticData: { needs: 'data.rights' },
});
const research = createRoute({
  getParentRoute: within,
  path: '/research',
  component: lazyRouteComponent(() => import('../features/rights/research'), 'ResearchPage'),
  staticData: { needs: 'research.export' },
});
const processing = createRoute({
  getParentRoute: within,
  path: '/processing',
  component: lazyRouteComponent(() => import('../features/rights/processing'), 'ProcessingPage'),
  staticData: { needs: 'processing.read' },
});
const index = createRoute({
  getParentRoute: () => root,
  path: '/index.html',
  beforeLoad: () => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- this is how the router is told
    throw redirect({ to: '/' });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    back,
    activate,
    verify,
    index,
    gate.addChildren([
      home,
      account,
      book,
      appointments,
      prescriptions,
      record,
      privacy,
      search,
      register,
      patient.addChildren([timeline, notes, vitals, medication, visits, details, chartPrivacy, chartRights, accesses]),
      merge,
      agenda,
      waiting,
      dispense,
      log,
      emergencies,
      people,
      clinics,
      schedules,
      rolesPage,
      services,
      requests,
      erasures,
      research,
      processing,
    ]),
  ]),
  context: { environment: undefined },
  defaultErrorComponent: Broken,
  defaultPreload: 'intent',
  scrollRestoration: true,
});
