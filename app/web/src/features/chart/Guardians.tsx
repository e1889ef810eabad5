import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { full, listed } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { dayIn, endOf } from '../../i18n/format';
import { FormDialog } from '../../ui/FormDialog';
import { Button, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark } from '../../ui/page';
import { say } from '../../ui/toasts';
import { lasts } from '../patient/queries';
import type { Patient } from '../staff/find';
import { SearchBox } from '../staff/SearchBox';

type Guardian = Schemas['Guardian'];

export function guardiansQuery(patient: string) {
  return queryOptions({
    queryKey: ['guardians', patient],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/guardians', { params: { path: { id: patient } } })),
  });
}

/** Who acts for a patient: a parent, a guardian. Those that ended stay readable. */
export function Guardians({ patient }: { patient: string }) {
  const me = useMe();
  const { t, f } = useI18n();
  const guardians = useQuery(guardiansQuery(patient));
  const manages = can(me.role, 'guardian.manage');
  const [naming, setNaming] = useState(false);
  const [ending, setEnding] = useState<Guardian>();
  return (
    <>
      <Loaded query={guardians} lines={1}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('guardians.none')}</Empty>
          ) : (
            <ul className="rows">
              {[...list]
                .sort((one, other) => Number(lasts(other)) - Number(lasts(one)))
                .map((each) => (
                  <li key={each.id}>
                    <div>
                      <strong>{full(each)}</strong>{' '}
                      {lasts(each) ? null : <Mark>{t('guardians.ended', { day: f.day(each.until ?? '') })}</Mark>}
                      <p className="hint">
                        {each.relationship} · {t('guardians.since', { day: f.day(each.since) })}
                        {lasts(each) && each.until ? ` · ${t('guardians.until', { day: f.day(each.until) })}` : ''}
                      </p>
                    </div>
                    {manages && lasts(each) ? (
                      <Button onClick={() => setEnding(each)} aria-label={t('guardians.end-of', { name: full(each) })}>
                        {t('guardians.end')}
                      </Button>
                    ) : null}
                  </li>
                ))}
            </ul>
          )
        }
      </Loaded>
      {manages ? (
        <Button onClick={() => setNaming(true)}>
          <Icon name="plus" size={16} /> {t('guardians.new')}
        </Button>
      ) : null}
      {naming ? <Name patient={patient} onClose={() => setNaming(false)} /> : null}
      {ending ? <End patient={patient} guardian={ending} onClose={() => setEnding(undefined)} /> : null}
    </>
  );
}

function Name({ patient, onClose }: { patient: string; onClose: () => void }) {
  const { t, f } = useI18n();
  const client = useQueryClient();
  const [who, setWho] = useState<Patient>();
  const [missing, setMissing] = useState(false);
  const [relationship, setRelationship] = useState('');
  const [until, setUntil] = useState('');
  const sending = useSend(
    (body: Schemas['NewGuardian'], key) =>
      data(api().POST('/api/v1/patients/{id}/guardians', { ...keyed(key), params: { path: { id: patient } }, body })),
    async () => {
      say(t('guardians.named'));
      await client.invalidateQueries({ queryKey: guardiansQuery(patient).queryKey });
      onClose();
    },
  );
  const submit = () => {
    setMissing(!who);
    if (!who) return;
    void sending.send({
      guardian: who.id,
      relationship: relationship.trim(),
      until: until === '' ? null : endOf(f.zone, until),
    });
  };
  return (
    <FormDialog title={t('guardians.new')} go={t('guardians.go')} sending={sending} onClose={onClose} onSubmit={submit}>
      <p>{t('guardians.text')}</p>
      {who ? (
        <div className="row between">
          <p>
            <strong>{listed(who)}</strong> <span className="hint">{f.date(who.birth_date)}</span>
          </p>
          <Button onClick={() => setWho(undefined)}>{t('guardians.other')}</Button>
        </div>
      ) : (
        <SearchBox focus label={t('guardians.who')} onChoose={setWho} />
      )}
      {missing && !who ? (
        <p className="fault" role="alert">
          {t('guardians.choose')}
        </p>
      ) : null}
      <TextField
        label={t('guardians.relationship')}
        hint={t('guardians.relationship-hint')}
        value={relationship}
        onValue={setRelationship}
        error={sending.problem?.field('relationship')}
        maxLength={40}
        required
        autoComplete="off"
      />
      <TextField
        label={t('guardians.until-day')}
        hint={t('guardians.until-hint')}
        value={until}
        onValue={setUntil}
        error={sending.problem?.field('until')}
        type="date"
        min={dayIn(f.zone)}
        optional
      />
    </FormDialog>
  );
}

function End({ patient, guardian, onClose }: { patient: string; guardian: Guardian; onClose: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const sending = useSend(
    (guardianship: string, key) =>
      data(
        api().DELETE('/api/v1/patients/{id}/guardians/{guardianship}', {
          ...keyed(key),
          params: { path: { id: patient, guardianship } },
        }),
      ),
    async () => {
      say(t('guardians.ended-now'));
      await client.invalidateQueries({ queryKey: guardiansQuery(patient).queryKey });
      onClose();
    },
  );
  return (
    <FormDialog
      title={t('guardians.end-of', { name: full(guardian) })}
      go={t('guardians.end')}
      kind="danger"
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(guardian.id)}
    >
      <p>{t('guardians.end-text')}</p>
    </FormDialog>
  );
}
