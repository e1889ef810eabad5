import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { usePlatform } from '../api/platform';
import { asProblem } from '../api/problem';
import { useI18n } from '../i18n';
import { Button } from '../ui/forms';
import { Failure, Lines, Notice } from '../ui/page';
import { PlatformBar } from './PlatformBar';
import { meQuery, Signed, useOtherTabs } from './session';

// Who only signs in does not load the frame of the signed in, with its menus and dialogs.
const loadInside = () => import('./Inside');
const Inside = lazy(() => loadInside().then((module) => ({ default: module.Inside })));

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
  // On its way together with the answer, not after it.
  useEffect(() => void loadInside().catch(() => undefined), []);
  // Somebody was here, and now nobody is: the session is renewed in a dialog, and the page below stays as it is.
  const over = ended || (me.data === null && last.current !== undefined);
  const shown = me.data ?? (over ? last.current : undefined);
  useOtherTabs(shown?.person);
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
        <Inside me={shown} ended={over} />
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

/** A part that cannot be shown; what is around it stays. The drafts are on the device, and come back with the page. */
export function Broken() {
  const { t } = useI18n();
  return (
    <div className="page">
      <Notice kind="danger" title={t('broken.title')}>
        <p>{t('broken.text')}</p>
        <Button onClick={() => window.location.reload()}>{t('broken.go')}</Button>
      </Notice>
    </div>
  );
}
