import { Menu as Base } from '@base-ui/react/menu';
import { useRef, type ReactNode } from 'react';

/** A menu under its button. It belongs to the part of the page that the button is in, for readers too. */
export function Menu({
  className,
  label,
  button,
  children,
}: {
  className: string;
  label?: string;
  button: ReactNode;
  children: ReactNode;
}) {
  const home = useRef<HTMLDivElement>(null);
  return (
    <div ref={home} className="menu-home">
      <Base.Root>
        <Base.Trigger className={className} aria-label={label}>
          {button}
        </Base.Trigger>
        <Base.Portal container={home}>
          <Base.Positioner align="end" sideOffset={6} className="menu-place">
            <Base.Popup className="menu">{children}</Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </div>
  );
}
