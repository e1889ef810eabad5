import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { usePatientLabel } from '../../app/names';
import { useScheduleChoices } from '../../app/scheduleChoices';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Button, SelectField } from '../../ui/forms';
import { Empty, Failure, Loaded, Mark, Page } from '../../ui/page';
import { say } from '../../ui/toasts';
import { Slots } from '../patient/book';
import type { Slot } from '../patient/slots';
import { waitingQuery } from './queries';

type Waiting = Schemas['Waiting'];

/** Who waits for a slot of a schedule, in their turn. */
export function WaitingPage() {
  const me = useMe();
  const { t } = useI18n();
  const search = useSearch({ from: '/signed-in/waiting' });
  const navigate = useNavigate();
  const { schedules, choices } = useScheduleChoices();
  const schedule = search.schedule ?? schedules.find((each) => each.staff === me.person)?.id ?? choices[0]?.value ?? '';
  const waiting = useQuery(waitingQuery(schedule));
  return (
    <Page title={t('waiting.title')} lead={t('waiting.lead')}>
      <SelectField
        label={t('agenda.schedule')}
        value={schedule}
        choices={choices}
        onValue={(value) => void navigate({ to: '/waiting', search: { schedule: value }, replace: true })}
      />
      <Loaded query={waiting}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t('waiting.none')}</Empty>
          ) : (
            <ol className="rows numbered">
              {list.map((each) => (
                <Line key={each.id} waiting={each} />
              ))}
            </ol>
          )
        }
      </Loaded>
    </Page>
  );
}

function Line({ waiting }: { waiting: Waiting }) {
  const { t, f, word } = useI18n();
  const client = useQueryClient();
  const { label: name } = usePatientLabel(waiting.patient);
  const [booking, setBooking] = useState(false);
  const [slot, setSlot] = useState<Slot>();
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['waiting'] });
    await client.invalidateQueries({ queryKey: ['slots'] });
    await client.invalidateQueries({ queryKey: ['appointments'] });
  };
  const book = useSend(
    (body: { slot: string; waiting: string }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/appointments', {
          ...keyed(key),
          params: { path: { id: waiting.patient } },
          body,
        }),
      ),
    async (appointment) => {
      say(t('book.done', { when: `${f.longDay(appointment.starts_at)}, ${f.time(appointment.starts_at)}` }));
      setBooking(false);
      await refresh();
    },
  );
  const leave = useSend(
    (id: string, key) =>
      data(
        api().DELETE('/api/v1/patients/{id}/waiting/{waiting}', {
          ...keyed(key),
          params: { path: { id: waiting.patient, waiting: id } },
        }),
      ),
    refresh,
  );
  return (
    <li>
      <div>
        <Link to="/patients/$patient" params={{ patient: waiting.patient }}>
          {name}
        </Link>{' '}
        <Mark kind={waiting.priority <= 1 ? 'danger' : waiting.priority === 2 ? 'warning' : 'plain'}>
          {word('priority', String(waiting.priority))}
        </Mark>
        <p className="hint">
          {t('waiting.since', { when: f.relative(waiting.created_at) })}
          {waiting.not_before ? ` · ${t('waiting.not-before', { day: f.date(waiting.not_before) })}` : ''}
        </p>
        <Failure problem={leave.problem} />
      </div>
      <div className="row">
        <Button onClick={() => setBooking(true)} aria-label={t('waiting.book-for', { name })}>
          {t('waiting.book')}
        </Button>
        <Button
          kind="quiet"
          busy={leave.busy}
          onClick={() => void leave.send(waiting.id)}
          aria-label={t('waiting.remove-of', { name })}
        >
          {t('account.remove')}
        </Button>
      </div>
      {booking ? (
        <Dialog open wide onClose={() => setBooking(false)} title={t('waiting.book-for', { name })}>
          <Slots schedule={waiting.schedule} chosen={slot} onChoose={setSlot} />
          <Failure problem={book.problem} />
          <div className="row end">
            <Button onClick={() => setBooking(false)}>{t('dialog.cancel')}</Button>
            <Button
              kind="main"
              busy={book.busy}
              aria-disabled={!slot || book.busy}
              onClick={() => slot && void book.send({ slot: slot.id, waiting: waiting.id })}
            >
              {t('book.go')}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </li>
  );
}
