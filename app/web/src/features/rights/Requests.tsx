import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { patientQuery, useStaffNames } from '../../app/names';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Button } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Empty, Loaded, Mark } from '../../ui/page';
import { AskRight } from './AskRight';
import { Decide } from './Decide';
import { requestsQuery, urgency, type RightsRequest } from './queries';

/** What was asked for about a person's data, how it stands, and a way to ask for more. */
export function Requests({ patient }: { patient: string }) {
  const { t } = useI18n();
  const requests = useQuery(requestsQuery(patient));
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Loaded query={requests} lines={2}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('rights.none')}</Empty>
          ) : (
            <ul className="rows">
              {list.map((each) => (
                <RequestRow key={each.id} request={each} />
              ))}
            </ul>
          )
        }
      </Loaded>
      <Button onClick={() => setAsking(true)}>
        <Icon name="plus" size={16} /> {t('rights.ask')}
      </Button>
      {asking ? <AskRight patient={patient} onClose={() => setAsking(false)} /> : null}
    </>
  );
}

/** One request. With `named`, it says whose it is and leads there. */
export function RequestRow({ request, named = false }: { request: RightsRequest; named?: boolean }) {
  const me = useMe();
  const { t, f, word } = useI18n();
  const nameOf = useStaffNames(me.kind === 'staff');
  const [deciding, setDeciding] = useState(false);
  const right = word('right', request.kind);
  return (
    <li>
      <div>
        <strong>{right}</strong> {named ? <Whose patient={request.patient} /> : null}
        <p className="prose">{request.wording}</p>
        <p className="hint">
          {t('rights.asked', { day: f.day(request.created_at) })}
          {request.decided_at ? ` · ${t('rights.decided', { day: f.day(request.decided_at) })}` : ''}
          {request.decided_by ? ` · ${nameOf(request.decided_by) ?? word('role', 'auditor')}` : ''}
        </p>
        {request.explanation ? <p className="prose answer">{request.explanation}</p> : null}
      </div>
      <div className="row">
        <State request={request} />
        {request.decision ? null : can(me.role, 'data.rights') ? (
          <Button onClick={() => setDeciding(true)} aria-label={t('rights.decide-of', { right })}>
            {t('rights.decide')}
          </Button>
        ) : null}
      </div>
      {deciding ? <Decide request={request} onClose={() => setDeciding(false)} /> : null}
    </li>
  );
}

function State({ request }: { request: RightsRequest }) {
  const { t, f, word } = useI18n();
  if (request.decision) {
    const kind = request.decision === 'granted' ? 'good' : request.decision === 'refused' ? 'danger' : 'warning';
    return <Mark kind={kind}>{word('decision', request.decision)}</Mark>;
  }
  const near = urgency(request.due_at);
  return (
    <Mark kind={near === 'late' ? 'danger' : near === 'soon' ? 'warning' : 'plain'}>
      {near === 'late'
        ? t('rights.late', { day: f.day(request.due_at) })
        : t('rights.due', { day: f.day(request.due_at) })}
    </Mark>
  );
}

function Whose({ patient }: { patient: string }) {
  const who = useQuery(patientQuery(patient)).data;
  return (
    <Link to="/patients/$patient/rights" params={{ patient }}>
      {who ? `${who.given_name} ${who.family_name}` : '…'}
    </Link>
  );
}
