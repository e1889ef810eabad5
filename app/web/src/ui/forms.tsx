/** Fields: a label that stays, a hint, and an error that is said where it is. */

import { useId, type ComponentProps, type ReactNode } from 'react';
import { useI18n, type Key } from '../i18n';

interface Told {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
}

interface Ids {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export function Field({ label, hint, error, optional, children }: Told & { children: (ids: Ids) => ReactNode }) {
  const id = useId();
  const { t } = useI18n();
  const described = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].join(' ').trim();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional ? <span className="optional"> {t('form.optional')}</span> : null}
      </label>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error === undefined ? null : (
        <p className="fault" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type Controlled = { value: string; onValue: (value: string) => void };
type Own<E extends 'input' | 'textarea' | 'select'> = Omit<ComponentProps<E>, 'value' | 'onChange' | 'id'>;

export function TextField({ label, hint, error, optional, value, onValue, ...rest }: Told & Controlled & Own<'input'>) {
  const { f } = useI18n();
  // The browser writes days in its own language's order: 04/09 is said once more, in words.
  const day = rest.type === 'date' && /^[1-9]\d{3}-\d\d-\d\d$/.test(value) ? f.date(value) : undefined;
  return (
    <Field {...told({ label, hint: day ?? hint, error, optional })}>
      {(ids) => <input {...rest} {...ids} value={value} onChange={(event) => onValue(event.target.value)} />}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  error,
  optional,
  value,
  onValue,
  ...rest
}: Told & Controlled & Own<'textarea'>) {
  return (
    <Field {...told({ label, hint, error, optional })}>
      {(ids) => (
        <textarea rows={4} {...rest} {...ids} value={value} onChange={(event) => onValue(event.target.value)} />
      )}
    </Field>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function SelectField({
  label,
  hint,
  error,
  optional,
  value,
  onValue,
  choices,
  placeholder,
  ...rest
}: Told & Controlled & Own<'select'> & { choices: readonly Choice[]; placeholder?: string }) {
  return (
    <Field {...told({ label, hint, error, optional })}>
      {(ids) => (
        <select {...rest} {...ids} value={value} onChange={(event) => onValue(event.target.value)}>
          {placeholder === undefined ? null : <option value="">{placeholder}</option>}
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function told({ label, hint, error, optional }: { [K in keyof Told]: Told[K] | undefined }): Told {
  return {
    label,
    ...(hint === undefined ? {} : { hint }),
    ...(error === undefined ? {} : { error }),
    ...(optional === undefined ? {} : { optional }),
  };
}

export function CheckField({
  label,
  hint,
  checked,
  onChecked,
}: {
  label: ReactNode;
  hint?: ReactNode;
  checked: boolean;
  onChecked: (checked: boolean) => void;
}) {
  const id = useId();
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onChecked(event.target.checked)}
      />
      <label htmlFor={id}>{label}</label>
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** One of a few, all of them in sight. */
export function Segments<V extends string>({
  label,
  value,
  choices,
  onValue,
}: {
  label: string;
  value: V;
  choices: readonly { value: V; label: string }[];
  onValue: (value: V) => void;
}) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onValue(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

export function Button({
  kind = 'plain',
  busy = false,
  children,
  ...rest
}: ComponentProps<'button'> & { kind?: 'main' | 'plain' | 'quiet' | 'danger'; busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${kind} ${rest.className ?? ''}`}
      // Not `disabled`: that would lose the keyboard's place. A second press does nothing (`useSend`).
      aria-disabled={busy || rest['aria-disabled']}
      aria-busy={busy}
    >
      {children}
    </button>
  );
}

export function choicesOf(
  word: (group: string, code: string) => string,
  group: string,
  codes: readonly string[],
): Choice[] {
  return codes.map((value) => ({ value, label: word(group, value) }));
}

export type { Key };
