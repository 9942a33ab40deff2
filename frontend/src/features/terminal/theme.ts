import type { ITheme } from '@xterm/xterm'

const DARK: ITheme = {
  background: '#15171b',
  foreground: '#e9eaee',
  cursor: '#aba6ff',
  cursorAccent: '#15171b',
  selectionBackground: '#5d54d880',
}

const LIGHT: ITheme = {
  background: '#ffffff',
  foreground: '#191a1f',
  cursor: '#4a41bf',
  cursorAccent: '#ffffff',
  selectionBackground: '#4f46c840',
  black: '#191a1f',
  red: '#b0241c',
  green: '#14693a',
  yellow: '#845200',
  blue: '#1a58ac',
  magenta: '#8a2a8f',
  cyan: '#0f6674',
  white: '#545864',
  brightBlack: '#646874',
  brightRed: '#911b14',
  brightGreen: '#0f5a30',
  brightYellow: '#6b4300',
  brightBlue: '#144a92',
  brightMagenta: '#702074',
  brightCyan: '#0b5460',
  brightWhite: '#191a1f',
}

export function terminalTheme(dark: boolean): ITheme {
  return dark ? DARK : LIGHT
}
