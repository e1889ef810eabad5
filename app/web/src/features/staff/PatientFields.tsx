import type { Problem } from '../../api/problem';
import { useI18n } from '../../i18n';
import { dayIn } from '../../i18n/format';
import { choicesOf, SelectField, TextField } from '../../ui/forms';
import type { Schemas } from '../../api/client';

type PatientContent = Schemas['PatientContent'];

/** A patient's details as a form holds them. */
export type Details = Readonly<{
  given_name: string;
  family_name: string;
  birth_date: string;
  sex: string;
  document_type: string;
  document_number: string;
  phone: string;
  email: string;
  address: string;
  postal_code: string;
  language: string;
}>;

/** The details that people compare, in the order in which they read them. A document's type goes with its number. */
export const compared = [
  'given_name',
  'family_name',
  'birth_date',
  'sex',
  'document_number',
  'phone',
  'email',
  'address',
  'postal_code',
] as const satisfies readonly (keyof Details)[];

export const noDetails: Details = {
  given_name: '',
  family_name: '',
  birth_date: '',
  sex: '',
  document_type: 'dni',
  document_number: '',
  phone: '',
  email: '',
  address: '',
  postal_code: '',
  language: 'es',
};

export function detailsOf(patient: Schemas['Patient']): Details {
  const text = (value: string | null | undefined) => value ?? '';
  return {
    given_name: patient.given_name,
    family_name: patient.family_name,
    birth_date: patient.birth_date,
    sex: patient.sex,
    document_type: patient.document_type ?? 'dni',
    document_number: text(patient.document_number),
    phone: text(patient.phone),
    email: text(patient.email),
    address: text(patient.address),
    postal_code: text(patient.postal_code),
    language: patient.language,
  };
}

const orNull = (text: string) => (text.trim() === '' ? null : text.trim());

/** As the API takes it. Spaces and a missing prefix in a telephone number are mended. */
export function contentOf(details: Details): PatientContent {
  const digits = details.phone.replace(/[\s().-]/g, '');
  const phone = /^[6789]\d{8}$/.test(digits) ? `+34${digits}` : digits;
  return {
    given_name: details.given_name.trim(),
    family_name: details.family_name.trim(),
    birth_date: details.birth_date,
    sex: details.sex as PatientContent['sex'],
    document:
      details.document_number.trim() === ''
        ? null
        : {
            type: details.document_type as Schemas['DocumentType'],
            number: details.document_number.trim().toUpperCase(),
          },
    phone: orNull(phone),
    email: orNull(details.email),
    address: orNull(details.address),
    postal_code: orNull(details.postal_code),
    language: details.language,
  };
}

export function usePatientLabels(): Record<keyof Details, string> {
  const { t } = useI18n();
  return {
    given_name: t('patient.given-name'),
    family_name: t('patient.family-name'),
    birth_date: t('patient.birth-date'),
    sex: t('patient.sex'),
    document_type: t('patient.document-type'),
    document_number: t('patient.document-number'),
    phone: t('patient.phone'),
    email: t('patient.email'),
    address: t('patient.address'),
    postal_code: t('patient.postal-code'),
    language: t('patient.language'),
  };
}

export function PatientFields({
  value,
  onValue,
  problem,
}: {
  value: Details;
  onValue: (value: Details) => void;
  problem: Problem | undefined;
}) {
  const { t, f, word } = useI18n();
  const labels = usePatientLabels();
  const field = (name: keyof Details, pointer: string = name) => ({
    label: labels[name],
    value: value[name],
    onValue: (text: string) => onValue({ ...value, [name]: text }),
    error: problem?.field(pointer),
  });
  return (
    <div className="grid">
      <TextField {...field('given_name')} required autoComplete="off" />
      <TextField {...field('family_name')} required autoComplete="off" />
      <TextField {...field('birth_date')} type="date" required max={dayIn(f.zone)} />
      <SelectField
        {...field('sex')}
        required
        placeholder={t('form.choose')}
        choices={choicesOf(word, 'sex', ['female', 'male', 'other', 'unknown'])}
      />
      <SelectField
        {...field('document_type', 'document/type')}
        choices={choicesOf(word, 'document', ['dni', 'nie', 'passport'])}
      />
      <TextField {...field('document_number', 'document/number')} optional autoComplete="off" />
      <TextField {...field('phone')} optional type="tel" autoComplete="off" />
      <TextField {...field('email')} optional type="email" autoComplete="off" />
      <TextField {...field('address')} optional autoComplete="off" />
      <TextField {...field('postal_code')} optional autoComplete="off" />
      <SelectField {...field('language')} choices={choicesOf(word, 'language', ['es', 'en', 'ca', 'gl', 'eu'])} />
    </div>
  );
}
