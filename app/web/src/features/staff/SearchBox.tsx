import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useId, useRef, useState, type KeyboardEvent } from 'react';
import { listed } from '../../app/names';
import { asProblem } from '../../api/problem';
import { useI18n, type I18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Failure } from '../../ui/page';
import { find, understand, type Found, type Patient } from './find';

/** Waits for a pause in typing, or for who cannot wait: every search is in the access log. */
function usePaused(text: string, pause = 180): [string, () => void] {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), pause);
    return () => clearTimeout(timer);
  }, [text, pause]);
  return [paused, () => setPaused(text)];
}

function told({ patients, similar, more }: Found, t: I18n['t']): string {
  if (more) return t(similar ? 'search.similar-more' : 'search.more', { count: patients.length });
  return similar ? t('search.similar') : t('people.count.other', { count: patients.length });
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
  const [wanted, hurry] = usePaused(text);
  // Enter that came before the answer: it is about this text, and about no other.
  const [entered, setEntered] = useState('');
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
  // What is shown answers what stands in the field. Until then it is another search's, and nobody of it can be chosen.
  const current = wanted === text && found.isSuccess && !found.isPlaceholderData;
  const choose = (patient: Patient | undefined) => {
    if (!patient || !current) return;
    setText('');
    onChoose(patient);
  };
  const type = (typed: string) => {
    setText(typed);
    setEntered('');
  };
  const enter = () => {
    if (current) choose(patients[active]);
    else if (understand(text) !== undefined) {
      setEntered(text);
      hurry();
    }
  };
  // Of several, or of similar ones, nobody has seen yet who is meant.
  const only = current && entered === text && patients.length === 1 && !found.data.similar ? patients[0] : undefined;
  const open = useEffectEvent(choose);
  useEffect(() => {
    if (only) open(only);
  }, [only]);
  const key = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (patients.length > 0) setActive((active + step + patients.length) % patients.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      enter();
    } else if (event.key === 'Escape' && text !== '') {
      event.stopPropagation();
      type('');
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
          aria-activedescendant={current && patients[active] ? `${id}-${active}` : undefined}
          placeholder={t('search.placeholder')}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => type(event.target.value)}
          onKeyDown={key}
        />
      </div>
      <p className="search-told" role="status">
        {!understood ? t('search.hint') : found.isError ? '' : !current ? t('search.busy') : told(found.data, t)}
      </p>
      {found.isError ? <Failure problem={asProblem(found.error)} /> : null}
      <ul
        id={`${id}-list`}
        role="listbox"
        aria-label={t('search.results')}
        className={current ? 'search-list' : 'search-list stale'}
        aria-busy={!current}
        hidden={patients.length === 0}
      >
        {patients.map((patient, index) => (
          <li
            key={patient.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={current && index === active}
            aria-disabled={!current}
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
