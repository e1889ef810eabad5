import { useState, type SubmitEvent } from 'react';
import { api, data, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { Button, TextField } from '../../ui/forms';
import { Failure, Notice } from '../../ui/page';
import { Outside } from '../account/sign-in';

/** For pharmacies elsewhere: whether a code is good, and for what. Nothing about the person. */
export function VerifyPage() {
  const { t, f, word } = useI18n();
  const [code, setCode] = useState('');
  const [found, setFound] = useState<Schemas['Verified']>();
  const checking = useSend(
    (value: string) => data(api().POST('/api/v1/prescriptions/verify', { body: { code: value } })),
    setFound,
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setFound(undefined);
    void checking.send(code);
  };
  return (
    <Outside title={t('verify.title')}>
      <p className="lead">{t('verify.lead')}</p>
      <form className="form" onSubmit={submit}>
        <TextField
          label={t('dispense.code')}
          value={code}
          onValue={setCode}
          error={checking.problem?.field('code')}
          className="code"
          autoComplete="off"
          spellCheck={false}
          autoCapitalize="characters"
          required
        />
        {checking.problem?.field('code') === undefined ? <Failure problem={checking.problem} /> : null}
        <Button kind="main" type="submit" busy={checking.busy}>
          {t('verify.go')}
        </Button>
      </form>
      {found ? (
        <Notice
          kind={found.valid ? 'good' : 'danger'}
          title={
            found.valid ? t('verify.good') : t('verify.bad', { status: word('prescription-status', found.status) })
          }
        >
          <dl className="facts">
            <div>
              <dt>{t('prescribe.medication')}</dt>
              <dd>{found.medication}</dd>
            </div>
            <div>
              <dt>{t('verify.left')}</dt>
              <dd>
                {f.number(found.quantity - found.dispensed)} / {f.number(found.quantity)} {found.unit}
              </dd>
            </div>
            <div>
              <dt>{t('verify.issuer')}</dt>
              <dd>
                {found.issuer} {found.prescriber_license ? `· ${found.prescriber_license}` : ''}
              </dd>
            </div>
          </dl>
        </Notice>
      ) : null}
    </Outside>
  );
}
