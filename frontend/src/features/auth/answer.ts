/** What the identity provider put into the address that it sent the browser back to. */
export interface Answer {
  code: string | null
  state: string | null
  iss: string | null
  /** Why there is no code, in our words. */
  refusal: string | null
}

const WORDS: Record<string, string> = {
  access_denied: 'The identity provider did not let you in, or you turned back there.',
  login_required: 'The identity provider wants you to sign in there first.',
  interaction_required: 'The identity provider wants to ask you something first.',
  consent_required: 'The identity provider wants your consent first.',
  temporarily_unavailable: 'The identity provider has too much to do just now.',
  server_error: 'The identity provider had a fault of its own.',
}

export function readAnswer(search: string): Answer {
  const said = new URLSearchParams(search)
  const error = said.get('error')
  return {
    code: said.get('code'),
    state: said.get('state'),
    iss: said.get('iss'),
    refusal: error === null ? null : refusalOf(error),
  }
}

/** Its free text is left out: anybody can make a link that leads here, with words of their own in it. */
function refusalOf(error: string): string {
  if (Object.hasOwn(WORDS, error)) return WORDS[error] ?? ''
  const code = /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ''
  return `The identity provider refused the sign-in${code}.`
}
