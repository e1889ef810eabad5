import { Menu as Base } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useRouteContext } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { choose, useI18n, type Key } from '../i18n';
import { ActFor } from '../features/patient/ActFor';
import { PatientSearch } from '../features/staff/PatientSearch';
import { Icon, type IconName } from '../ui/Icon';
import { Menu } from '../ui/Menu';
import { can } from './permissions';
import { myName } from './names';
import { organizationQuery, useMe, type Role } from './session';
import { useSignOut } from './SignOut';
import { chooseTheme, useTheme, type Theme } from './theme';

interface Place {
  to:
    | '/'
    | '/appointments'
    | '/prescriptions'
    | '/record'
    | '/privacy'
    | '/patients'
    | '/agenda'
    | '/waiting'
    | '/dispense'
    | '/log'
    | '/emergencies'
    | '/people'
    | '/clinics'
    | '/schedules'
    | '/roles'
    | '/services'
    | '/requests'
    | '/research'
    | '/processing';
  icon: IconName;
  words: Key;
}

const place = (to: Place['to'], icon: IconName, words: Key): Place => ({ to, icon, words });
const today = place('/', 'today', 'nav.today');
const patients = place('/patients', 'search', 'nav.patients');
const agenda = place('/agenda', 'agenda', 'nav.agenda');
const waiting = place('/waiting', 'waiting', 'nav.waiting');
const processing = place('/processing', 'record', 'nav.processing');
const schedules = place('/schedules', 'table', 'nav.schedules');

const places: Record<Role, readonly Place[]> = {
  patient: [
    place('/', 'home', 'nav.home'),
    place('/appointments', 'agenda', 'nav.appointments'),
    place('/prescriptions', 'pill', 'nav.prescriptions'),
    place('/record', 'record', 'nav.record'),
    place('/privacy', 'shield', 'nav.privacy'),
  ],
  physician: [today, patients, agenda, waiting],
  nurse: [today, patients, agenda, waiting],
  receptionist: [today, patients, agenda, waiting, schedules],
  pharmacist: [place('/', 'pill', 'nav.dispense'), patients],
  administrator: [
    place('/', 'people', 'nav.people'),
    place('/clinics', 'clinic', 'nav.clinics'),
    schedules,
    place('/roles', 'key', 'nav.roles'),
    place('/services', 'plug', 'nav.services'),
    processing,
  ],
  auditor: [
    place('/', 'eye', 'nav.log'),
    place('/emergencies', 'warning', 'nav.emergencies'),
    place('/requests', 'shield', 'nav.requests'),
    place('/research', 'chart', 'nav.research'),
    processing,
  ],
  service: [],
};

export function Shell({ children }: { children: ReactNode }) {
  const me = useMe();
  const { t } = useI18n();
  const organization = useQuery(organizationQuery);
  const environment = useRouteContext({ from: '__root__', select: (context) => context.environment });
  return (
    <div className={`shell ${me.kind}`}>
      <a className="skip" href="#main">
        {t('nav.skip')}
      </a>
      <header className="top">
        <Link to="/" className="brand" aria-label={t('nav.brand', { name: organization.data?.name ?? 'Galeno' })}>
          <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
            <rect width="32" height="32" rx="9" className="brand-ground" />
            <path d="M9 17h4l2-7 3.4 12 2-5H23" className="brand-line" />
          </svg>
          <span>{organization.data?.name ?? ''}</span>
        </Link>
        {environment === undefined || me.kind !== 'staff' ? null : (
          <span className="mark warning environment">{environment}</span>
        )}
        {can(me.role, 'patient.search') ? <PatientSearch /> : null}
        <AccountMenu />
      </header>
      <nav className="places" aria-label={t('nav.label')}>
        {places[me.role].map(({ to, icon, words }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === '/', includeSearch: false }}
            activeProps={{ 'aria-current': 'page' }}
          >
            <Icon name={icon} />
            <span>{t(words)}</span>
          </Link>
        ))}
      </nav>
      {me.kind === 'patient' ? (
        <div className="person">
          <ActFor />
          {children}
        </div>
      ) : (
        children
      )}
    </div>
  );
}

function AccountMenu() {
  const me = useMe();
  const navigate = useNavigate();
  const { t, language, word } = useI18n();
  const theme = useTheme();
  const name = useQuery(myName(me));
  const { leave, failure } = useSignOut();
  const themes: Theme[] = ['light', 'dark', 'device'];
  return (
    <>
      <Menu
        className="button quiet account"
        button={
          <>
            <Icon name="account" />
            <span className="unseen">{t('menu.label', { name: '' })}</span>
            <span className="account-name">
              {name.data ?? me.username} <small>{word('role', me.role)}</small>
            </span>
          </>
        }
      >
        <Base.Item onClick={() => void navigate({ to: '/account' })}>
          <Icon name="key" /> {t('menu.account')}
        </Base.Item>
        <Base.Separator className="menu-line" />
        <Choice
          label={t('menu.language')}
          value={language}
          choose={(value: string) => void choose(value)}
          items={(['es', 'en'] as const).map((code) => ({ value: code, words: word('language', code), lang: code }))}
        />
        <Choice
          label={t('menu.theme')}
          value={theme}
          choose={chooseTheme}
          items={themes.map((value) => ({ value, words: word('theme', value) }))}
        />
        <Base.Separator className="menu-line" />
        <Base.Item onClick={leave}>
          <Icon name="out" /> {t('menu.out')}
        </Base.Item>
      </Menu>
      {failure}
    </>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  choose: (value: Value) => void;
  items: { value: Value; words: string; lang?: string }[];
}

/** One of a few, in a menu: the one that holds is marked. */
function Choice<Value extends string>({ label, value, choose, items }: ChoiceProps<Value>) {
  return (
    <Base.Group>
      <Base.GroupLabel>{label}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={choose}>
        {items.map((item) => (
          <Base.RadioItem key={item.value} value={item.value} lang={item.lang}>
            {item.words}
            <Base.RadioItemIndicator>
              <Icon name="check" size={16} />
            </Base.RadioItemIndicator>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}
