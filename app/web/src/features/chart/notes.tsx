import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, match, sending as keyed } from '../../api/client';
import { useStaffNames } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { lifetime } from '../../drafts/vault';
import { useVersioned, type Versioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { Button, TextArea, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Failure, Loaded, Mark, Notice } from '../../ui/page';
import { say } from '../../ui/toasts';
import { entriesQuery, standing, type Entry } from '../patient/queries';
import { useAdd } from './add';
import { usePatient } from './chart';
import { Amend, EntryActions } from './EntryActions';

export function Notes() {
  const patient = usePatient();
  const { t } = useI18n();
  const notes = useQuery(entriesQuery(patient.id, 'note'));
  return (
    <div className="notes">
      <NewNote />
      <h2 className="month">{t('notes.before')}</h2>
      <Loaded query={notes}>
        {(list) => {
          const known = standing(list);
          return known.length === 0 ? (
            <Empty>{t('record.notes-none')}</Empty>
          ) : (
            <ol className="note-list">
              {known.map((entry) => (
                <Note key={entry.id} entry={entry} />
              ))}
            </ol>
          );
        }}
      </Loaded>
    </div>
  );
}

function NewNote() {
  const patient = usePatient();
  const { t } = useI18n();
  const draft = useDraft(`note/${patient.id}`, { title: t('notes.title-usual'), text: '' });
  const adding = useAdd(draft.keys, () => draft.clear());
  const { value, set } = draft;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void adding.send([{ kind: 'note', title: value.title.trim(), text: value.text }]);
  };
  return (
    <form className="form wide" onSubmit={submit} aria-label={t('notes.new')}>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <TextField
        label={t('notes.title')}
        value={value.title}
        onValue={(title) => set({ ...value, title })}
        error={adding.problem?.field('title')}
        required
        maxLength={200}
      />
      <TextArea
        label={t('notes.text')}
        rows={7}
        value={value.text}
        onValue={(text) => set({ ...value, text })}
        error={adding.problem?.field('text')}
        required
      />
      <Failure
        problem={adding.problem}
        retry={() => void adding.send([{ kind: 'note', title: value.title.trim(), text: value.text }])}
      />
      <div className="row">
        <Button kind="main" type="submit" busy={adding.busy}>
          {adding.busy ? t('form.saving') : t('notes.save')}
        </Button>
        <span className="hint">{t('draft.kept')}</span>
      </div>
    </form>
  );
}

function Note({ entry }: { entry: Entry }) {
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const [editing, setEditing] = useState(false);
  if (entry.content.kind !== 'note') return null;
  return (
    <li>
      <header>
        <div>
          <strong>{entry.content.title}</strong>
          <p className="hint">
            {f.moment(entry.at)} · {nameOf(entry.author) ?? ''}
          </p>
        </div>
        <div className="row">
          {entry.status === 'signed' ? (
            <Mark kind="good">
              <Icon name="lock" size={13} /> {t('entry.signed')}
            </Mark>
          ) : (
            <Button kind="quiet" onClick={() => setEditing(!editing)} aria-expanded={editing}>
              {t('notes.edit')}
            </Button>
          )}
          <EntryActions entry={entry} />
        </div>
      </header>
      {editing && entry.status === 'open' ? null : <p className="prose">{entry.content.text}</p>}
      {editing || signedLately(entry) ? <EditNote entry={entry} onDone={() => setEditing(false)} /> : null}
    </li>
  );
}

/** While a draft lives, what was typed before somebody signed the note may still be on this device. */
const signedLately = (entry: Entry) => entry.status === 'signed' && Date.now() - Date.parse(entry.at) < lifetime;

type NoteFields = Readonly<{ title: string; text: string }>;

function read(entry: Entry): Versioned<NoteFields> {
  const { title, text } = entry.content.kind === 'note' ? entry.content : { title: '', text: '' };
  return { version: entry.version, value: { title, text } };
}

/**
 * A note that is not signed yet is changed with its version; two people at once are both shown. When somebody signs it
 * meanwhile, what was typed stays in sight, to become an amendment.
 */
function EditNote({ entry, onDone }: { entry: Entry; onDone: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const path = { id: entry.patient, entry: entry.id };
  const form = useVersioned(
    `note/${entry.patient}/${entry.id}`,
    read(entry),
    ({ title, text }, version, key) =>
      data(
        api().PUT('/api/v1/patients/{id}/entries/{entry}', {
          ...keyed(key),
          params: { path, header: match(version) },
          body: { content: { kind: 'note', title, text }, reason: t('notes.edit-reason') },
        }),
      ),
    async () => read(await data(api().GET('/api/v1/patients/{id}/entries/{entry}', { params: { path } }))),
    async () => {
      say(t('notes.changed'));
      await client.invalidateQueries({ queryKey: ['entries', entry.patient] });
      onDone();
    },
  );
  const { value, set, sending } = form;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    form.submit();
  };
  if (entry.status === 'signed') {
    return <Overtaken entry={entry} typed={value} onDone={() => void form.discard().then(onDone)} />;
  }
  return (
    <form className="form wide" onSubmit={submit}>
      <Restored restored={form.restored} onDiscard={form.discard} />
      <TextField
        label={t('notes.title')}
        value={value.title}
        onValue={(title) => set({ ...value, title })}
        required
        maxLength={200}
      />
      <TextArea
        label={t('notes.text')}
        rows={7}
        value={value.text}
        onValue={(text) => set({ ...value, text })}
        required
      />
      {form.conflict ? null : <Failure problem={sending.problem} retry={form.submit} />}
      <ConflictDialog conflict={form.conflict} labels={{ title: t('notes.title'), text: t('notes.text') }} />
      <div className="row">
        <Button kind="main" type="submit" busy={sending.busy}>
          {t('notes.save-change')}
        </Button>
        <Button kind="quiet" onClick={() => void form.discard().then(onDone)}>
          {t('dialog.cancel')}
        </Button>
      </div>
    </form>
  );
}

/** What was typed into a note that somebody signed meanwhile. */
function Overtaken({ entry, typed, onDone }: { entry: Entry; typed: NoteFields; onDone: () => void }) {
  const { t } = useI18n();
  const [amending, setAmending] = useState(false);
  const { title, text } = read(entry).value;
  if (typed.title === title && typed.text === text) return null;
  return (
    <Notice kind="warning" title={t('notes.overtaken')}>
      <p>{t('notes.overtaken-text')}</p>
      {typed.title === title ? null : <p className="sheet">{typed.title}</p>}
      <p className="prose sheet">{typed.text}</p>
      <div className="row">
        <Button kind="main" onClick={() => setAmending(true)}>
          {t('entry.amend-title')}
        </Button>
        <Button kind="quiet" onClick={onDone}>
          {t('draft.discard')}
        </Button>
      </div>
      {amending ? <Amend entry={entry} words={typed.text} onDone={onDone} onClose={() => setAmending(false)} /> : null}
    </Notice>
  );
}
