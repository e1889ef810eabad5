import { Link } from '@tanstack/react-router';
import { useState, type SubmitEvent } from 'react';
import { api, data } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Notice } from '../../ui/page';
import { Outside } from './sign-in';

/** A first password, with the code that the clinic gave. */
export function ActivatePage() {
  const { t } = useI18n();
  const [value, setValue] = useState({
    organization: localStorage.getItem('galeno.organization') ?? '',
    username: '',
    code: '',
    password: '',
  });
  const [done, setDone] = useState(false);
  const sending = useSend(
    (body: typeof value) => data(api().POST('/api/v1/auth/sign-in/activate', { body })),
    () => setDone(true),
  );
  const field = (name: keyof typeof value) => ({
    value: value[name],
    onValue: (text: string) => setValue({ ...value, [name]: text }),
    error: sending.problem?.field(name),
    required: true,
  });
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(value);
  };
  if (done) {
    return (
      <Outside title={t('activate.title')}>
        <Notice kind="good" title={t('activate.done')} />
        <Link to="/sign-in" search={{ organization: value.organization }} className="button main">
          {t('sign-in.title')}
        </Link>
      </Outside>
    );
  }
  return (
    <Outside title={t('activate.title')}>
      <p className="lead">{t('activate.lead')}</p>
      <form className="form" onSubmit={submit}>
        <Failure problem={sending.problem} />
        <TextField
          label={t('sign-in.organization')}
          {...field('organization')}
          autoCapitalize="none"
          autoComplete="organization"
        />
        <TextField label={t('sign-in.username')} {...field('username')} autoCapitalize="none" autoComplete="username" />
        <TextField label={t('activate.code')} {...field('code')} autoComplete="off" spellCheck={false} />
        <TextField
          label={t('activate.password')}
          hint={t('activate.password-hint')}
          {...field('password')}
          type="password"
          autoComplete="new-password"
          minLength={12}
        />
        <Button kind="main" type="submit" busy={sending.busy}>
          {t('activate.go')}
        </Button>
      </form>
    </Outside>
  );
}
