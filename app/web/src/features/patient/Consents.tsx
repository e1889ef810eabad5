import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n, type Key } from '../../i18n';
import { Button } from '../../ui/forms';
import { Failure, Loaded, Mark } from '../../ui/page';
import { say } from '../../ui/toasts';

type Consent = Schemas['Consent'];
type Purpose = Schemas['ConsentPurpose'];

/** Each purpose with the very words that are agreed to: they are kept with the consent. */
const purposes = {
  contact: 'consent.contact-words',
  sharing: 'consent.sharing-words',
  research: 'consent.research-words',
  teaching: 'consent.teaching-words',
} as const satisfies Record<Purpose, Key>;

/** What a patient agreed to, and agrees to from now on: shown to the patient, or noted at the desk. */
export function Consents({ patient }: { patient: string }) {
  const me = useMe();
  const { t } = useI18n();
  const consents = useQuery({
    queryKey: ['consents', patient],
    queryFn: () => data(api().GET('/api/v1/patients/{id}/consents', { params: { path: { id: patient } } })),
  });
  return (
    <>
      {me.kind === 'patient' ? <p className="hint">{t('consent.lead')}</p> : null}
      <Loaded query={consents} lines={4}>
        {(list) => (
          <ul className="rows">
            {(Object.keys(purposes) as Purpose[]).map((purpose) => (
              <Line
                key={purpose}
                patient={patient}
                purpose={purpose}
                consent={list.find((each) => each.purpose === purpose && each.status === 'active')}
              />
            ))}
          </ul>
        )}
      </Loaded>
    </>
  );
}

function Line({ patient, purpose, consent }: { patient: string; purpose: Purpose; consent: Consent | undefined }) {
  const me = useMe();
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['consents', patient] });
  const path = { id: patient };
  const giving = useSend(
    (body: Schemas['NewConsent'], key) =>
      data(api().POST('/api/v1/patients/{id}/consents', { ...keyed(key), params: { path }, body })),
    async () => {
      say(t('consent.given'));
      await refresh();
    },
  );
  const withdrawing = useSend(
    ({ id, version }: { id: string; version: number }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/consents/{consent}/withdrawal', {
          ...keyed(key),
          params: { path: { ...path, consent: id }, header: match(version) },
          body: {},
        }),
      ),
    async () => {
      say(t('consent.withdrawn'));
      await refresh();
    },
  );
  const name = word('consent', purpose);
  return (
    <li>
      <div>
        <strong>{name}</strong>{' '}
        {consent ? <Mark kind="good">{t('consent.since', { day: f.day(consent.created_at) })}</Mark> : null}
        <p>{consent?.wording ?? t(purposes[purpose])}</p>
        <Failure problem={giving.problem ?? withdrawing.problem} />
      </div>
      {!can(me.role, 'consent.manage') ? null : consent ? (
        <Button
          busy={withdrawing.busy}
          onClick={() => void withdrawing.send({ id: consent.id, version: consent.version })}
          aria-label={`${t('consent.withdraw')}: ${name}`}
        >
          {t('consent.withdraw')}
        </Button>
      ) : (
        <Button
          busy={giving.busy}
          onClick={() => void giving.send({ purpose, wording: t(purposes[purpose]) })}
          aria-label={`${t('consent.give')}: ${name}`}
        >
          {t('consent.give')}
        </Button>
      )}
    </li>
  );
}
