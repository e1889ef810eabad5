import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { SearchBox } from './SearchBox';

/** From anywhere: `/` or Ctrl+K, type, Enter. */
export function PatientSearch() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      const target = event.target;
      const typing =
        target instanceof HTMLElement &&
        (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
      const slash = event.key === '/' && !typing;
      if (slash || (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey))) {
        event.preventDefault();
        setOpen(true);
      }
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
  return (
    <>
      <button type="button" className="find" onClick={() => setOpen(true)} aria-keyshortcuts="/ Control+K">
        <Icon name="search" />
        <span>{t('search.label')}</span>
        <kbd aria-hidden="true">/</kbd>
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title={t('search.label')} wide>
        <SearchBox
          focus
          label={t('search.label')}
          onLeave={() => setOpen(false)}
          onChoose={(patient) => {
            setOpen(false);
            void navigate({ to: '/patients/$patient', params: { patient: patient.id } });
          }}
        />
      </Dialog>
    </>
  );
}
