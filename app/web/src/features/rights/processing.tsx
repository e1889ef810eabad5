import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, data, match, sending as keyed, type Schemas } from '../../api/client';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { ChangeDialog, textField } from '../admin/Editing';
import { Button, TextField } from '../../ui/forms';
import { Loaded, Notice, Page, Section } from '../../ui/page';

type Responsible = Schemas['DataProtection'];

const activitiesQuery = {
  queryKey: ['processing'],
  queryFn: () => data(api().GET('/api/v1/processing-activities')),
};

/** Who answers for the data, and the records of processing that the supervisory authority may ask for. */
export function ProcessingPage() {
  const me = useMe();
  const { t, f } = useI18n();
  const activities = useQuery(activitiesQuery);
  const [changing, setChanging] = useState(false);
  return (
    <Page title={t('processing.title')} lead={t('processing.lead')}>
      <Loaded query={activities}>
        {({ responsible, activities: list }) => (
          <>
            <Section
              title={t('processing.responsible')}
              actions={
                can(me.role, 'processing.manage') ? (
                  <Button onClick={() => setChanging(true)}>{t('people.change')}</Button>
                ) : undefined
              }
            >
              {responsible.version === 0 ? (
                <Notice kind="warning" title={t('processing.unwritten')}>
                  <p>{t('processing.unwritten-text')}</p>
                </Notice>
              ) : (
                <dl className="facts">
                  <Fact name={t('processing.controller')}>{responsible.controller}</Fact>
                  <Fact name={t('processing.contact')}>{responsible.controller_contact}</Fact>
                  <Fact name={t('processing.officer')}>{responsible.officer_contact}</Fact>
                  <Fact name={t('processing.years')}>{f.number(responsible.retention_years)}</Fact>
                </dl>
              )}
            </Section>
            <Section title={t('processing.activities')}>
              <ul className="rows">
                {list.map((each) => (
                  <li key={each.name}>
                    <details className="activity">
                      <summary>
                        <strong>{each.name}</strong>
                      </summary>
                      <dl className="facts">
                        <Fact name={t('processing.purpose')}>{each.purpose}</Fact>
                        <Fact name={t('processing.basis')}>{each.legal_basis}</Fact>
                        <Fact name={t('processing.people')}>{each.people}</Fact>
                        <Fact name={t('processing.data')}>{each.data}</Fact>
                        <Fact name={t('processing.recipients')}>{each.recipients}</Fact>
                        <Fact name={t('processing.transfers')}>{each.transfers}</Fact>
                        <Fact name={t('processing.erasure')}>{each.erasure}</Fact>
                        <Fact name={t('processing.security')}>{each.security}</Fact>
                      </dl>
                    </details>
                  </li>
                ))}
              </ul>
            </Section>
            {changing ? <Change responsible={responsible} onClose={() => setChanging(false)} /> : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const fieldsOf = (responsible: Responsible) => ({
  controller: responsible.controller,
  controller_contact: responsible.controller_contact,
  officer_contact: responsible.officer_contact,
  retention_years: String(responsible.retention_years),
});

function Change({ responsible, onClose }: { responsible: Responsible; onClose: () => void }) {
  const { t } = useI18n();
  const labels = {
    controller: t('processing.controller'),
    controller_contact: t('processing.contact'),
    officer_contact: t('processing.officer'),
    retention_years: t('processing.years'),
  };
  return (
    <ChangeDialog
      title={t('processing.responsible')}
      draft="data-protection"
      read={{ version: responsible.version, value: fieldsOf(responsible) }}
      list={activitiesQuery.queryKey}
      save={(value, version, key) =>
        data(
          api().PUT('/api/v1/organization/data-protection', {
            ...keyed(key),
            params: { header: match(version) },
            body: {
              controller: value.controller.trim(),
              controller_contact: value.controller_contact.trim(),
              officer_contact: value.officer_contact.trim(),
              retention_years: Number(value.retention_years),
            },
          }),
        )
      }
      reload={async () => {
        const now = await data(api().GET('/api/v1/organization/data-protection'));
        return { version: now.version, value: fieldsOf(now) };
      }}
      labels={labels}
      onClose={onClose}
    >
      {(editor) => {
        const field = (name: keyof typeof labels) => ({
          label: labels[name],
          ...textField(editor, name),
          required: true,
        });
        return (
          <div className="grid">
            <TextField {...field('controller')} autoComplete="off" />
            <TextField {...field('controller_contact')} autoComplete="off" />
            <TextField {...field('officer_contact')} autoComplete="off" />
            <TextField
              {...field('retention_years')}
              hint={t('processing.years-hint')}
              type="number"
              min={5}
              max={100}
            />
          </div>
        );
      }}
    </ChangeDialog>
  );
}
