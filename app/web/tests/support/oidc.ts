/** An identity provider that lets everybody in as one subject: discovery, authorization, token and keys. */

import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

export async function startProvider(port: number, subject: string): Promise<{ issuer: string; server: Server }> {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
  const codes = new Map<string, { nonce: string; challenge: string }>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    const json = (value: object) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(value));
    };
    if (url.pathname === '/.well-known/openid-configuration') {
      json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      });
    } else if (url.pathname === '/keys') {
      json({ keys: [jwk] });
    } else if (url.pathname === '/authorize') {
      const code = randomUUID();
      const get = (name: string) => url.searchParams.get(name) ?? '';
      codes.set(code, { nonce: get('nonce'), challenge: get('code_challenge') });
      const back = new URL(get('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', get('state'));
      response.writeHead(302, { Location: back.href }).end();
    } else if (url.pathname === '/token') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const form = new URLSearchParams(body);
        const known = codes.get(form.get('code') ?? '');
        const verifier = form.get('code_verifier') ?? '';
        if (!known || createHash('sha256').update(verifier).digest('base64url') !== known.challenge) {
          response.writeHead(400).end('{"error":"invalid_grant"}');
          return;
        }
        const now = Math.floor(Date.now() / 1000);
        const claims = {
          iss: issuer,
          sub: subject,
          aud: 'galeno',
          iat: now,
          exp: now + 300,
          nonce: known.nonce,
          amr: ['pwd', 'mfa'],
        };
        const text = `${encode({ alg: 'RS256', typ: 'JWT', kid: 'one' })}.${encode(claims)}`;
        const signature = createSign('RSA-SHA256').update(text).sign(privateKey).toString('base64url');
        json({ access_token: 'none', token_type: 'Bearer', expires_in: 300, id_token: `${text}.${signature}` });
      });
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { issuer, server };
}
