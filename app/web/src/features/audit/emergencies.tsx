import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { all, full, paged, usePatientLabel, useStaffNames } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { Button, choicesOf, SelectField, TextArea } from '../../ui/forms';
import { Empty, Loaded, Mark, Page, Section } from '../../ui/page';
import { say } from '../../ui/toasts';

type Emergency = Schemas['EmergencyAccess'];

/** Records that were opened in an emergency: each one is judged, once. */
export function EmergenciesPage() {
  const { t } = useI18n();
  const emergencies = useQuery({
    queryKey: ['emergencies'],
    queryFn: () => all((cursor) => data(api().GET('/api/v1/emergencies', { params: { query: paged(cursor) } }))),
  });
  return (
    <Page title={t('emergencies.title')} lead={t('emergencies.lead')}>
      <Loaded query={emergencies}>
        {(list) => {
          const open = list.filter((each) => !each.verdict);
          const judged = list.filter((each) => each.verdict);
          return (
            <>
              <Section title={t('emergencies.open')}>
                {open.length === 0 ? (
                  <Empty>{t('emergencies.none')}</Empty>
                ) : (
                  <ul className="rows">
                    {open.map((each) => (
                      <Line key={each.id} emergency={each} />
                    ))}
                  </ul>
                )}
              </Section>
              {judged.length === 0 ? null : (
                <Section title={t('emergencies.judged')}>
                  <ul className="rows">
                    {judged.map((each) => (
                      <Line key={each.id} emergency={each} />
                    ))}
                  </ul>
                </Section>
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Line({ emergency }: { emergency: Emergency }) {
  const { t, f, word } = useI18n();
  const nameOf = useStaffNames();
  const { patient, label } = usePatientLabel(emergency.patient);
  const [judging, setJudging] = useState(false);
  const who = nameOf(emergency.staff) ?? '…';
  return (
    <li>
      <div>
        <strong>{who}</strong> <span>→ {patient ? full(patient) : label}</span>
        <p className="prose">{emergency.reason}</p>
        <p className="hint">
          {f.moment(emergency.opened_at)} – {f.time(emergency.expires_at)}
          {emergency.comment ? ` · ${emergency.comment}` : ''}
        </p>
      </div>
      {emergency.verdict ? (
        <Mark kind={emergency.verdict === 'justified' ? 'good' : 'danger'}>{word('verdict', emergency.verdict)}</Mark>
      ) : (
        <Button onClick={() => setJudging(true)} aria-label={t('emergencies.judge-of', { name: who })}>
          {t('emergencies.judge')}
        </Button>
      )}
      {judging ? <Judge emergency={emergency} onClose={() => setJudging(false)} /> : null}
    </li>
  );
}

function Judge({ emergency, onClose }: { emergency: Emergency; onClose: () => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const [verdict, setVerdict] = useState('');
  const draft = useDraft(`review/${emergency.id}`, '');
  const sending = useSend(
    (body: Schemas['Review'], key) =>
      data(
        api().POST('/api/v1/emergencies/{id}/review', {
          ...keyed(key),
          params: { path: { id: emergency.id }, header: match(emergency.version) },
          body,
        }),
      ),
    async () => {
      say(t('emergencies.done'));
      await draft.clear();
      await client.invalidateQueries({ queryKey: ['emergencies'] });
      onClose();
    },
    draft.keys,
  );
  return (
    <FormDialog
      title={t('emergencies.judge')}
      go={t('emergencies.go')}
      sending={sending}
      onClose={onClose}
      onSubmit={() =>
        void sending.send({ verdict: verdict as Schemas['EmergencyVerdict'], comment: draft.value.trim() })
      }
    >
      <p className="prose sheet">{emergency.reason}</p>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <SelectField
        label={t('emergencies.verdict')}
        placeholder={t('form.choose')}
        value={verdict}
        onValue={setVerdict}
        choices={choicesOf(word, 'verdict', ['justified', 'unjustified'])}
        required
      />
      <TextArea
        label={t('emergencies.comment')}
        value={draft.value}
        onValue={draft.set}
        error={sending.problem?.field('comment')}
        required
      />
    </FormDialog>
  );
}
