import { useRef, useState } from 'react';
import { api, carrying, data, sending as keyed } from '../../api/client';
import { Keys, useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { FormDialog } from '../../ui/FormDialog';
import { FileField } from '../../ui/FileField';
import { TextField } from '../../ui/forms';
import { useAdd } from './add';
import { usePatient } from './chart';
import { accepted, typeOf, type Upload } from './document-types';

/** Adds a document to the record that is open: the file goes first, then the entry that refers to it. */
export function AddDocument({ onClose }: { onClose: () => void }) {
  const patient = usePatient();
  const { t } = useI18n();
  const [file, setFile] = useState<File>();
  const [title, setTitle] = useState('');
  const [wrong, setWrong] = useState<string>();
  const [keys] = useState(() => new Keys());
  const uploaded = useRef<{ file: File; id: string }>(undefined);
  const adding = useAdd(keys, onClose);
  const add = (attachment: string) => adding.send([{ kind: 'document', title: title.trim(), attachment }]);
  const uploading = useSend(
    ({ content, type }: { content: File; type: Upload; name: string }, key) =>
      data(
        api().POST('/api/v1/patients/{id}/documents', {
          ...carrying(content.size),
          headers: { ...keyed(key).headers, 'Content-Type': type },
          params: { path: { id: patient.id } },
          // The description says a list of bytes; what is sent are the bytes themselves.
          body: content as unknown as number[] & string,
          bodySerializer: (body: unknown) => body as Blob,
        }),
      ),
    ({ id }, { content }) => {
      uploaded.current = { file: content, id };
      return add(id);
    },
  );
  const submit = () => {
    const type = file && typeOf(file.name);
    setWrong(file ? (type ? undefined : t('document.type')) : t('document.choose'));
    if (!file || !type) return;
    // What is there already does not go a second time, or it would be another document.
    if (uploaded.current?.file === file) void add(uploaded.current.id);
    else void uploading.send({ content: file, type, name: `${file.name}/${file.size}/${file.lastModified}` });
  };
  return (
    <FormDialog
      title={t('document.new')}
      go={t('add.go')}
      sending={{ busy: uploading.busy || adding.busy, problem: uploading.problem ?? adding.problem }}
      onClose={onClose}
      onSubmit={submit}
    >
      <FileField
        label={t('document.file')}
        hint={t('document.file-hint')}
        error={wrong}
        accept={accepted}
        file={file}
        onFile={(chosen) => {
          setFile(chosen);
          if (chosen && title === '') setTitle(chosen.name.replace(/\.[^.]+$/, ''));
        }}
      />
      <TextField label={t('notes.title')} value={title} onValue={setTitle} maxLength={200} required />
    </FormDialog>
  );
}
