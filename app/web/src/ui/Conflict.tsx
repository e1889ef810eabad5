import { useState } from 'react';
import { differences, merged, type Fields, type Plain } from '../drafts/merge';
import type { Conflict } from '../drafts/useVersioned';
import { useI18n } from '../i18n';
import { Dialog } from './Dialog';
import { Button } from './forms';
import { Notice } from './page';

/** Somebody changed it meanwhile: both are shown, field by field, and the person decides. */
export function ConflictDialog<T extends Fields>({
  conflict,
  labels,
  show = (value) => (typeof value === 'boolean' ? '' : String(value ?? '')),
}: {
  conflict: Conflict<T> | undefined;
  labels: Readonly<Record<string, string>>;
  show?: (value: Plain, field: string) => string;
}) {
  const { t } = useI18n();
  const [own, setOwn] = useState<Record<string, 'mine' | 'theirs'>>({});
  if (!conflict) return null;
  const found = differences(conflict.base, conflict.mine, conflict.theirs);
  const chosen = { ...Object.fromEntries(found.map(({ field, suggested }) => [field, suggested])), ...own };
  return (
    <Dialog open firm wide title={t('conflict.title')} onClose={conflict.cancel}>
      <p>{found.length === 0 ? t('conflict.same') : t('conflict.text')}</p>
      {found.map(({ field, mine, theirs, both }) => (
        <fieldset key={field} className="conflict">
          <legend>
            {labels[field] ?? field} {both ? <span className="mark warning">{t('conflict.both')}</span> : null}
          </legend>
          {(['mine', 'theirs'] as const).map((whose) => (
            <label key={whose}>
              <input
                type="radio"
                name={field}
                checked={chosen[field] === whose}
                onChange={() => setOwn({ ...own, [field]: whose })}
              />
              <span>
                <small>{whose === 'mine' ? t('conflict.mine') : t('conflict.theirs')}</small>
                <span className="prose">{show(whose === 'mine' ? mine : theirs, field) || t('conflict.empty')}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <Notice>{t('conflict.kept')}</Notice>
      <div className="row end">
        <Button onClick={conflict.cancel}>{t('conflict.back')}</Button>
        <Button
          kind="main"
          busy={conflict.busy}
          onClick={() => conflict.resolve(merged(conflict.mine, conflict.theirs, chosen))}
        >
          {t('conflict.save')}
        </Button>
      </div>
    </Dialog>
  );
}

/** A draft from before a reload, and a way to be rid of it. */
export function Restored({ restored, onDiscard }: { restored: boolean; onDiscard: () => unknown }) {
  const { t } = useI18n();
  if (!restored) return null;
  return (
    <div className="restored" role="status">
      <p>{t('draft.restored')}</p>
      <Button kind="quiet" onClick={() => void onDiscard()}>
        {t('draft.discard')}
      </Button>
    </div>
  );
}
