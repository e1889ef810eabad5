import { Link, useNavigate } from '@tanstack/react-router';
import { can } from '../../app/permissions';
import { useMe } from '../../app/session';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/page';
import { SearchBox } from './SearchBox';

export function SearchPage() {
  const { t } = useI18n();
  const me = useMe();
  const navigate = useNavigate();
  return (
    <Page
      title={t('search.title')}
      actions={
        can(me.role, 'patient.create') ? (
          <Link to="/patients/new" className="button">
            <Icon name="plus" /> {t('register.title')}
          </Link>
        ) : undefined
      }
    >
      <SearchBox
        focus
        label={t('search.label')}
        onChoose={(patient) => void navigate({ to: '/patients/$patient', params: { patient: patient.id } })}
      />
    </Page>
  );
}
