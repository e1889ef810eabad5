/** What the API takes as a document, by the end of the file's name: browsers do not know all of these types. */
const types = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  dcm: 'application/dicom',
  txt: 'text/plain',
} as const;
type Extension = keyof typeof types;
export type Upload = (typeof types)[Extension];

export const accepted = Object.keys(types)
  .map((extension) => `.${extension}`)
  .join(',');

export function typeOf(name: string): Upload | undefined {
  const extension = name.toLowerCase().split('.').at(-1) ?? '';
  return Object.hasOwn(types, extension) ? types[extension as Extension] : undefined;
}

export function extensionOf(type: string): string {
  return Object.entries(types).find(([, known]) => known === type)?.[0] ?? 'bin';
}
