import { Menu as Base } from '@base-ui/react/menu';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { listed, useStaffNames } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { Dialog } from '../../ui/Dialog';
import { Button, TextArea, TextField } from '../../ui/forms';
import { Failure, Loaded } from '../../ui/page';
import { say } from '../../ui/toasts';
import { Menu } from '../../ui/Menu';
import type { Entry } from '../patient/queries';
import { usePatient } from './chart';
import { titleOf, withWords, wordsOf } from './entry';

type Doing = 'sign' | 'amend' | 'mistake' | 'versions';

/** What can be done with an entry: sign it, mark it as a mistake, amend it once it is signed, see its history. */
export function EntryActions({ entry }: { entry: Entry }) {
  const { t, f, word } = useI18n();
  const [doing, setDoing] = useState<Doing>();
  const signed = entry.status === 'signed';
  const offered: Doing[] = [...(signed ? (['amend'] as const) : (['sign'] as const)), 'mistake', 'versions'];
  const close = () => setDoing(undefined);
  return (
    <>
      <Menu
        className="button quiet"
        label={t('entry.actions', { title: titleOf(entry.content, f.number).main })}
        button="…"
      >
        {offered.map((each) => (
          <Base.Item key={each} onClick={() => setDoing(each)}>
            {word('entry-do', each)}
          </Base.Item>
        ))}
      </Menu>
      {doing === 'sign' ? <Sign entry={entry} onClose={close} /> : null}
      {doing === 'mistake' ? <Mistake entry={entry} onClose={close} /> : null}
      {doing === 'amend' ? <Amend entry={entry} onClose={close} /> : null}
      {doing === 'versions' ? <Versions entry={entry} onClose={close} /> : null}
    </>
  );
}

interface Doable {
  entry: Entry;
  onClose: () => void;
}

function useRefresh(patient: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ['entries', patient] });
}

/** Whose entry it is, and what it says: nothing is signed or struck out unseen. */
function What({ entry }: { entry: Entry }) {
  const patient = usePatient();
  const { f, word } = useI18n();
  const { main, rest, text } = titleOf(entry.content, f.number);
  return (
    <div className="sheet">
      <p>
        <strong>{listed(patient)}</strong> · {f.date(patient.birth_date)}
      </p>
      <p>
        {word('kind', entry.content.kind)}: <strong>{main}</strong> {rest ?? ''}
      </p>
      {text ? <p className="prose">{text}</p> : null}
    </div>
  );
}

function Sign({ entry, onClose }: Doable) {
  const { t } = useI18n();
  const refresh = useRefresh(entry.patient);
  const path = { id: entry.patient, entry: entry.id };
  const sending = useSend(
    (version: number, key) =>
      data(
        api().POST('/api/v1/patients/{id}/entries/{entry}/sign', {
          ...keyed(key),
          params: { path, header: match(version) },
        }),
      ),
    async () => {
      say(t('entry.signed-done'));
      await refresh();
      onClose();
    },
  );
  return (
    <Dialog open onClose={onClose} title={t('entry.sign-title')}>
      <What entry={entry} />
      <p>{t('entry.sign-text')}</p>
      <Failure problem={sending.problem} />
      <div className="row end">
        <Button onClick={onClose}>{t('dialog.cancel')}</Button>
        <Button kind="main" busy={sending.busy} onClick={() => void sending.send(entry.version)}>
          {t('entry.sign-go')}
        </Button>
      </div>
    </Dialog>
  );
}

function Mistake({ entry, onClose }: Doable) {
  const { t } = useI18n();
  const refresh = useRefresh(entry.patient);
  const draft = useDraft(`mistake/${entry.patient}/${entry.id}`, '');
  const path = { id: entry.patient, entry: entry.id };
  const sending = useSend(
    (body: { reason: string }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/entries/{entry}/error', {
          ...keyed(key),
          params: { path, header: match(entry.version) },
          body,
        }),
      ),
    async () => {
      await draft.clear();
      await refresh();
      onClose();
    },
    draft.keys,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send({ reason: draft.value.trim() });
  };
  return (
    <Dialog open onClose={onClose} firm title={t('entry.mistake-title')}>
      <form className="form" onSubmit={submit}>
        <What entry={entry} />
        <p>{t('entry.mistake-text')}</p>
        <Restored restored={draft.restored} onDiscard={draft.clear} />
        <TextField
          label={t('entry.reason')}
          value={draft.value}
          onValue={draft.set}
          error={sending.problem?.field('reason')}
          required
          maxLength={500}
        />
        <Failure problem={sending.problem} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="danger" type="submit" busy={sending.busy}>
            {t('entry.mistake-go')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** With `words`, it begins with those instead of what was signed. */
export function Amend({ entry, words, onDone, onClose }: Doable & { words?: string; onDone?: () => void }) {
  const { t } = useI18n();
  const refresh = useRefresh(entry.patient);
  const draft = useDraft(`amendment/${entry.patient}/${entry.id}`, words ?? wordsOf(entry.content));
  const path = { id: entry.patient, entry: entry.id };
  const sending = useSend(
    (value: string, key) => {
      const content = withWords(entry.content, value);
      return data(
        api().POST('/api/v1/patients/{id}/entries/{entry}/amendments', {
          ...keyed(key),
          params: { path },
          body: { content },
        }),
      );
    },
    async () => {
      await draft.clear();
      await refresh();
      onClose();
      onDone?.();
    },
    draft.keys,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(draft.value.trim());
  };
  return (
    <Dialog open onClose={onClose} firm title={t('entry.amend-title')}>
      <form className="form" onSubmit={submit}>
        <p>{t('entry.amend-text')}</p>
        <Restored restored={draft.restored} onDiscard={draft.clear} />
        <TextArea label={t('entry.amendment')} value={draft.value} onValue={draft.set} required />
        <Failure problem={sending.problem} />
        <div className="row end">
          <Button onClick={onClose}>{t('dialog.cancel')}</Button>
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('entry.amend-go')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Versions({ entry, onClose }: Doable) {
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const path = { id: entry.patient, entry: entry.id };
  const versions = useQuery({
    queryKey: ['entries', entry.patient, 'versions', entry.id, entry.version],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/entries/{entry}/versions', { params: { path } })),
  });
  return (
    <Dialog open wide onClose={onClose} title={t('entry.versions')}>
      <Loaded query={versions} lines={2}>
        {(list) => (
          <ol className="rows">
            {list.map((each) => {
              const title = titleOf(each.content, f.number);
              return (
                <li key={each.version}>
                  <div>
                    <strong>
                      {title.main} {title.rest ?? ''}
                    </strong>
                    {title.text ? <p className="prose">{title.text}</p> : null}
                    <p className="hint">
                      {t('entry.version', { version: each.version })} · {nameOf(each.author) ?? ''} ·{' '}
                      {f.moment(each.at)}
                      {each.reason ? ` · ${each.reason}` : ''}
                    </p>
                  </div>
                </li>
              );
            })}
          </ol>
        )}
      </Loaded>
    </Dialog>
  );
}
