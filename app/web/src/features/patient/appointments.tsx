import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useSubject } from '../../app/subject';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Page, Section } from '../../ui/page';
import { AppointmentRows } from './AppointmentRows';
import { appointmentsQuery, upcoming } from './queries';

export function AppointmentsPage() {
  const subject = useSubject();
  const { t } = useI18n();
  const appointments = useQuery(appointmentsQuery(subject.id));
  return (
    <Page
      title={t('appointments.title')}
      actions={
        <Link to="/book" className="button main">
          <Icon name="plus" /> {t('home.book')}
        </Link>
      }
    >
      <Loaded query={appointments}>
        {(list) => {
          const next = upcoming(list);
          const past = list.filter((each) => !next.includes(each));
          return (
            <>
              <Section title={t('appointments.next')}>
                {next.length === 0 ? <Empty>{t('home.none')}</Empty> : <AppointmentRows list={next} />}
              </Section>
              {past.length === 0 ? null : (
                <Section title={t('appointments.past')}>
                  <AppointmentRows list={past} />
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
