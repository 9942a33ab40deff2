import { screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, it } from 'vitest'
import { editor, giveRoom, show, Workspace } from './testing/workspace'

const OLD = {
  text: '',
  etag: '"1"',
  bytes: Uint8Array.from([0x47, 0x72, 0xfc, 0xdf, 0x65]),
  encoding: 'latin-1',
}

let workspace: Workspace

beforeEach(() => {
  giveRoom()
  sessionStorage.clear()
  workspace = new Workspace({ 'old.txt': { ...OLD } })
})

const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }))

it('a file of another encoding is text, and is saved as it was', async () => {
  show(workspace, '?path=old.txt')
  expect(await editor()).toHaveValue('Grüße')
  expect(screen.getByText('Latin-1')).toBeInTheDocument()
  await userEvent.type(await editor(), ' ä')
  await save()
  await waitFor(() => expect(workspace.writes).toHaveLength(1))
  expect(workspace.writes[0]).toMatchObject({ encoding: 'base64', content: btoa('Gr\xfc\xdfe \xe4') })
  await waitFor(() => expect(screen.queryByText('Unsaved')).not.toBeInTheDocument())
  expect(await editor()).toHaveValue('Grüße ä')
})

it('what its encoding cannot say is not lost: it becomes UTF-8 when the person agrees', async () => {
  show(workspace, '?path=old.txt')
  await userEvent.type(await editor(), '漢')
  await save()
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(screen.getByText('Unsaved')).toBeInTheDocument()
  expect(workspace.writes).toEqual([])
  await save()
  await userEvent.click(await screen.findByRole('button', { name: 'Save as UTF-8' }))
  await waitFor(() => expect(workspace.writes).toEqual([expect.objectContaining({ content: 'Grüße漢' })]))
  expect(workspace.writes[0]).not.toHaveProperty('encoding')
  await waitFor(() => expect(screen.queryByText('Latin-1')).not.toBeInTheDocument())
})

it('its last commit is read in the encoding of that', async () => {
  workspace.committed = {
    'old.txt': { bytes: Uint8Array.from([0x47, 0x72, 0xfc, 0xdf]), encoding: 'latin-1' },
  }
  show(workspace, '?path=old.txt')
  await userEvent.click(await screen.findByRole('button', { name: 'Changes since an earlier state' }))
  expect(await screen.findByText('Grüß against Grüße')).toBeInTheDocument()
})

it('what the server takes for no text is offered as a download', async () => {
  workspace.files['old.txt'] = { ...OLD, encoding: 'binary' }
  show(workspace, '?path=old.txt')
  expect(await screen.findByText('Not a text file')).toBeInTheDocument()
})
