import { useQuery } from '@tanstack/react-query';
import { useSubject } from '../../app/subject';
import { useI18n } from '../../i18n';
import { Empty, Loaded, Mark, Page, Section } from '../../ui/page';
import { OpenDocument } from '../chart/OpenDocument';
import { VitalCharts } from '../chart/VitalCharts';
import { allergiesOf, entriesQuery, standing } from './queries';

/** What the record says, in the order in which it matters. */
export function RecordPage() {
  const subject = useSubject();
  const { t, f, word } = useI18n();
  const allergies = useQuery(entriesQuery(subject.id, 'allergy'));
  const conditions = useQuery(entriesQuery(subject.id, 'condition'));
  const notes = useQuery(entriesQuery(subject.id, 'note'));
  const documents = useQuery(entriesQuery(subject.id, 'document'));
  const observations = useQuery(entriesQuery(subject.id, 'observation'));
  return (
    <Page title={t('record.title')} lead={t('record.lead')}>
      <Section title={t('record.allergies')}>
        <Loaded query={allergies} lines={1}>
          {(list) => {
            const known = allergiesOf(list);
            return known.length === 0 ? (
              <Empty>{t('record.allergies-none')}</Empty>
            ) : (
              <ul className="rows">
                {known.map(({ id, content }) => (
                  <li key={id}>
                    <div>
                      <strong>{content.substance}</strong>
                      {content.reaction ? <p className="hint">{content.reaction}</p> : null}
                    </div>
                    <Mark kind={content.criticality === 'high' ? 'danger' : 'warning'}>
                      {word('criticality', content.criticality)}
                    </Mark>
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
      <Section title={t('record.conditions')}>
        <Loaded query={conditions} lines={2}>
          {(list) => {
            const known = standing(list).flatMap(({ id, content }) =>
              content.kind === 'condition' ? [{ id, content }] : [],
            );
            return known.length === 0 ? (
              <Empty>{t('record.conditions-none')}</Empty>
            ) : (
              <ul className="rows">
                {known.map(({ id, content }) => (
                  <li key={id}>
                    <div>
                      <strong>{content.description}</strong>
                      {content.onset ? (
                        <p className="hint">{t('record.since', { day: f.day(content.onset) })}</p>
                      ) : null}
                    </div>
                    {content.status === 'active' ? null : <Mark>{word('condition-status', content.status)}</Mark>}
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
      <Section title={t('record.vitals')}>
        <Loaded query={observations}>{(list) => <VitalCharts entries={standing(list)} />}</Loaded>
      </Section>
      <Section title={t('record.notes')}>
        <Loaded query={notes} lines={3}>
          {(list) => {
            const known = standing(list).flatMap(({ id, at, content }) =>
              content.kind === 'note' ? [{ id, at, content }] : [],
            );
            return known.length === 0 ? (
              <Empty>{t('record.notes-none')}</Empty>
            ) : (
              <ul className="rows">
                {known.map(({ id, at, content }) => (
                  <li key={id}>
                    <div>
                      <strong>{content.title}</strong> <span className="hint">{f.day(at)}</span>
                      <p className="prose">{content.text}</p>
                    </div>
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
      </Section>
      {documents.data && standing(documents.data).length > 0 ? (
        <Section title={t('record.documents')}>
          <ul className="rows">
            {standing(documents.data).flatMap(({ id, at, content }) =>
              content.kind === 'document'
                ? [
                    <li key={id}>
                      <div>
                        <strong>{content.title}</strong> <span className="hint">{f.day(at)}</span>
                      </div>
                      <OpenDocument patient={subject.id} title={content.title} attachment={content.attachment} />
                    </li>,
                  ]
                : [],
            )}
          </ul>
        </Section>
      ) : null}
    </Page>
  );
}
