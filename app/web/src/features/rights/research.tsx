import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useStaffNames } from '../../app/names';
import { useDraft } from '../../drafts/useDraft';
import { useI18n } from '../../i18n';
import { Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { Button, TextArea, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Notice, Page } from '../../ui/page';
import { saveFile } from '../../ui/saveFile';

type Export = Schemas['ResearchExport'];

/** Exports for research: what left the house, what for, and how many people are in it. */
export function ResearchPage() {
  const { t, f } = useI18n();
  const nameOf = useStaffNames();
  const exports = useQuery({
    queryKey: ['research'],
    queryFn: () => data(api().GET('/api/v1/research-exports')),
  });
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Export>();
  return (
    <Page
      title={t('research.title')}
      lead={t('research.lead')}
      actions={
        <Button kind="main" onClick={() => setMaking(true)}>
          <Icon name="plus" /> {t('research.new')}
        </Button>
      }
    >
      {made ? (
        <Notice kind="good" title={t('research.done', { project: made.project })}>
          <p>
            {t('people.count.other', { count: made.subjects.length })} ·{' '}
            {t('research.suppressed', { people: made.suppressed, codes: made.suppressed_codes })}
          </p>
          <Button onClick={() => hand(made)}>
            <Icon name="download" /> {t('research.again')}
          </Button>
        </Notice>
      ) : null}
      <Loaded query={exports}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('research.none')}</Empty>
          ) : (
            <ul className="rows">
              {list.map((each) => (
                <li key={each.id}>
                  <div>
                    <strong>{each.project}</strong>
                    <p className="prose">{each.purpose}</p>
                    <p className="hint">
                      {f.moment(each.at)} · {nameOf(each.actor) ?? ''} ·{' '}
                      {t('research.cell', { size: each.smallest_cell })}
                    </p>
                  </div>
                  <p className="hint">
                    {t('people.count.other', { count: each.patients })}
                    {each.suppressed > 0 ? ` · ${t('research.left-out', { people: each.suppressed })}` : ''}
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {making ? (
        <Make
          onClose={() => setMaking(false)}
          onMade={(done) => {
            setMade(done);
            hand(done);
          }}
        />
      ) : null}
    </Page>
  );
}

function hand(made: Export) {
  const name = made.project.normalize('NFD').replace(/[^A-Za-z0-9]+/g, '-');
  saveFile(
    new Blob([JSON.stringify(made, null, 2)], { type: 'application/json' }),
    `${name}-${made.id.slice(-6)}.json`,
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (made: Export) => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const draft = useDraft('research/new', { project: '', purpose: '', cell: '5' });
  const { value, set } = draft;
  const sending = useSend(
    (body: Schemas['NewResearchExport'], key) => data(api().POST('/api/v1/research-exports', { ...keyed(key), body })),
    async (made) => {
      onMade(made);
      await draft.clear();
      await client.invalidateQueries({ queryKey: ['research'] });
      onClose();
    },
    draft.keys,
  );
  const field = (name: keyof typeof value, pointer: string = name) => ({
    value: value[name],
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: sending.problem?.field(pointer),
  });
  const submit = () =>
    void sending.send({
      project: value.project.trim(),
      purpose: value.purpose.trim(),
      smallest_cell: Number(value.cell),
    });
  return (
    <FormDialog title={t('research.new')} go={t('research.go')} sending={sending} onClose={onClose} onSubmit={submit}>
      <p>{t('research.text')}</p>
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      <TextField
        label={t('research.project')}
        hint={t('research.project-hint')}
        {...field('project')}
        maxLength={100}
        required
        autoComplete="off"
      />
      <TextArea
        label={t('research.purpose')}
        hint={t('research.purpose-hint')}
        {...field('purpose')}
        maxLength={2000}
        required
      />
      <TextField
        label={t('research.smallest')}
        hint={t('research.smallest-hint')}
        {...field('cell', 'smallest_cell')}
        type="number"
        min={5}
        max={100}
        required
      />
    </FormDialog>
  );
}
