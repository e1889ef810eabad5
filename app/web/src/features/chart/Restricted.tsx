import { useEffect } from 'react';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Section } from '../../ui/page';
import { Requests } from '../rights/Requests';
import { OpenInEmergency } from './BreakGlass';

/** The processing of a person's data is restricted: what is left is an emergency, and what the person asks for. */
export function Restricted({ id }: { id: string }) {
  const me = useMe();
  const { t } = useI18n();
  useEffect(() => {
    document.title = `${t('restricted.title')} · Galeno`;
  }, [t]);
  return (
    <div className="page">
      <section className="glass">
        <Icon name="lock" size={32} />
        <h1>{t('restricted.title')}</h1>
        <p>{t('restricted.text')}</p>
        {can(me.role, 'emergency.open') ? <OpenInEmergency patient={id} /> : null}
      </section>
      {can(me.role, 'data.request') ? (
        <Section title={t('rights.of-patient')}>
          <Requests patient={id} />
        </Section>
      ) : null}
    </div>
  );
}
