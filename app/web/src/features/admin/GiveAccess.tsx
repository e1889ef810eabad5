import { useState, type SubmitEvent } from 'react';
import type { Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Notice } from '../../ui/page';

/** A user name and an activation code, shown once. */
export function GiveAccess({
  suggestion,
  give,
}: {
  suggestion: string;
  give: (body: Schemas['NewAccess'], key: string) => Promise<Schemas['Access']>;
}) {
  const { t } = useI18n();
  const [username, setUsername] = useState(suggestion);
  const [access, setAccess] = useState<Schemas['Access']>();
  const sending = useSend((value: string, key) => give({ username: value }, key), setAccess);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(username.trim().toLowerCase());
  };
  if (access) {
    return (
      <Notice kind="good" title={t('access-give.done')}>
        <dl className="facts">
          <div>
            <dt>{t('sign-in.username')}</dt>
            <dd>{access.username}</dd>
          </div>
          <div>
            <dt>{t('activate.code')}</dt>
            <dd>
              <code className="secret">{access.activation_code}</code>
            </dd>
          </div>
        </dl>
        <p>{t('access-give.once')}</p>
      </Notice>
    );
  }
  return (
    <form className="form" onSubmit={submit}>
      <TextField
        label={t('sign-in.username')}
        value={username}
        onValue={setUsername}
        error={sending.problem?.field('username')}
        required
        autoComplete="off"
        autoCapitalize="none"
      />
      <Failure problem={sending.problem} />
      <Button type="submit" busy={sending.busy}>
        {t('access-give.go')}
      </Button>
    </form>
  );
}
