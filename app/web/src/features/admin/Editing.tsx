/** A dialog that makes something, and one that changes it: with a draft, and with both versions when somebody was faster. */

import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Problem } from '../../api/problem';
import { useSend } from '../../api/send';
import type { Fields, Plain } from '../../drafts/merge';
import { useDraft } from '../../drafts/useDraft';
import { useVersioned, type Versioned } from '../../drafts/useVersioned';
import { useI18n } from '../../i18n';
import { ConflictDialog, Restored } from '../../ui/Conflict';
import { FormDialog } from '../../ui/FormDialog';
import { say } from '../../ui/toasts';

export interface Editor<T> {
  readonly value: T;
  readonly set: (value: T) => void;
  readonly problem: Problem | undefined;
}

/** Name, value, and error of a field that holds text. */
export function textField<T extends Fields>({ value, set, problem }: Editor<T>, name: keyof T & string) {
  return {
    value: String(value[name] ?? ''),
    onValue: (text: string) => set({ ...value, [name]: text }),
    error: problem?.field(name),
  };
}

export function MakeDialog<T extends Fields>({
  title,
  draft: name,
  empty,
  list,
  save,
  done,
  onClose,
  children,
}: {
  title: string;
  draft: string;
  empty: T;
  /** What is read again afterwards. */
  list: QueryKey;
  save: (value: T, key: string) => Promise<unknown>;
  /** What is said when it is done. */
  done: string;
  onClose: () => void;
  children: (editor: Editor<T>) => ReactNode;
}) {
  const { t } = useI18n();
  const client = useQueryClient();
  const draft = useDraft(name, empty);
  const sending = useSend(
    save,
    async () => {
      say(done);
      await draft.clear();
      await client.invalidateQueries({ queryKey: list });
      onClose();
    },
    draft.keys,
  );
  return (
    <FormDialog
      wide
      title={title}
      go={t('form.save')}
      sending={sending}
      onClose={onClose}
      onSubmit={() => void sending.send(draft.value)}
    >
      <Restored restored={draft.restored} onDiscard={draft.clear} />
      {children({ value: draft.value, set: draft.set, problem: sending.problem })}
    </FormDialog>
  );
}

export function ChangeDialog<T extends Fields>({
  title,
  draft: name,
  read,
  list,
  save,
  reload,
  labels,
  show,
  wide = true,
  below,
  onClose,
  children,
}: {
  title: string;
  draft: string;
  read: Versioned<T>;
  list: QueryKey;
  save: (value: T, version: number, key: string) => Promise<{ readonly version: number }>;
  reload: () => Promise<Versioned<T>>;
  labels: Readonly<Record<keyof T & string, string>>;
  /** A value in words, where it is not its own. */
  show?: (value: Plain, field: string) => string | undefined;
  wide?: boolean;
  below?: ReactNode;
  onClose: () => void;
  children: (editor: Editor<T>) => ReactNode;
}) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const form = useVersioned(name, read, save, reload, async () => {
    say(t('form.saved'));
    await client.invalidateQueries({ queryKey: list });
    onClose();
  });
  return (
    <FormDialog
      wide={wide}
      title={title}
      go={t('form.save')}
      // While both versions are shown, they are what there is to say about the conflict.
      sending={form.conflict ? { busy: form.sending.busy, problem: undefined } : form.sending}
      retry={form.submit}
      below={below}
      onClose={onClose}
      onSubmit={form.submit}
    >
      <Restored restored={form.restored} onDiscard={form.discard} />
      {children({ value: form.value, set: form.set, problem: form.sending.problem })}
      <ConflictDialog
        conflict={form.conflict}
        labels={labels}
        show={(value, field) =>
          show?.(value, field) ?? (typeof value === 'boolean' ? word('yes-no', String(value)) : String(value ?? ''))
        }
      />
    </FormDialog>
  );
}
