import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type SubmitEvent } from 'react';
import { api, data, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure, Notice } from '../../ui/page';
import { markOf, remember } from './device';
import { beginOidc } from './oidc';
import { get, supported } from './webauthn';

type State = Schemas['SignInState'];
type Half = Extract<State, { state: 'second-factor' }>;

const lastOrganization = 'galeno.organization';

/** Password, then a second factor; or a passkey alone; or an identity provider. */
export function SignInForm({
  organization: given,
  username: fixed,
  begun,
  onDone,
}: {
  organization?: string | undefined;
  /** Only this person, as when a session is renewed. */
  username?: string | undefined;
  /** The first factor is done already: an identity provider said so. */
  begun?: Half | undefined;
  onDone: () => void;
}) {
  const { t } = useI18n();
  const [organization, setOrganization] = useState(given ?? localStorage.getItem(lastOrganization) ?? '');
  const [username, setUsername] = useState(fixed ?? '');
  const [password, setPassword] = useState('');
  const [half, setHalf] = useState<Half | undefined>(begun);
  const providers = useQuery({
    queryKey: ['providers', organization],
    queryFn: () => data(api().GET('/api/v1/auth/sign-in/oidc', { params: { query: { organization } } })),
    enabled: organization.length > 2,
    retry: false,
    staleTime: 60_000,
  });

  const went = async (state: State) => {
    if (state.state === 'second-factor') {
      setHalf(state);
      return;
    }
    localStorage.setItem(lastOrganization, organization);
    if (username !== '') await remember(organization, username, state.device);
    onDone();
  };
  const first = useSend(
    async (value: { organization: string; username: string; password: string }) => {
      const device = await markOf(value.organization, value.username);
      const body = { ...value, delivery: 'cookie' as const, ...(device === undefined ? {} : { device }) };
      return data(api().POST('/api/v1/auth/sign-in', { body }));
    },
    (state) => went(state),
  );
  const passkey = useSend(
    (value: { organization?: string; token?: string }) => withPasskey(value),
    (state) => went(state),
  );
  const oidc = useSend((provider: string) => beginOidc(provider));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void first.send({ organization: organization.trim(), username: username.trim(), password });
  };

  if (half) {
    return <SecondFactor half={half} onState={went} passkey={passkey} onBack={() => setHalf(undefined)} />;
  }
  return (
    <form className="form" onSubmit={submit}>
      <Refusal problem={first.problem ?? passkey.problem ?? oidc.problem} />
      <TextField
        label={t('sign-in.organization')}
        hint={t('sign-in.organization-hint')}
        value={organization}
        onValue={setOrganization}
        autoCapitalize="none"
        autoComplete="organization"
        spellCheck={false}
        required
      />
      <TextField
        label={t('sign-in.username')}
        value={username}
        onValue={setUsername}
        readOnly={fixed !== undefined}
        autoCapitalize="none"
        autoComplete="username"
        spellCheck={false}
        required
      />
      <TextField
        label={t('sign-in.password')}
        type="password"
        value={password}
        onValue={setPassword}
        autoComplete="current-password"
        required
      />
      <Button kind="main" type="submit" busy={first.busy}>
        {first.busy ? t('sign-in.busy') : t('sign-in.go')}
      </Button>
      <div className="other-ways">
        {supported() ? (
          <Button busy={passkey.busy} onClick={() => void passkey.send({ organization: organization.trim() })}>
            <Icon name="key" /> {t('sign-in.passkey')}
          </Button>
        ) : null}
        {providers.data?.map((provider) => (
          <Button key={provider} busy={oidc.busy} onClick={() => void oidc.send(provider)}>
            {t('sign-in.provider', { provider })}
          </Button>
        ))}
      </div>
    </form>
  );
}

async function withPasskey(value: { organization?: string; token?: string }): Promise<State> {
  const started = await data(
    api().POST('/api/v1/auth/sign-in/passkey/start', { body: { ...value, delivery: 'cookie' } }),
  );
  let answer;
  try {
    answer = await get(started.public_key);
  } catch {
    // The person turned away from it, or this device has none.
    throw new Problem('passkey-refused');
  }
  return data(api().POST('/api/v1/auth/sign-in/passkey', { body: { token: started.token, ...answer } }));
}

function Refusal({ problem }: { problem: Problem | undefined }) {
  const { t } = useI18n();
  if (problem?.kind === 'passkey-refused') return <Notice kind="warning" title={t('sign-in.passkey-refused')} />;
  if (problem?.kind === 'sign-in-paused') {
    return (
      <Notice kind="danger" title={problem.message}>
        <p>{t('sign-in.paused.other', { count: Math.max(1, Math.ceil((problem.retryAfter ?? 30) / 60)) })}</p>
      </Notice>
    );
  }
  return <Failure problem={problem} />;
}

function SecondFactor({
  half,
  onState,
  passkey,
  onBack,
}: {
  half: Half;
  onState: (state: State) => unknown;
  passkey: ReturnType<typeof useSend<{ organization?: string; token?: string }, State>>;
  onBack: () => void;
}) {
  const { t } = useI18n();
  const [code, setCode] = useState('');
  const field = useRef<HTMLDivElement>(null);
  const sending = useSend(
    (value: string) => data(api().POST('/api/v1/auth/sign-in/totp', { body: { token: half.token, code: value } })),
    (state) => onState(state),
  );
  useEffect(() => field.current?.querySelector('input')?.focus(), []);
  const enter = (value: string) => {
    const digits = value.replace(/\D/g, '').slice(0, 6);
    setCode(digits);
    // The sixth digit is the last one: nobody has to press anything.
    if (digits.length === 6) void sending.send(digits);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void sending.send(code);
  };
  return (
    <form className="form" onSubmit={submit}>
      <p className="lead">{t('second.lead')}</p>
      <Refusal problem={sending.problem ?? passkey.problem} />
      {half.methods.includes('totp') ? (
        <div ref={field}>
          <TextField
            label={t('second.code')}
            hint={t('second.code-hint')}
            value={code}
            onValue={enter}
            inputMode="numeric"
            autoComplete="one-time-code"
            className="code"
            required
          />
        </div>
      ) : null}
      <div className="row">
        {half.methods.includes('totp') ? (
          <Button kind="main" type="submit" busy={sending.busy}>
            {t('second.go')}
          </Button>
        ) : null}
        {half.methods.includes('passkey') ? (
          <Button
            kind={half.methods.includes('totp') ? 'plain' : 'main'}
            busy={passkey.busy}
            onClick={() => void passkey.send({ token: half.token })}
          >
            <Icon name="key" /> {t('second.passkey')}
          </Button>
        ) : null}
        <Button kind="quiet" onClick={onBack}>
          {t('second.back')}
        </Button>
      </div>
    </form>
  );
}
