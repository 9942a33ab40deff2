import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, it, vi } from 'vitest'
import { renderAt } from '@/testing/render'
import { FakeWebSocket } from '@/testing/socket'
import { Screen } from './Screen'

function show() {
  const calls = { onEnded: vi.fn(), onLeave: vi.fn() }
  renderAt(<Screen projectId="project" terminalId="pty_1" label="Terminal 1" {...calls} />)
  return calls
}

const line = () => {
  const found = FakeWebSocket.all.findLast(({ url }) => String(url).includes('/terminal?'))
  if (!found) throw new Error('no line was opened')
  return found
}

const sent = () => line().sent

async function says(text: string) {
  const data = new TextEncoder().encode(text).buffer
  await act(async () => line().onmessage?.({ data } as unknown as { data: string }))
  await waitFor(() => expect(sent().at(-1)).toMatchObject({ type: 'ack' }))
}

async function live(cursor = 0) {
  await act(async () => line().say({ type: 'cursor', cursor }))
}

it('asks for its terminal, tells its size when the line is there, and says what it waits for', async () => {
  show()
  expect(screen.getByRole('status')).toHaveTextContent('Connecting to the terminal')
  expect(String(line().url)).toContain('/api/projects/project/terminal?terminal=pty_1&cursor=0')
  await live()
  expect(screen.queryByRole('status')).not.toBeInTheDocument()
  expect(sent()).toEqual([{ type: 'resize', rows: 24, cols: 80 }])
  await act(async () => line().close(1006))
  expect(screen.getByRole('status')).toHaveTextContent('it comes back by itself')
})

it('asks to be reloaded when the server does not understand it', async () => {
  show()
  await live()
  await act(async () => line().close(1003))
  expect(screen.getByRole('status')).toHaveTextContent('Reload it to go on.')
})

it('sends what is typed as typed, and what it answers by itself as answers', async () => {
  show()
  await live()
  await userEvent.type(screen.getByLabelText('Terminal 1: terminal input'), 'l')
  await says('\x1b[5n\x1b[c')
  const said = sent().filter(({ type }) => type === 'input' || type === 'reply')
  expect(said).toEqual([
    { type: 'input', data: 'l' },
    { type: 'reply', data: '\x1b[0n' },
    { type: 'reply', data: '\x1b[?1;2c' },
  ])
})

it('does not answer questions of old output', async () => {
  show()
  await says('\x1b[5n')
  await act(async () => line().say({ type: 'cursor', cursor: 4 }))
  expect(sent().some(({ type }) => type === 'reply')).toBe(false)
  await says('\x1b[5n')
  expect(sent().filter(({ type }) => type === 'reply')).toHaveLength(1)
})

const clipboard = (value: Partial<Clipboard> | undefined) =>
  vi.stubGlobal('navigator', Object.create(navigator, { clipboard: { value } }))

it('pastes from the bar as from a keyboard', async () => {
  clipboard({ readText: async () => 'echo one\necho two' })
  show()
  await live()
  await says('\x1b[?2004h')
  await userEvent.click(screen.getByRole('button', { name: 'Paste' }))
  await waitFor(() =>
    expect(sent().at(-1)).toEqual({ type: 'input', data: '\x1b[200~echo one\recho two\x1b[201~' }),
  )
  expect(screen.getByRole('button', { name: 'Copy' })).toBeDisabled()
})

it.each([
  ['refuses', { readText: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }],
  ['has no clipboard', undefined],
])('says how else to paste when the browser %s', async (_, given) => {
  clipboard(given)
  show()
  await live()
  await userEvent.click(screen.getByRole('button', { name: 'Paste' }))
  expect(await screen.findByText(/paste with the keyboard of your device/)).toBeInTheDocument()
  expect(sent().some(({ type }) => type === 'input')).toBe(false)
})

it('gives no program the clipboard or the name of the window', async () => {
  const writeText = vi.fn()
  clipboard({ writeText })
  const title = document.title
  show()
  await live()
  await says('\x1b]52;c;c3RvbGVu\x07\x1b]52;c;?\x07\x1b]0;renamed\x07\x1b]2;renamed\x07')
  expect(writeText).not.toHaveBeenCalled()
  expect(document.title).toBe(title)
  expect(sent().some(({ type }) => type === 'reply' || type === 'input')).toBe(false)
})

it('holds Control for one letter from the bar', async () => {
  show()
  await live()
  await userEvent.click(screen.getByRole('button', { name: 'Ctrl' }))
  await userEvent.type(screen.getByLabelText('Terminal 1: terminal input'), 'cc')
  const typed = sent().filter(({ type }) => type === 'input')
  expect(typed.map(({ data }) => data)).toEqual(['\x03', 'c'])
  await userEvent.click(screen.getByRole('button', { name: 'Up' }))
  expect(sent().at(-1)).toEqual({ type: 'input', data: '\x1b[A' })
})

it('leaves by F6, and says when the shell has ended', async () => {
  const { onLeave, onEnded } = show()
  await live()
  await userEvent.type(screen.getByLabelText('Terminal 1: terminal input'), '{F6}')
  expect(onLeave).toHaveBeenCalledOnce()
  await act(async () => line().say({ type: 'exit' }))
  expect(onEnded).toHaveBeenCalledOnce()
  expect(screen.getByRole('status')).toHaveTextContent('The shell has ended.')
})
