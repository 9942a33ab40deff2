import { File as NodeFile } from 'node:buffer'
import { fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { HttpResponse, http } from 'msw'
import { describe, expect, it } from 'vitest'
import { renderAt } from '@/testing/render'
import { ORIGIN, refusal, server } from '@/testing/server'
import { UploadButton } from './tree/UploadButton'

const WRITTEN = { path: 'docs/a.txt', etag: '"1"', size: 1, modified: '2026-01-01T00:00:00Z', created: true }

/** What arrived, by path; a path in `there` exists already. */
function workspace(there: string[] = []) {
  const arrived: Record<string, string> = {}
  server.use(
    http.put(`${ORIGIN}/api/projects/project/files/content`, async ({ request }) => {
      const query = new URL(request.url).searchParams
      const path = query.get('path') ?? ''
      if (request.headers.get('content-type') !== 'application/octet-stream') return refusal(415, 'Bytes.')
      if (there.includes(path) && query.get('overwrite') !== 'true') {
        return refusal(409, 'There is a file at this path already.', { reason: 'exists' })
      }
      arrived[path] = await request.text()
      return HttpResponse.json(WRITTEN as never)
    }),
  )
  return arrived
}

function choose(...files: File[]) {
  renderAt(<UploadButton projectId="project" directory="docs" />)
  fireEvent.change(screen.getByLabelText('Files to upload'), { target: { files } })
}

// jsdom's own File is not one that the false server can read
const file = (name: string, text: string) =>
  new NodeFile([text], name, { type: 'text/html' }) as unknown as File

describe('uploading', () => {
  it('sends each file as bytes into the chosen folder', async () => {
    const arrived = workspace()
    choose(file('a.html', 'one'), file('b.html', 'two'))
    expect(await screen.findByText('Uploaded 2 files')).toBeInTheDocument()
    expect(arrived).toEqual({ 'docs/a.html': 'one', 'docs/b.html': 'two' })
  })

  it('replaces nothing unasked, and goes on with the rest', async () => {
    const arrived = workspace(['docs/a.html'])
    choose(file('a.html', 'mine'), file('b.html', 'two'))
    expect(await screen.findByText('Replace a.html?')).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }))
    await waitFor(() => expect(arrived).toEqual({ 'docs/b.html': 'two' }))
  })

  it('replaces when asked to', async () => {
    const arrived = workspace(['docs/a.html'])
    choose(file('a.html', 'mine'))
    await userEvent.click(await screen.findByRole('button', { name: 'Replace' }))
    await waitFor(() => expect(arrived).toEqual({ 'docs/a.html': 'mine' }))
  })

  it('says how far it came when the workspace refuses', async () => {
    server.use(
      http.put(`${ORIGIN}/api/projects/project/files/content`, () => refusal(503, 'The workspace is full.')),
    )
    choose(file('a.html', 'one'))
    expect(await screen.findByText('The workspace is full.')).toBeInTheDocument()
    expect(screen.getByText('0 files of 1 uploaded')).toBeInTheDocument()
  })

  it('is called off by the person, and tells how far it came', async () => {
    const arrived = workspace()
    let hold = () => {}
    server.use(
      http.put(`${ORIGIN}/api/projects/project/files/content`, async ({ request }) => {
        if (!request.url.includes('b.html')) return undefined
        await new Promise<void>((done) => {
          hold = done
        })
        return refusal(500, 'Too late.')
      }),
    )
    choose(file('a.html', 'one'), file('b.html', 'two'), file('c.html', 'three'))
    // 3 of 11 bytes went with the first one
    expect(await screen.findByText(/Uploading b\.html \(2 of 3\), (27|54) %/)).toBeInTheDocument()
    await userEvent.click(screen.getByRole('button', { name: 'Cancel upload' }))
    expect(await screen.findByText('Cancelled: 1 file of 3 uploaded')).toBeInTheDocument()
    expect(arrived).toEqual({ 'docs/a.html': 'one' })
    hold()
  })

  it('renews an expired sign-in and sends the file again', async () => {
    const arrived = workspace()
    let expired = true
    server.use(
      http.put(`${ORIGIN}/api/projects/project/files/content`, () =>
        expired ? refusal(401, 'Expired.') : undefined,
      ),
      http.post(`${ORIGIN}/api/auth/refresh`, () => {
        expired = false
        return HttpResponse.json({ expires_at: '2030-01-01T00:00:00Z' })
      }),
    )
    choose(file('a.html', 'one'))
    expect(await screen.findByText('Uploaded 1 file')).toBeInTheDocument()
    expect(arrived).toEqual({ 'docs/a.html': 'one' })
  })
})
