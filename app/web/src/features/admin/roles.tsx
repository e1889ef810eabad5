import { can, permissions, roles } from '../../app/permissions';
import { useI18n } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/page';

/** Who may do what. Roles are given to people; what a role may do is the same everywhere and is not changed here. */
export function RolesPage() {
  const { t, word } = useI18n();
  return (
    <Page title={t('roles.title')} lead={t('roles.lead')} wide>
      <div className="scroll" tabIndex={0} role="region" aria-label={t('roles.title')}>
        <table className="table matrix">
          <thead>
            <tr>
              <th scope="col">{t('roles.action')}</th>
              {roles.map((role) => (
                <th key={role} scope="col">
                  {word('role', role)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {permissions.map((permission) => (
              <tr key={permission}>
                <th scope="row">{word('action', permission)}</th>
                {roles.map((role) => (
                  <td key={role}>
                    {can(role, permission) ? (
                      <>
                        <Icon name="check" size={18} />
                        <span className="unseen">{t('roles.yes')}</span>
                      </>
                    ) : (
                      <span aria-label={t('roles.no')}>·</span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Page>
  );
}
