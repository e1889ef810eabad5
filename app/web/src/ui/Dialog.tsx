import { Dialog as Base } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { useI18n } from '../i18n';
import { Icon } from './Icon';

/** One thing to do, over the page. Escape and the cross close it; the keyboard goes back to where it was. */
export function Dialog({
  open,
  onClose,
  title,
  children,
  wide = false,
  firm = false,
}: {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  children: ReactNode;
  wide?: boolean;
  /** A press beside it does not close it: something typed would be lost. */
  firm?: boolean;
}) {
  const { t } = useI18n();
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} disablePointerDismissal={firm}>
      <Base.Portal>
        <Base.Backdrop className="backdrop" />
        <Base.Popup className={wide ? 'dialog wide' : 'dialog'}>
          <header>
            <Base.Title>{title}</Base.Title>
            <Base.Close className="button quiet" aria-label={t('dialog.close')}>
              <Icon name="close" />
            </Base.Close>
          </header>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
