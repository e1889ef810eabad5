/** Light or dark: what was chosen here, else what the device says. */

import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark' | 'device';

const stored = 'galeno.theme';
const listeners = new Set<() => void>();

export function theme(): Theme {
  const chosen = localStorage.getItem(stored);
  return chosen === 'light' || chosen === 'dark' ? chosen : 'device';
}

export function applyTheme() {
  const chosen = theme();
  if (chosen === 'device') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}

export function chooseTheme(chosen: Theme) {
  if (chosen === 'device') localStorage.removeItem(stored);
  else localStorage.setItem(stored, chosen);
  applyTheme();
  listeners.forEach((listener) => listener());
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, theme);
}
