/**
 * The mark of a device that signed in before. It is no credential: it only keeps strangers' wrong guesses from pausing
 * this device. Kept under a hash, so that a shared computer does not list who uses it.
 */

const stored = 'galeno.devices';
const most = 20;

async function name(organization: string, username: string): Promise<string> {
  const text = new TextEncoder().encode(`${organization}/${username.toLowerCase()}`);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return Array.from(hash.slice(0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function marks(): [string, string][] {
  try {
    const known: unknown = JSON.parse(localStorage.getItem(stored) ?? '[]');
    return Array.isArray(known) ? (known as [string, string][]) : [];
  } catch {
    return [];
  }
}

export async function markOf(organization: string, username: string): Promise<string | undefined> {
  const wanted = await name(organization, username);
  return marks().find(([known]) => known === wanted)?.[1];
}

export async function remember(organization: string, username: string, mark: string) {
  const own = await name(organization, username);
  const others = marks().filter(([known]) => known !== own);
  localStorage.setItem(stored, JSON.stringify([[own, mark], ...others].slice(0, most)));
}
