/** Telling somebody who looks elsewhere: the browser's notifications, and two sounds that cannot be mixed up. */

export type NoticeKind = 'done' | 'needs_you'

export interface Notice {
  kind: NoticeKind
  title: string
  body: string
  /** Names what happened, so that several windows tell of it once. */
  key: string
  onClick: () => void
}

/** In hertz, one after another: up for "done", and a call for "needs you". */
const MELODIES: Record<NoticeKind, number[]> = { done: [523, 784], needs_you: [880, 659, 880] }
const NOTE_S = 0.14
const LOUDNESS = 0.08
/** A window that is looked at claims what happened; the others wait this long for it. */
const COURTESY_MS = 250
const CLAIM_MS = 3000

let audio: AudioContext | null = null

export function canNotify(): boolean {
  return 'Notification' in window
}

/** Must follow a click, or browsers refuse. */
export async function askToNotify(): Promise<boolean> {
  if (!canNotify()) return false
  if (Notification.permission === 'granted') return true
  return (await Notification.requestPermission()) === 'granted'
}

export function playSound(kind: NoticeKind): void {
  if (!('AudioContext' in window)) return
  audio ??= new AudioContext()
  const context = audio
  void context.resume()
  MELODIES[kind].forEach((frequency, index) => {
    const at = context.currentTime + index * NOTE_S
    const tone = context.createOscillator()
    const volume = context.createGain()
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(LOUDNESS, at)
    volume.gain.exponentialRampToValueAtTime(0.001, at + NOTE_S)
    tone.connect(volume).connect(context.destination)
    tone.start(at)
    tone.stop(at + NOTE_S)
  })
}

/** False when this browser shows none. */
export function showNotice({ title, body, key, onClick }: Omit<Notice, 'kind'>): boolean {
  if (!canNotify() || Notification.permission !== 'granted') return false
  const shown = made(title, { body, tag: key })
  if (!shown) return false
  shown.onclick = () => {
    window.focus()
    onClick()
    shown.close()
  }
  return true
}

/** Browsers of phones have the constructor, give permission, and throw all the same. */
function made(title: string, options: NotificationOptions): Notification | null {
  try {
    return new Notification(title, options)
  } catch {
    return null
  }
}

/** Whether this window is the one to tell: none that is looked at knows of it already, and no other was faster. */
export async function isOursToTell(key: string): Promise<boolean> {
  const looked = document.visibilityState === 'visible'
  if (!looked) await new Promise((done) => setTimeout(done, COURTESY_MS))
  // Without a secure context there are no locks; then every window speaks for itself.
  const first = navigator.locks ? await claimed(key) : true
  return first && !looked
}

function claimed(key: string): Promise<boolean> {
  return new Promise((answer) => {
    void navigator.locks.request(`opm.notice.${key}`, { ifAvailable: true }, async (lock) => {
      answer(lock !== null)
      if (lock) await new Promise((done) => setTimeout(done, CLAIM_MS))
    })
  })
}
