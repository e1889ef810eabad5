import { Toast } from '@base-ui/react/toast';
import { useI18n } from '../i18n';
import { Icon } from './Icon';

const manager = Toast.createToastManager();

/** Says that something worked. What did not work is said where it was tried, and stays. */
export function say(title: string) {
  manager.add({ title, timeout: 6000 });
}

export function Toasts() {
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  const { t } = useI18n();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast">
      <Icon name="check" />
      <Toast.Title />
      <Toast.Close className="button quiet" aria-label={t('dialog.close')}>
        <Icon name="close" size={16} />
      </Toast.Close>
    </Toast.Root>
  ));
}
