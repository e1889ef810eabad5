import type { Content, Entry } from '../patient/queries';

/** What was found: a number with its unit (UCUM), or words. */
export type Measured = { type: 'quantity'; value: number; unit: string } | { type: 'text'; value: string };

/** The API's description leaves a measurement's value open: it is looked at before it is used. */
export function measured(value: unknown): Measured | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value) || !('value' in value)) return undefined;
  if (
    value.type === 'quantity' &&
    typeof value.value === 'number' &&
    'unit' in value &&
    typeof value.unit === 'string'
  ) {
    return { type: 'quantity', value: value.value, unit: value.unit };
  }
  return value.type === 'text' && typeof value.value === 'string' ? { type: 'text', value: value.value } : undefined;
}

/** When it was so: a measurement may be written down later than it was taken. */
export function whenOf({ content, at }: Entry): string {
  if (content.kind === 'observation') return content.observed_at;
  return content.kind === 'encounter' ? content.started_at : at;
}

export interface Title {
  readonly main: string;
  readonly rest?: string | undefined;
  readonly text?: string | undefined;
}

/** An entry in a line. */
export function titleOf(content: Content, number: (value: number) => string): Title {
  switch (content.kind) {
    case 'encounter':
      return { main: content.reason };
    case 'condition':
      return { main: content.description, rest: content.icd10 };
    case 'allergy':
      return { main: content.substance, rest: content.reaction ?? undefined };
    case 'observation': {
      const value = measured(content.value);
      return value?.type === 'quantity'
        ? { main: content.description, rest: `${number(value.value)} ${unitWords(value.unit)}` }
        : { main: content.description, text: value?.value };
    }
    case 'note':
      return { main: content.title, text: content.text };
    case 'document':
      return { main: content.title };
  }
}

/** UCUM's codes as people write the units. */
export function unitWords(unit: string): string {
  return unit.replace('mm[Hg]', 'mmHg').replace('Cel', '°C');
}

/** What an amendment of an entry writes anew: its words, or its number. The kind of an entry never changes. */
export function wordsOf(content: Content): string {
  switch (content.kind) {
    case 'encounter':
      return content.reason;
    case 'condition':
      return content.description;
    case 'allergy':
      return content.reaction ?? '';
    case 'observation':
      return String(measured(content.value)?.value ?? '');
    case 'note':
      return content.text;
    case 'document':
      return content.title;
  }
}

export function withWords(content: Content, words: string): Content {
  switch (content.kind) {
    case 'encounter':
      return { ...content, reason: words };
    case 'condition':
      return { ...content, description: words };
    case 'allergy':
      return { ...content, reaction: words };
    case 'observation': {
      const value = measured(content.value);
      return {
        ...content,
        value:
          value?.type === 'quantity'
            ? { ...value, value: Number(words.replace(',', '.')) }
            : { type: 'text', value: words },
      };
    }
    case 'note':
      return { ...content, text: words };
    case 'document':
      return { ...content, title: words };
  }
}
