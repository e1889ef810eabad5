import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, type Schemas } from '../../api/client';
import { full, useStaffNames } from '../../app/names';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button } from '../../ui/forms';
import { Loaded } from '../../ui/page';
import { compared, usePatientLabels } from '../staff/PatientFields';
import { usePatient } from './chart';

type Version = Schemas['PatientVersion'];

/** Every version of a patient's details: who changed what, when and why. */
export function History() {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="quiet" onClick={() => setOpen(true)}>
        {t('history.open')}
      </Button>
      {open ? (
        <Dialog open wide onClose={() => setOpen(false)} title={t('history.title')}>
          <Merges />
          <Versions />
        </Dialog>
      ) : null}
    </>
  );
}

/** What was joined to this registration: it explains why there is more in the record than was written here. */
function Merges() {
  const patient = usePatient();
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const merges = useQuery({
    queryKey: ['merges', patient.id, patient.version],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/merges', { params: { path: { id: patient.id } } })),
  });
  if (merges.data?.length === 0) return null;
  return (
    <Loaded query={merges} lines={1}>
      {(list) => (
        <ul className="rows">
          {list.map((each) => (
            <li key={each.merged}>
              <div>
                <strong>{t('merge.joined', { name: full(each), day: f.date(each.birth_date) })}</strong>
                <p>{each.reason}</p>
                <p className="hint">{nameOf(each.actor) ?? ''}</p>
              </div>
              <time className="hint" dateTime={each.at}>
                {f.moment(each.at)}
              </time>
            </li>
          ))}
        </ul>
      )}
    </Loaded>
  );
}

function Versions() {
  const patient = usePatient();
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const labels = usePatientLabels();
  const versions = useQuery({
    queryKey: ['versions', patient.id, patient.version],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/versions', { params: { path: { id: patient.id } } })),
  });
  return (
    <Loaded query={versions}>
      {(list) => (
        <ol className="rows">
          {list.map((version, index) => {
            const fields = changed(version, list[index + 1]);
            return (
              <li key={version.version}>
                <div>
                  <strong>
                    {fields === undefined
                      ? t('history.registered')
                      : fields.map((field) => labels[field]).join(' · ') || t('history.nothing')}
                  </strong>
                  {(fields ?? []).map((field) => (
                    <p key={field}>
                      {labels[field]}: <del>{textOf(list[index + 1], field) || t('conflict.empty')}</del> →{' '}
                      <ins>{textOf(version, field) || t('conflict.empty')}</ins>
                    </p>
                  ))}
                  {version.reason ? <p>{version.reason}</p> : null}
                  <p className="hint">{nameOf(version.actor) ?? ''}</p>
                </div>
                <time className="hint" dateTime={version.at}>
                  {f.moment(version.at)}
                </time>
              </li>
            );
          })}
        </ol>
      )}
    </Loaded>
  );
}

const kept = [...compared, 'language'] as const;

function textOf(version: Version | undefined, field: (typeof kept)[number]): string {
  if (!version) return '';
  const { content } = version;
  return field === 'document_number' ? (content.document?.number ?? '') : (content[field] ?? '');
}

/** What a version changed; nothing to compare with: it is the first one. */
export function changed(version: Version, before: Version | undefined): (typeof kept)[number][] | undefined {
  return before && kept.filter((field) => textOf(version, field) !== textOf(before, field));
}
