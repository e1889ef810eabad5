import { useState } from 'react';
import { api, data, sending as keyed, type Schemas } from '../../api/client';
import { useSend } from '../../api/send';
import { useI18n } from '../../i18n';
import { FileField } from '../../ui/FileField';
import { Button, TextArea } from '../../ui/forms';
import { Icon } from '../../ui/Icon';
import { Failure, Notice } from '../../ui/page';
import { anchorsOf, written, type Anchor } from './anchors';

/** Proves that nobody altered the log; with heads that were kept elsewhere, also that nobody wrote it anew. */
export function VerifyLog() {
  const { t, f, word } = useI18n();
  const [kept, setKept] = useState('');
  const [file, setFile] = useState<File>();
  const [comparing, setComparing] = useState(false);
  const [verdict, setVerdict] = useState<Schemas['Verdict'] & { at: Date; compared: number }>();
  const anchors = anchorsOf(kept);
  const verifying = useSend(
    (anchors: Anchor[], key) => data(api().POST('/api/v1/access-log/verify', { ...keyed(key), body: { anchors } })),
    (found, sent) => setVerdict({ ...found, at: new Date(), compared: sent.length }),
  );
  return (
    <section className="verify" aria-label={t('verify-log.title')}>
      <div className="row between">
        <p>{t('verify-log.lead')}</p>
        <Button
          kind="main"
          busy={verifying.busy}
          aria-disabled={!anchors || verifying.busy}
          onClick={() => (anchors ? void verifying.send(anchors) : setComparing(true))}
        >
          <Icon name="shield" /> {verifying.busy ? t('verify-log.busy') : t('verify-log.go')}
        </Button>
      </div>
      <details open={comparing} onToggle={(event) => setComparing(event.currentTarget.open)}>
        <summary>{t('verify-log.compare')}</summary>
        <TextArea
          label={t('verify-log.kept')}
          hint={t('verify-log.kept-hint')}
          error={anchors === undefined ? t('verify-log.kept-wrong') : undefined}
          value={kept}
          onValue={setKept}
          spellCheck={false}
        />
        <FileField
          label={t('verify-log.kept-file')}
          hint={t('verify-log.kept-file-hint')}
          error={undefined}
          accept=".txt,.json"
          file={file}
          onFile={(chosen) => {
            setFile(chosen);
            void chosen?.text().then(setKept);
          }}
        />
      </details>
      <Failure problem={verifying.problem} />
      {verdict ? (
        <Notice
          kind={verdict.intact ? 'good' : 'danger'}
          title={
            verdict.intact
              ? t('verify-log.intact', { lines: f.number(verdict.lines), time: f.time(verdict.at) })
              : t('verify-log.altered')
          }
        >
          <p>
            {verdict.compared === 0
              ? t('verify-log.compared-none')
              : verdict.findings.some((each) => each.finding === 'anchor-missed')
                ? t('verify-log.compared-missed.other', { count: verdict.compared })
                : t('verify-log.compared.other', { count: verdict.compared })}
          </p>
          {verdict.findings.length === 0 ? null : (
            <ul>
              {verdict.findings.map((finding, index) => (
                <li key={index}>
                  {word('finding', finding.finding)} · {t('verify-log.lane', { lane: finding.lane })}
                  {'seq' in finding ? ` · ${finding.seq}` : ''}
                </li>
              ))}
            </ul>
          )}
          <details>
            <summary>{t('verify-log.heads')}</summary>
            <p className="hint">{t('verify-log.heads-text')}</p>
            <ul className="heads">
              {verdict.heads.map((head) => (
                <li key={head.lane}>
                  <code>{written(head)}</code>
                </li>
              ))}
            </ul>
          </details>
        </Notice>
      ) : null}
    </section>
  );
}
