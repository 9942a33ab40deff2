import { describe, expect, it } from 'vitest'
import { fillFrame, isBuiltScript, RULES } from './trusted'

const HERE = 'https://opm.test/p/tea'

describe('what may become a script', () => {
  it.each(['/assets/json.worker-C1.js', 'https://opm.test/assets/a.js'])('%s may', (address) => {
    expect(isBuiltScript(address, HERE)).toBe(true)
  })

  it.each([
    'https://evil.test/assets/a.js',
    '//evil.test/assets/a.js',
    'http://opm.test/assets/a.js',
    'https://opm.test@evil.test/assets/a.js',
    'https://me@opm.test/assets/a.js',
    'data:text/javascript,alert(1)//assets/a.js',
    'javascript:alert(1)//assets/a.js',
    'blob:https://opm.test/assets/a.js',
    '/assets/a.css',
    '/assets/../api/projects/tea/files/content?path=a.js',
    '/api/projects/tea/files/content?path=/assets/a.js',
    'https://[',
    '',
  ])('%s may not', (address) => {
    expect(isBuiltScript(address, HERE)).toBe(false)
  })

  it('is never a text', () => {
    expect(RULES.createScript()).toBeNull()
  })
})

describe('what may become markup', () => {
  it('is a style sheet that is known word for word', () => {
    const known = `[data-radix-select-viewport]{scrollbar-width:none;-ms-overflow-style:none;-webkit-overflow-scrolling:touch;}[data-radix-select-viewport]::-webkit-scrollbar{display:none}`
    expect(RULES.createHTML(known)).toBe(known)
    expect(RULES.createHTML(`${known}<img src=x onerror=alert(1)>`)).toBeNull()
    expect(RULES.createHTML('<b>bold</b>')).toBeNull()
    expect(RULES.createHTML('')).toBeNull()
  })

  it('is anything in a frame without rights, and in no other', () => {
    const frame = document.createElement('iframe')
    expect(() => fillFrame(frame, '<b>x</b>')).toThrow()
    frame.setAttribute('sandbox', 'allow-scripts')
    expect(() => fillFrame(frame, '<b>x</b>')).toThrow()
    frame.setAttribute('sandbox', '')
    fillFrame(frame, '<b>x</b>')
    expect(frame.srcdoc).toBe('<b>x</b>')
  })
})
