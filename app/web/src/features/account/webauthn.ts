/** Between the API's JSON and the browser's passkeys. */

type Json = Record<string, unknown>;

export function base64url(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

const descriptors = (list: unknown): PublicKeyCredentialDescriptor[] =>
  Array.isArray(list) ? list.map((each: Json) => ({ type: 'public-key', id: bytes(String(each['id'])) })) : [];

export const supported = () => 'PublicKeyCredential' in window;

export async function create(options: Json) {
  const user = options['user'] as Json;
  const publicKey = {
    ...options,
    challenge: bytes(String(options['challenge'])),
    user: { ...user, id: bytes(String(user['id'])) },
    excludeCredentials: descriptors(options['excludeCredentials']),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!made) throw new Error('no credential');
  const response = made.response as AuthenticatorAttestationResponse;
  return { attestation: base64url(response.attestationObject), client_data: base64url(response.clientDataJSON) };
}

export async function get(options: Json) {
  const publicKey = {
    ...options,
    challenge: bytes(String(options['challenge'])),
    allowCredentials: descriptors(options['allowCredentials']),
  } as unknown as PublicKeyCredentialRequestOptions;
  const got = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!got) throw new Error('no credential');
  const response = got.response as AuthenticatorAssertionResponse;
  return {
    credential: base64url(got.rawId),
    client_data: base64url(response.clientDataJSON),
    authenticator_data: base64url(response.authenticatorData),
    signature: base64url(response.signature),
  };
}
