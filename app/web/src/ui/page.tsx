/** The few parts that every screen is made of. */

import type { UseQueryResult } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { asProblem, type FieldFault, type Problem } from '../api/problem';
import { useI18n } from '../i18n';
import { Button } from './forms';
import { Icon } from './Icon';

export function Page({
  title,
  lead,
  actions,
  children,
  wide = false,
}: {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}) {
  useEffect(() => {
    document.title = `${title} · Galeno`;
  }, [title]);
  return (
    <div className={wide ? 'page wide' : 'page'}>
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {lead === undefined ? null : <p className="lead">{lead}</p>}
        </div>
        {actions === undefined ? null : <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({ title, actions, children }: { title: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <header>
        <h2>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

export function Notice({
  kind = 'info',
  title,
  children,
}: {
  kind?: 'info' | 'warning' | 'danger' | 'good';
  title?: ReactNode;
  children?: ReactNode;
}) {
  const icon = kind === 'good' ? 'check' : kind === 'info' ? 'info' : 'warning';
  return (
    <div className={`notice ${kind}`} role={kind === 'danger' ? 'alert' : 'status'}>
      <Icon name={icon} />
      <div>
        {title === undefined ? null : <p className="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}

/** Why something was not done, and what to do about it. Nothing that was typed is lost by it. */
export function Failure({ problem, retry }: { problem: Problem | undefined; retry?: (() => void) | undefined }) {
  const { t, word } = useI18n();
  if (!problem) return null;
  const words = problemWords(problem, t);
  return (
    <Notice kind="danger" title={words.title}>
      {words.detail === undefined ? null : <p>{words.detail}</p>}
      {problem.fields.length === 0 ? null : (
        <ul>
          {problem.fields.map((fault) => (
            <li key={fault.pointer}>{faultWords(fault, word)}</li>
          ))}
        </ul>
      )}
      {problem.kind === 'internal' && problem.request !== undefined ? (
        <p className="hint">{t('problem.request', { request: problem.request })}</p>
      ) : null}
      {retry && problem.passing ? <Button onClick={retry}>{t('problem.retry')}</Button> : null}
    </Notice>
  );
}

/** What is wrong with a field, with the field's name where the page has one for people. */
export function faultWords({ pointer, detail }: FieldFault, word: ReturnType<typeof useI18n>['word']): string {
  const code = pointer.split('/').at(-1) ?? '';
  const name = word('field', code);
  return name === code ? detail : `${name}: ${detail}`;
}

export function problemWords(
  problem: Problem,
  t: ReturnType<typeof useI18n>['t'],
): { title: string; detail: string | undefined } {
  switch (problem.kind) {
    case 'unreachable':
      return { title: t('problem.unreachable'), detail: t('problem.unsure') };
    case 'unavailable':
      return { title: t('problem.unavailable'), detail: t('problem.unsure') };
    case 'outcome-unknown':
      return { title: t('problem.outcome-unknown'), detail: t('problem.unsure') };
    case 'busy':
      return { title: t('problem.unavailable'), detail: t('problem.kept') };
  }
  if (problem.passing) return { title: problem.message, detail: t('problem.kept') };
  // No answer at all: something in this page failed, and says so in the language of programs.
  if (problem.kind === 'internal' && problem.status === 0) return { title: t('problem.page'), detail: undefined };
  return { title: problem.message, detail: problem.detail };
}

/** What a query has to show: lines while it is on its way, the reason when it fails, or the thing itself. */
export function Loaded<T>({
  query,
  lines = 4,
  children,
}: {
  query: UseQueryResult<T>;
  lines?: number;
  children: (value: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failure problem={asProblem(query.error)} retry={() => void query.refetch()} />;
  return <Lines count={lines} />;
}

export function Lines({ count }: { count: number }) {
  const { t } = useI18n();
  return (
    <div className="lines" role="status" aria-label={t('page.loading')}>
      {Array.from({ length: count }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Mark({
  kind = 'plain',
  children,
}: {
  kind?: 'plain' | 'good' | 'warning' | 'danger';
  children: ReactNode;
}) {
  return <span className={`mark ${kind}`}>{children}</span>;
}
