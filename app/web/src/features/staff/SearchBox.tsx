import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { listed } from '../../app/names';
import { asProblem } from '../../api/problem';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';
import { find, understand, type Patient } from './find';

/** Waits for a pause in typing: every search is in the access log. */
function usePaused(text: string, pause = 180): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), pause);
    return () => clearTimeout(timer);
  }, [text, pause]);
  return paused;
}

/** Type, arrows, Enter. The list says what it found; nothing has to be pressed to search. */
export function SearchBox({
  onChoose,
  onLeave,
  focus = false,
  label,
}: {
  onChoose: (patient: Patient) => void;
  onLeave?: () => void;
  focus?: boolean;
  label: string;
}) {
  const { t, f, word } = useI18n();
  const id = useId();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const wanted = usePaused(text);
  const understood = understand(wanted) !== undefined;
  const found = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => find(wanted, signal),
    enabled: understood,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
  });
  useEffect(() => {
    if (focus) field.current?.focus();
  }, [focus]);
  useEffect(() => setActive(0), [found.data]);
  const patients = understood ? (found.data?.patients ?? []) : [];
  const choose = (patient: Patient | undefined) => {
    if (!patient) return;
    setText('');
    onChoose(patient);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (patients.length > 0) setActive((active + step + patients.length) % patients.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      choose(patients[active]);
    } else if (event.key === 'Escape' && text !== '') {
      event.stopPropagation();
      setText('');
    } else if (event.key === 'Escape') {
      onLeave?.();
    }
  };
  return (
    <div className="search">
      <div className="search-field">
        <Icon name="search" />
        <input
          ref={field}
          role="combobox"
          aria-label={label}
          aria-expanded={patients.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={patients[active] ? `${id}-${active}` : undefined}
          placeholder={t('search.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={key}
        />
      </div>
      <p className="search-told" role="status">
        {!understood
          ? t('search.hint')
          : found.isFetching && !found.data
            ? t('search.busy')
            : found.data?.similar
              ? t('search.similar')
              : found.data
                ? t('people.count.other', { count: patients.length })
                : ''}
      </p>
      {found.isError ? <Failure problem={asProblem(found.error)} /> : null}
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={t('search.results')}
        className="search-list"
        hidden={patients.length === 0}
      >
        {patients.map((patient, index) => (
          <li
            key={patient.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            onPointerMove={() => setActive(index)}
            onClick={() => choose(patient)}
          >
            <strong>{listed(patient)}</strong>
            <span>{t('patient.years', { age: f.age(patient.birth_date) })}</span>
            <span>{f.date(patient.birth_date)}</span>
            <span>{word('sex', patient.sex)}</span>
            <span>{patient.document_number ?? ''}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
