import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, sending as keyed } from '../../api/client';
import { useSend } from '../../api/send';
import { meQuery, useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Loaded, Mark, Notice, Page, Section } from '../../ui/page';
import { say } from '../../ui/toasts';
import { AddGenerator, AddPasskey } from './second-factor';
import { supported } from './webauthn';

export function AccountPage() {
  const { t } = useI18n();
  const me = useMe();
  return (
    <Page title={t('account.title')} lead={t('account.lead', { username: me.username })}>
      <Generator />
      {supported() ? <Passkeys /> : null}
      <Password />
      <Sessions />
    </Page>
  );
}

function Generator() {
  const { t } = useI18n();
  const me = useMe();
  const client = useQueryClient();
  const removing = useSend(
    (_: string, key) => data(api().DELETE('/api/v1/auth/totp', keyed(key))),
    () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  );
  return (
    <Section title={t('account.generator')}>
      <Failure problem={removing.problem} />
      {me.totp ? (
        <div className="row between">
          <Mark kind="good">{t('account.on')}</Mark>
          <Button kind="quiet" busy={removing.busy} onClick={() => void removing.send('remove')}>
            {t('account.remove')}
          </Button>
        </div>
      ) : (
        <AddGenerator />
      )}
    </Section>
  );
}

function Passkeys() {
  const { t, f } = useI18n();
  const client = useQueryClient();
  const passkeys = useQuery({ queryKey: ['passkeys'], queryFn: () => data(api().GET('/api/v1/auth/passkeys')) });
  const removing = useSend(
    (id: string, key) => data(api().DELETE('/api/v1/auth/passkeys/{id}', { ...keyed(key), params: { path: { id } } })),
    async () => {
      await client.invalidateQueries({ queryKey: ['passkeys'] });
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  );
  return (
    <Section title={t('account.passkeys')}>
      <Failure problem={removing.problem} />
      <Loaded query={passkeys} lines={1}>
        {(list) => (
          <ul className="rows">
            {list.map((passkey) => (
              <li key={passkey.id}>
                <div>
                  <strong>{passkey.name}</strong>
                  <p className="hint">{t('passkey.since', { day: f.day(passkey.created_at) })}</p>
                </div>
                <Button
                  kind="quiet"
                  busy={removing.busy}
                  onClick={() => void removing.send(passkey.id)}
                  aria-label={t('passkey.remove', { name: passkey.name })}
                >
                  {t('account.remove')}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <AddPasskey />
    </Section>
  );
}

function Password() {
  const { t } = useI18n();
  const empty = { current: '', password: '' };
  const [value, setValue] = useState(empty);
  const changing = useSend(
    (body: typeof empty, key) => data(api().POST('/api/v1/auth/password', { ...keyed(key), body })),
    () => {
      setValue(empty);
      say(t('account.password-changed'));
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void changing.send(value);
  };
  return (
    <Section title={t('account.password')}>
      <form className="form" onSubmit={submit}>
        {changing.problem?.fields.length === 0 ? <Failure problem={changing.problem} /> : null}
        <TextField
          label={t('account.password-current')}
          type="password"
          autoComplete="current-password"
          value={value.current}
          onValue={(current) => setValue({ ...value, current })}
          error={changing.problem?.field('current')}
          required
        />
        <TextField
          label={t('account.password-new')}
          hint={t('activate.password-hint')}
          type="password"
          autoComplete="new-password"
          value={value.password}
          onValue={(password) => setValue({ ...value, password })}
          error={changing.problem?.field('password')}
          required
        />
        <Button type="submit" busy={changing.busy}>
          {t('account.password-go')}
        </Button>
      </form>
    </Section>
  );
}

function Sessions() {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => data(api().GET('/api/v1/auth/sessions')) });
  const ending = useSend(
    (id: string, key) => data(api().DELETE('/api/v1/auth/sessions/{id}', { ...keyed(key), params: { path: { id } } })),
    () => client.invalidateQueries({ queryKey: ['sessions'] }),
  );
  return (
    <Section title={t('account.sessions')}>
      <Failure problem={ending.problem} />
      <Loaded query={sessions} lines={2}>
        {(list) => (
          <ul className="rows">
            {list.map((session) => (
              <li key={session.id}>
                <div>
                  <strong>{f.moment(session.created_at)}</strong>
                  <p className="hint">
                    {word('method', session.method)} · {t('session.seen', { when: f.relative(session.seen_at) })}
                  </p>
                </div>
                {session.current ? (
                  <Mark kind="good">{t('session.this')}</Mark>
                ) : (
                  <Button kind="quiet" busy={ending.busy} onClick={() => void ending.send(session.id)}>
                    {t('session.end')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {sessions.data && sessions.data.length > 1 ? <Notice>{t('session.notice')}</Notice> : null}
    </Section>
  );
}
