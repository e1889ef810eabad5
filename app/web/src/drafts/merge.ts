/** Two people changed the same thing: what differs, and what each of them wrote. */

export type Plain = string | number | boolean | null | undefined;
export type Fields = Readonly<Record<string, Plain>>;

export interface Difference {
  readonly field: string;
  readonly base: Plain;
  readonly mine: Plain;
  readonly theirs: Plain;
  /** Whose value is right unless somebody says otherwise: the one that was changed; the own one when both were. */
  readonly suggested: 'mine' | 'theirs';
  /** Both changed it. */
  readonly both: boolean;
}

const same = (one: Plain, other: Plain) => (one ?? '') === (other ?? '');

export function differences(base: Fields, mine: Fields, theirs: Fields): Difference[] {
  return Object.keys({ ...theirs, ...mine })
    .filter((field) => !same(mine[field], theirs[field]))
    .map((field) => {
      const iChanged = !same(mine[field], base[field]);
      const theyChanged = !same(theirs[field], base[field]);
      return {
        field,
        base: base[field],
        mine: mine[field],
        theirs: theirs[field],
        suggested: iChanged ? 'mine' : 'theirs',
        both: iChanged && theyChanged,
      };
    });
}

/** Mine, but for the fields where theirs was chosen. */
export function merged<T extends Fields>(mine: T, theirs: T, chosen: Readonly<Record<string, 'mine' | 'theirs'>>): T {
  const taken = Object.entries(chosen).filter(([, whose]) => whose === 'theirs');
  return { ...mine, ...Object.fromEntries(taken.map(([field]) => [field, theirs[field]])) };
}
