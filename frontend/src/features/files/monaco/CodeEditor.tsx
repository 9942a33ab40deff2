import { useEffect, useRef } from 'react'
import { useDark } from '@/lib/theme'
import type { EditorProps } from '../editor'
import { monaco, OPTIONS, setMonacoTheme } from './monaco'

interface Held {
  model: monaco.editor.ITextModel
  revision: number
  view: monaco.editor.ICodeEditorViewState | null
}

/** One editor with one model per file, so that undo and place survive going to another file and back. */
export default function CodeEditor({ path, text, revision, line, open, onChange, onSave }: EditorProps) {
  const box = useRef<HTMLDivElement>(null)
  const editor = useRef<monaco.editor.IStandaloneCodeEditor | null>(null)
  const held = useRef(new Map<string, Held>())
  const latest = useRef({ onChange, onSave })
  latest.current = { onChange, onSave }
  const initial = useRef(text)
  initial.current = text
  const dark = useDark()

  useEffect(() => setMonacoTheme(dark), [dark])

  useEffect(() => {
    if (!box.current) return
    const models = held.current
    const created = monaco.editor.create(box.current, { ...OPTIONS, model: null, ariaLabel: 'File content' })
    created.addCommand(monaco.KeyMod.CtrlCmd | monaco.KeyCode.KeyS, () => latest.current.onSave())
    editor.current = created
    return () => {
      created.dispose()
      for (const { model } of models.values()) model.dispose()
      models.clear()
      editor.current = null
    }
  }, [])

  useEffect(() => {
    const shown = editor.current
    if (!shown) return
    const known = held.current.get(path)
    if (known && known.revision !== revision) {
      known.revision = revision
      replace(known.model, initial.current)
    }
    const now = known ?? { model: modelOf(path, initial.current), revision, view: null }
    held.current.set(path, now)
    shown.setModel(now.model)
    if (now.view) shown.restoreViewState(now.view)
    const typing = now.model.onDidChangeContent(() =>
      latest.current.onChange(now.model.getValue(undefined, true)),
    )
    return () => {
      typing.dispose()
      now.view = shown.saveViewState()
    }
  }, [path, revision])

  useEffect(() => {
    for (const [file, { model }] of held.current) {
      if (open.includes(file) || file === path) continue
      model.dispose()
      held.current.delete(file)
    }
  }, [open, path])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the line belongs to the file it was named with
  useEffect(() => {
    const shown = editor.current
    if (!shown || line === null) return
    shown.revealLineInCenter(line)
    shown.setPosition({ lineNumber: line, column: 1 })
    shown.focus()
  }, [path, line])

  return <div ref={box} className="h-full min-h-0 w-full" />
}

function modelOf(path: string, text: string): monaco.editor.ITextModel {
  const uri = monaco.Uri.from({ scheme: 'workspace', path: `/${path}` })
  monaco.editor.getModel(uri)?.dispose()
  return monaco.editor.createModel(text, undefined, uri)
}

/** As an edit, so that what was there before can be had back by undoing it. */
function replace(model: monaco.editor.ITextModel, text: string): void {
  const { EndOfLineSequence } = monaco.editor
  model.pushStackElement()
  model.pushEOL(text.includes('\r\n') ? EndOfLineSequence.CRLF : EndOfLineSequence.LF)
  const plain = text.replace(/^\uFEFF/, '')
  model.pushEditOperations([], [{ range: model.getFullModelRange(), text: plain }], () => null)
  model.pushStackElement()
}
