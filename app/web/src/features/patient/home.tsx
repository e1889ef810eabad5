import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { full, myName } from '../../app/names';
import { useMe } from '../../app/session';
import { useSubject } from '../../app/subject';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Page, Section } from '../../ui/page';
import { AppointmentLine, AppointmentRows } from './AppointmentRows';
import { appointmentsQuery, careTeamQuery, lasts, prescriptionsQuery, upcoming } from './queries';

export function PatientHome() {
  const me = useMe();
  const { id, ward } = useSubject();
  const { t, f } = useI18n();
  const name = useQuery(myName(me));
  const appointments = useQuery(appointmentsQuery(id));
  const prescriptions = useQuery(prescriptionsQuery(id));
  const team = useQuery(careTeamQuery(id));
  const hello =
    name.data === undefined ? t('home.hello') : t('home.hello-name', { name: name.data.split(' ')[0] ?? '' });
  return (
    <Page
      title={ward ? full(ward) : hello}
      actions={
        <Link to="/book" className="button main">
          <Icon name="plus" /> {t('home.book')}
        </Link>
      }
    >
      <Section
        title={t('home.next')}
        actions={
          <Link to="/appointments" className="more">
            {t('home.all-appointments')}
          </Link>
        }
      >
        <Loaded query={appointments} lines={2}>
          {(list) => {
            const [first, ...others] = upcoming(list);
            if (!first) return <Empty>{t('home.none')}</Empty>;
            return (
              <>
                <AppointmentLine appointment={first} prominent />
                {others.length > 0 ? <AppointmentRows list={others.slice(0, 3)} /> : null}
              </>
            );
          }}
        </Loaded>
      </Section>
      <Section
        title={t('home.prescriptions')}
        actions={
          <Link to="/prescriptions" className="more">
            {t('home.all-prescriptions')}
          </Link>
        }
      >
        <Loaded query={prescriptions} lines={2}>
          {(list) => {
            const active = list.filter((each) => each.status === 'active');
            if (active.length === 0) return <Empty>{t('prescriptions.none')}</Empty>;
            return (
              <ul className="rows">
                {active.slice(0, 4).map((each) => (
                  <li key={each.id}>
                    <div>
                      <strong>{each.medication}</strong>
                      <p className="hint">
                        {each.dose} · {each.frequency}
                      </p>
                    </div>
                    {each.valid_until ? (
                      <span className="hint">{t('prescriptions.until', { day: f.day(each.valid_until) })}</span>
                    ) : null}
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
      <Section title={t('home.team')}>
        <Loaded query={team} lines={1}>
          {(all) => {
            const list = all.filter((member) => lasts(member));
            return list.length === 0 ? (
              <Empty>{t('home.team-none')}</Empty>
            ) : (
              <ul className="rows">
                {list.map((member) => (
                  <li key={member.id}>
                    <div>
                      <strong>{full(member)}</strong>
                      <p className="hint">{member.reason}</p>
                    </div>
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
    </Page>
  );
}
