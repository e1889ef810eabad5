import { Outlet, useLocation, useMatches } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { SessionEnded } from '../features/account/ended';
import { useI18n } from '../i18n';
import { Lines, Loaded, Notice, Page } from '../ui/page';
import { Toasts } from '../ui/toasts';
import { can } from './permissions';
import { useMe, type Me } from './session';
import { Shell } from './Shell';
import { useSubject } from './subject';

const Enrol = lazy(() => import('../features/account/second-factor').then((module) => ({ default: module.EnrolPage })));

/** What somebody who is signed in sees; with `ended`, the session is renewed over it. */
export function Inside({ me, ended }: { me: Me; ended: boolean }) {
  return (
    <>
      {me.must_enrol ? <Enrol /> : <Within />}
      {ended ? <SessionEnded me={me} /> : null}
      <Toasts />
    </>
  );
}

function Within() {
  const me = useMe();
  const subject = useSubject();
  const { t } = useI18n();
  const matches = useMatches();
  const needs = matches.map((match) => match.staticData.needs).find((permission) => permission !== undefined);
  const { pathname } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    // A new screen begins at its beginning, for the keyboard and for readers, too; moving between tabs stays put.
    if (first.current) first.current = false;
    else if (!(document.activeElement instanceof HTMLElement && main.current?.contains(document.activeElement)))
      main.current?.focus();
  }, [pathname]);
  return (
    <Shell>
      <main id="main" ref={main} tabIndex={-1}>
        <Suspense fallback={<Lines count={5} />}>
          {subject.pending ? (
            <Loaded query={subject.pending}>{() => null}</Loaded>
          ) : needs === undefined || can(me.role, needs) ? (
            // Another person, another page: nothing chosen for one goes on for the other.
            <Outlet key={subject.id} />
          ) : (
            <Page title={t('forbidden.title')}>
              <Notice kind="warning" title={t('forbidden.text')} />
            </Page>
          )}
        </Suspense>
      </main>
    </Shell>
  );
}
