import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSubject } from '../../app/subject';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark, Page, Section } from '../../ui/page';
import { Qr } from '../../ui/Qr';
import { prescriptionsQuery, type Prescription } from './queries';

export function PrescriptionsPage() {
  const subject = useSubject();
  const { t } = useI18n();
  const prescriptions = useQuery(prescriptionsQuery(subject.id));
  const [shown, setShown] = useState<Prescription>();
  return (
    <Page title={t('prescriptions.title')} lead={t('prescriptions.lead')}>
      <Loaded query={prescriptions}>
        {(list) => {
          const signed = list.filter((each) => each.status !== 'draft');
          const active = signed.filter((each) => each.status === 'active' || each.status === 'on-hold');
          const past = signed.filter((each) => !active.includes(each));
          return (
            <>
              <Section title={t('prescriptions.active')}>
                {active.length === 0 ? (
                  <Empty>{t('prescriptions.none')}</Empty>
                ) : (
                  <Rows list={active} onShow={setShown} />
                )}
              </Section>
              {past.length === 0 ? null : (
                <Section title={t('prescriptions.past')}>
                  <Rows list={past} onShow={setShown} />
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
      {shown?.code ? (
        <Dialog open onClose={() => setShown(undefined)} title={shown.medication}>
          <div className="pass">
            <Qr text={shown.code} label={t('prescriptions.qr', { medication: shown.medication })} size={240} />
            <p className="code-words">{shown.code}</p>
            <p>{t('prescriptions.show')}</p>
          </div>
        </Dialog>
      ) : null}
    </Page>
  );
}

function Rows({ list, onShow }: { list: readonly Prescription[]; onShow: (prescription: Prescription) => void }) {
  const { t, f, word } = useI18n();
  return (
    <ul className="rows">
      {list.map((each) => (
        <li key={each.id}>
          <div>
            <strong>{each.medication}</strong>{' '}
            {each.status === 'active' ? null : <Mark>{word('prescription-status', each.status)}</Mark>}
            <p>{t('prescriptions.how', { dose: each.dose, frequency: each.frequency })}</p>
            <p className="hint">
              {t('prescriptions.left', {
                left: f.number(each.quantity - each.dispensed),
                quantity: f.number(each.quantity),
                unit: each.unit,
              })}
              {each.valid_until ? ` · ${t('prescriptions.until', { day: f.day(each.valid_until) })}` : ''}
            </p>
          </div>
          {each.status === 'active' && each.code ? (
            <Button
              kind="main"
              onClick={() => onShow(each)}
              aria-label={t('prescriptions.code-of', { medication: each.medication })}
            >
              <Icon name="pill" /> {t('prescriptions.code')}
            </Button>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
