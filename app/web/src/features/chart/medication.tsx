import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { can } from '../../app/permissions';
import { useStaffNames } from '../../app/names';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark, Section } from '../../ui/page';
import { prescriptionsQuery, type Prescription } from '../patient/queries';
import { usePatient } from './chart';
import { Prescribe } from './Prescribe';
import { Stop } from './Stop';

/** What the patient takes, what waits for a signature, what is over. */
export function Medication() {
  const patient = usePatient();
  const me = useMe();
  const { t } = useI18n();
  const prescriptions = useQuery(prescriptionsQuery(patient.id));
  const [writing, setWriting] = useState<Prescription | 'new'>();
  const writes = can(me.role, 'prescription.write');
  return (
    <>
      {writes ? (
        <div className="row end">
          <Button kind="main" onClick={() => setWriting('new')}>
            <Icon name="plus" /> {t('prescribe.title')}
          </Button>
        </div>
      ) : null}
      <Loaded query={prescriptions}>
        {(list) => {
          const drafts = list.filter((each) => each.status === 'draft');
          const active = list.filter((each) => each.status === 'active' || each.status === 'on-hold');
          const past = list.filter((each) => !drafts.includes(each) && !active.includes(each));
          return (
            <>
              <Section title={t('medication.active')}>
                {active.length === 0 ? <Empty>{t('prescriptions.none')}</Empty> : <Rows list={active} />}
              </Section>
              {drafts.length === 0 ? null : (
                <Section title={t('medication.drafts')}>
                  <Rows list={drafts} onReview={writes ? setWriting : undefined} />
                </Section>
              )}
              {past.length === 0 ? null : (
                <Section title={t('prescriptions.past')}>
                  <Rows list={past} />
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
      {writing === undefined ? null : (
        <Prescribe draft={writing === 'new' ? undefined : writing} onClose={() => setWriting(undefined)} />
      )}
    </>
  );
}

function Rows({
  list,
  onReview,
}: {
  list: readonly Prescription[];
  onReview?: ((prescription: Prescription) => void) | undefined;
}) {
  const me = useMe();
  const { t, f, word } = useI18n();
  const nameOf = useStaffNames();
  const [stopping, setStopping] = useState<Prescription>();
  return (
    <ul className="rows">
      {list.map((each) => (
        <li key={each.id}>
          <div>
            <strong>{each.medication}</strong> <span className="hint">{each.atc}</span>{' '}
            {each.status === 'active' ? null : (
              <Mark kind={each.status === 'draft' ? 'warning' : 'plain'}>
                {word('prescription-status', each.status)}
              </Mark>
            )}
            <p>{t('prescriptions.how', { dose: each.dose, frequency: each.frequency })}</p>
            <p className="hint">
              {nameOf(each.prescriber) ?? ''} ·{' '}
              {t('prescriptions.left', {
                left: f.number(each.quantity - each.dispensed),
                quantity: f.number(each.quantity),
                unit: each.unit,
              })}
              {each.valid_until ? ` · ${t('prescriptions.until', { day: f.day(each.valid_until) })}` : ''}
            </p>
          </div>
          <div className="row">
            {onReview && each.prescriber === me.person ? (
              <Button onClick={() => onReview(each)}>{t('medication.review')}</Button>
            ) : null}
            {can(me.role, 'prescription.write') && each.status === 'active' ? (
              <Button
                kind="quiet"
                onClick={() => setStopping(each)}
                aria-label={t('medication.stop-of', { medication: each.medication })}
              >
                {t('medication.stop')}
              </Button>
            ) : null}
          </div>
        </li>
      ))}
      {stopping ? <Stop prescription={stopping} onClose={() => setStopping(undefined)} /> : null}
    </ul>
  );
}
