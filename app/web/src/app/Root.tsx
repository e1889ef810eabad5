import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useMatches, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { usePlatform } from '../api/platform';
import { asProblem } from '../api/problem';
import { useI18n } from '../i18n';
import { Failure, Lines, Loaded, Notice, Page } from '../ui/page';
import { can } from './permissions';
import { PlatformBar } from './PlatformBar';
import { meQuery, Signed, useMe, useOtherTabs } from './session';
import { Shell } from './Shell';
import { useSubject } from './subject';

const Enrol = lazy(() => import('../features/account/second-factor').then((module) => ({ default: module.EnrolPage })));
const SessionEnded = lazy(() =>
  import('../features/account/ended').then((module) => ({ default: module.SessionEnded })),
);

export function Root() {
  return (
    <>
      <PlatformBar />
      <Outlet />
    </>
  );
}

/** Everything behind it is for somebody who is signed in. */
export function Gate() {
  const me = useQuery(meQuery);
  const { ended } = usePlatform();
  const last = useRef(me.data);
  if (me.data) last.current = me.data;
  useOtherTabs(me.data?.person);
  // While the session is renewed in a dialog, the page below stays as it is, with all that was typed.
  const shown = me.data ?? (ended ? last.current : undefined);
  if (!shown) {
    if (me.isSuccess) return <ToSignIn />;
    if (me.isError) {
      return (
        <main className="alone">
          <Failure problem={asProblem(me.error)} retry={() => void me.refetch()} />
        </main>
      );
    }
    return (
      <main className="alone">
        <Lines count={3} />
      </main>
    );
  }
  return (
    <Signed me={shown}>
      <Suspense fallback={<Lines count={3} />}>
        {shown.must_enrol ? <Enrol /> : <Within />}
        {ended ? <SessionEnded me={shown} /> : null}
      </Suspense>
    </Signed>
  );
}

/** Once: while the other page is on its way, this one is drawn again, and the address has changed already. */
function ToSignIn() {
  const navigate = useNavigate();
  const { href } = useLocation();
  const gone = useRef(false);
  useEffect(() => {
    if (gone.current) return;
    gone.current = true;
    void navigate({ to: '/sign-in', search: href === '/' ? {} : { next: href }, replace: true });
  });
  return null;
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

export function Lost() {
  const { t } = useI18n();
  return (
    <main className="alone">
      <h1>{t('lost.title')}</h1>
      <p>{t('lost.text')}</p>
      <Link to="/" className="button main">
        {t('lost.home')}
      </Link>
    </main>
  );
}
