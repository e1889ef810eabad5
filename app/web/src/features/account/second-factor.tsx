import { useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { api, data, sending as keyed } from '../../api/client';
import { Problem } from '../../api/problem';
import { useSend } from '../../api/send';
import { meQuery, signOut, useMe } from '../../app/session';
import { useSignOut } from '../../app/SignOut';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure, Notice } from '../../ui/page';
import { Qr } from '../../ui/Qr';
import { say } from '../../ui/toasts';
import { create, supported } from './webauthn';

/** Staff without a second factor come here first, and nowhere else. */
export function EnrolPage() {
  const { t } = useI18n();
  const { leave, busy, failure } = useSignOut();
  return (
    <div className="outside">
      <main>
        <h1>{t('enrol.title')}</h1>
        <p className="lead">{t('enrol.lead')}</p>
        <AddGenerator />
        {supported() ? (
          <>
            <p className="or">{t('enrol.or')}</p>
            <AddPasskey />
          </>
        ) : null}
        <p className="hint">{t('enrol.again')}</p>
        <Button kind="quiet" busy={busy} onClick={leave}>
          <Icon name="out" /> {t('menu.out')}
        </Button>
        {failure}
      </main>
    </div>
  );
}

/** After a second factor is set up, this session may still be one without: the person signs in anew. */
function useEnrolled() {
  const me = useMe();
  const client = useQueryClient();
  const { t } = useI18n();
  return async () => {
    say(t('second.added'));
    if (me.must_enrol) await signOut(client, crypto.randomUUID());
    else await client.invalidateQueries({ queryKey: meQuery.queryKey });
  };
}

export function AddGenerator() {
  const { t } = useI18n();
  const enrolled = useEnrolled();
  const [code, setCode] = useState('');
  const [secret, setSecret] = useState<{ secret: string; url: string }>();
  const start = useSend(
    (_: string, key) => data(api().POST('/api/v1/auth/totp', keyed(key))),
    (made) => setSecret(made),
  );
  const confirm = useSend(
    (value: string, key) => data(api().POST('/api/v1/auth/totp/confirm', { ...keyed(key), body: { code: value } })),
    enrolled,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void confirm.send(code);
  };
  if (!secret) {
    return (
      <>
        <Failure problem={start.problem} />
        <Button kind="main" busy={start.busy} onClick={() => void start.send('start')}>
          <Icon name="lock" /> {t('totp.start')}
        </Button>
      </>
    );
  }
  return (
    <form className="form" onSubmit={submit}>
      <Failure problem={confirm.problem} />
      <ol className="steps">
        <li>
          <p>{t('totp.scan')}</p>
          <Qr text={secret.url} label={t('totp.qr')} size={184} />
          <p className="hint">
            {t('totp.type')} <code className="secret">{secret.secret.match(/.{1,4}/g)?.join(' ')}</code>
          </p>
        </li>
        <li>
          <TextField
            label={t('totp.code')}
            value={code}
            onValue={(value) => setCode(value.replace(/\D/g, '').slice(0, 6))}
            error={confirm.problem?.field('code')}
            inputMode="numeric"
            autoComplete="one-time-code"
            className="code"
            required
          />
        </li>
      </ol>
      <Button kind="main" type="submit" busy={confirm.busy}>
        {t('totp.confirm')}
      </Button>
    </form>
  );
}

export function AddPasskey() {
  const { t } = useI18n();
  const enrolled = useEnrolled();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const adding = useSend(
    async (value: string, key) => {
      const started = await data(api().POST('/api/v1/auth/passkeys/start', keyed(`${key}/start`)));
      const made = await create(started.public_key).catch(() => {
        throw new Problem('passkey-refused');
      });
      return data(
        api().POST('/api/v1/auth/passkeys', { ...keyed(key), body: { token: started.token, name: value, ...made } }),
      );
    },
    async () => {
      setName('');
      await client.invalidateQueries({ queryKey: ['passkeys'] });
      await enrolled();
    },
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void adding.send(name.trim());
  };
  return (
    <form className="form" onSubmit={submit}>
      {adding.problem?.kind === 'passkey-refused' ? (
        <Notice kind="warning" title={t('sign-in.passkey-refused')} />
      ) : (
        <Failure problem={adding.problem} />
      )}
      <TextField
        label={t('passkey.name')}
        hint={t('passkey.name-hint')}
        value={name}
        onValue={setName}
        required
        maxLength={60}
      />
      <Button type="submit" busy={adding.busy}>
        <Icon name="key" /> {t('passkey.add')}
      </Button>
    </form>
  );
}
