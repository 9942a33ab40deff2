/** Where somebody wanted to be who has to sign in first. */
const KEY = 'opm.next'
const LONGEST = 2000

/** A path of this application; the start for everything that could lead elsewhere. The server has the same rule. */
export function ownPath(text: string | null | undefined): string {
  if (!text?.startsWith('/') || text.length > LONGEST) return '/'
  if (text[1] === '/' || text.includes('\\')) return '/'
  return [...text].every((sign) => sign > ' ' && sign !== '\u007f') ? text : '/'
}

/** For a second try: the first one's answer, if it is a refusal, does not tell. */
export function rememberNext(path: string): void {
  try {
    sessionStorage.setItem(KEY, path)
  } catch {
    // A second try then leads to the start.
  }
}

export function recallNext(): string {
  try {
    return ownPath(sessionStorage.getItem(KEY))
  } catch {
    return '/'
  }
}

export function forgetNext(): void {
  try {
    sessionStorage.removeItem(KEY)
  } catch {
    // Nothing was remembered.
  }
}
