import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { Schemas } from '../../api/client';
import { asProblem, type Problem } from '../../api/problem';
import { meQuery, signedIn } from '../../app/session';
import { choose, useI18n } from '../../i18n';
import { Lines, Notice } from '../../ui/page';
import { finishOidc } from './oidc';
import { SignInForm } from './SignInForm';

/** The page of somebody who is not signed in. */
export function Outside({ title, children }: { title: string; children: ReactNode }) {
  const { t, language } = useI18n();
  useEffect(() => {
    document.title = `${title} · Galeno`;
  }, [title]);
  const other = language === 'es' ? 'en' : 'es';
  return (
    <div className="outside">
      <header>
        <svg viewBox="0 0 32 32" width="44" height="44" aria-hidden="true">
          <rect width="32" height="32" rx="9" className="brand-ground" />
          <path d="M9 17h4l2-7 3.4 12 2-5H23" className="brand-line" />
        </svg>
        <button type="button" className="button quiet" lang={other} onClick={() => void choose(other)}>
          {other === 'en' ? 'English' : 'Español'}
        </button>
      </header>
      <main>
        <h1>{title}</h1>
        {children}
      </main>
      <footer>
        <p>{t('outside.emergency')}</p>
        <p>
          <Link to="/activate">{t('outside.activate')}</Link>
          <Link to="/verify">{t('outside.verify')}</Link>
        </p>
      </footer>
    </div>
  );
}

/** Only addresses of this application are gone to: `//elsewhere` is none. */
export function within(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : '/';
}

export function SignInPage() {
  const { t } = useI18n();
  const { next, organization } = useSearch({ from: '/sign-in' });
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = async () => {
    await signedIn(client, client.getQueryData(meQuery.queryKey)?.person);
    await navigate({ href: within(next), replace: true });
  };
  return (
    <Outside title={t('sign-in.title')}>
      <SignInForm organization={organization} onDone={() => void done()} />
    </Outside>
  );
}

/** Where an identity provider sends the browser back to. */
export function ReturnPage() {
  const { t } = useI18n();
  const { code, state, error } = useSearch({ from: '/sign-in/return' });
  const client = useQueryClient();
  const navigate = useNavigate();
  const [problem, setProblem] = useState<Problem>();
  const [half, setHalf] = useState<Extract<Schemas['SignInState'], { state: 'second-factor' }>>();
  const begun = useRef(false);
  const done = async () => {
    await signedIn(client, undefined);
    await navigate({ to: '/', replace: true });
  };
  useEffect(() => {
    if (begun.current || code === undefined || state === undefined) return;
    begun.current = true;
    finishOidc(code, state)
      .then((answer) => (answer.state === 'second-factor' ? setHalf(answer) : done()))
      .catch((failed: unknown) => setProblem(asProblem(failed)));
  });
  const lost = problem !== undefined || error !== undefined || code === undefined || state === undefined;
  return (
    <Outside title={t('sign-in.title')}>
      {lost ? (
        <Notice kind="danger" title={t('sign-in.provider-refused')}>
          <Link to="/sign-in">{t('sign-in.again')}</Link>
        </Notice>
      ) : half ? (
        <SignInForm begun={half} onDone={() => void done()} />
      ) : (
        <Lines count={3} />
      )}
    </Outside>
  );
}
