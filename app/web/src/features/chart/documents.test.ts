import { expect, it } from 'vitest';
import { typeOf } from './document-types';

it('a file has the type that the end of its name says, or none that is accepted', () => {
  expect(typeOf('Informe de alta.PDF')).toBe('application/pdf');
  expect(typeOf('radiografia.jpeg')).toBe('image/jpeg');
  expect(typeOf('corte.dcm')).toBe('application/dicom');
  expect(typeOf('macro.docm')).toBeUndefined();
  expect(typeOf('pdf')).toBe('application/pdf');
  expect(typeOf('')).toBeUndefined();
});
