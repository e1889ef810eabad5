import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { scopes } from '../../app/permissions';
import { useI18n } from '../../i18n';
import { FormDialog } from '../../ui/FormDialog';
import { Button, CheckField, TextField } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark, Notice, Page } from '../../ui/page';
import { say } from '../../ui/toasts';

type Token = Schemas['ServiceToken'];
type Action = Schemas['Action'];

const tokensQuery = { queryKey: ['service-tokens'], queryFn: () => data(api().GET('/api/v1/service-tokens')) };

/** Other programs that ask this platform: each with a token, for a time, for a few things. */
export function ServicesPage() {
  const { t } = useI18n();
  const tokens = useQuery(tokensQuery);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Token>();
  return (
    <Page
      title={t('services.title')}
      lead={t('services.lead')}
      actions={
        <Button kind="main" onClick={() => setMaking(true)}>
          <Icon name="plus" /> {t('services.new')}
        </Button>
      }
    >
      {made?.token ? (
        <Notice kind="good" title={t('services.made', { name: made.name })}>
          <p>
            <code className="secret token">{made.token}</code>
          </p>
          <p>{t('services.once')}</p>
        </Notice>
      ) : null}
      <Loaded query={tokens}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('services.none')}</Empty>
          ) : (
            <ul className="rows">
              {list.map((each) => (
                <Row key={each.id} token={each} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {making ? <Make onClose={() => setMaking(false)} onMade={setMade} /> : null}
    </Page>
  );
}

function Row({ token }: { token: Token }) {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const [ending, setEnding] = useState(false);
  const over = new Date(token.expires_at) < new Date();
  const revoking = useSend(
    (id: string, key) => data(api().DELETE('/api/v1/service-tokens/{id}', { ...keyed(key), params: { path: { id } } })),
    async () => {
      say(t('services.revoked-now'));
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
      setEnding(false);
    },
  );
  return (
    <li>
      <div>
        <strong>{token.name}</strong>{' '}
        {token.revoked_at ? (
          <Mark kind="danger">{t('services.revoked', { day: f.day(token.revoked_at) })}</Mark>
        ) : over ? (
          <Mark kind="warning">{t('services.over', { day: f.day(token.expires_at) })}</Mark>
        ) : (
          <Mark kind="good">{t('prescriptions.until', { day: f.day(token.expires_at) })}</Mark>
        )}
        <p className="hint">{token.scopes.map((scope) => word('action', scope)).join(' · ')}</p>
      </div>
      {token.revoked_at || over ? null : (
        <Button onClick={() => setEnding(true)} aria-label={t('services.revoke-of', { name: token.name })}>
          {t('services.revoke')}
        </Button>
      )}
      {ending ? (
        <FormDialog
          title={t('services.revoke-of', { name: token.name })}
          go={t('services.revoke')}
          kind="danger"
          sending={revoking}
          onClose={() => setEnding(false)}
          onSubmit={() => void revoking.send(token.id)}
        >
          <p>{t('services.revoke-text')}</p>
        </FormDialog>
      ) : null}
    </li>
  );
}

function Make({ onClose, onMade }: { onClose: () => void; onMade: (token: Token) => void }) {
  const { t, word } = useI18n();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [chosen, setChosen] = useState<readonly Action[]>([]);
  const [none, setNone] = useState(false);
  const sending = useSend(
    (body: Schemas['NewToken'], key) => data(api().POST('/api/v1/service-tokens', { ...keyed(key), body })),
    async (token) => {
      onMade(token);
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
      onClose();
    },
  );
  const submit = () => {
    setNone(chosen.length === 0);
    if (chosen.length > 0) void sending.send({ name: name.trim(), days: Number(days), scopes: [...chosen] });
  };
  return (
    <FormDialog
      wide
      title={t('services.new')}
      go={t('services.go')}
      sending={sending}
      onClose={onClose}
      onSubmit={submit}
    >
      <div className="grid">
        <TextField
          label={t('services.name')}
          hint={t('services.name-hint')}
          value={name}
          onValue={setName}
          error={sending.problem?.field('name')}
          maxLength={100}
          required
          autoComplete="off"
        />
        <TextField
          label={t('services.days')}
          value={days}
          onValue={setDays}
          error={sending.problem?.field('days')}
          type="number"
          min={1}
          max={366}
          required
        />
      </div>
      <fieldset className="choices">
        <legend>{t('services.scopes')}</legend>
        {scopes.map((scope) => (
          <CheckField
            key={scope}
            label={word('action', scope)}
            checked={chosen.includes(scope)}
            onChecked={(on) => setChosen(on ? [...chosen, scope] : chosen.filter((each) => each !== scope))}
          />
        ))}
      </fieldset>
      {none ? (
        <p className="fault" role="alert">
          {t('services.choose')}
        </p>
      ) : null}
    </FormDialog>
  );
}
